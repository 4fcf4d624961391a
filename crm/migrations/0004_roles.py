"""The coalition's vocabulary of roles, with the words that spreadsheets use (docs/reference/vocabulary.md)."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROLES = [
    (
        "parent_carer",
        "Parent or carer",
        False,
        "parent carer mum mother dad father guardian grandparent",
        "foster carer|kinship carer|parent/carer",
    ),
    ("parent_carer_send", "Parent or carer of a child or young person with SEND", True, "", ""),
    ("young_person", "Young person (13–25)", False, "", "young person"),
    ("disabled_person", "Disabled person", True, "", ""),
    ("senco", "SENCO", False, "senco sendco", "sen coordinator|inclusion lead|head of inclusion"),
    ("teacher", "Teacher", False, "teacher qts ect nqt lecturer", "class teacher|supply teacher"),
    (
        "support_staff",
        "Teaching or learning support assistant, or other support staff",
        False,
        "ta hlta lsa pastoral",
        "teaching assistant|learning support assistant|cover supervisor|1:1|support staff",
    ),
    (
        "head_leader",
        "Headteacher or senior leader",
        False,
        "head headteacher principal deputy",
        "deputy head|senior leader|assistant head",
    ),
    (
        "specialist",
        "Specialist teacher or therapist",
        False,
        "qtvi qtod salt ot physio portage",
        "specialist teacher|speech and language therapist|occupational therapist",
    ),
    (
        "ed_psych",
        "Educational psychologist",
        False,
        "ep",
        "educational psychologist|educational psych",
    ),
    (
        "governor",
        "Governor or trustee",
        False,
        "governor trustee",
        "mat trustee|chair of governors",
    ),
    ("la_officer", "Council officer or SEND caseworker", False, "", "send officer|council officer"),
    (
        "advocate",
        "Advocate, solicitor or adviser",
        False,
        "advocate solicitor adviser sendiass",
        "",
    ),
    ("councillor_mp", "Elected representative", False, "cllr councillor mp", ""),
    ("union_rep", "Union rep or officer", True, "", ""),
    ("ally", "Supporter", False, "ally friend supporter other", ""),
]


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    role = apps.get_model("crm", "Role")
    for code, label, special, words, phrases in ROLES:
        synonyms = [*words.split(), *filter(None, phrases.split("|"))]
        role.objects.get_or_create(
            code=code,
            defaults={"label": label, "is_special": special, "synonyms": "\n".join(synonyms)},
        )


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_framework_tables")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
