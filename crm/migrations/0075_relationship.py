"""How somebody stands to a membership organisation, as its newest list says it."""

from django.db import migrations, models

KNOWN = ["", "member", "former", "student", "retired", "associate", "support staff"]
CHOICES = [
    ("member", "Member"),
    ("former", "Former member"),
    ("student", "Student member"),
    ("retired", "Retired member"),
    ("associate", "Associate member"),
    ("support staff", "Support staff section"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0074_without_wording"),
    ]

    operations = [
        migrations.AddField(
            model_name="supporter",
            name="relationship",
            field=models.CharField(
                "membership", max_length=16, blank=True, db_default="", choices=CHOICES
            ),
        ),
        migrations.AddField(
            model_name="record",
            name="relationship",
            field=models.CharField(max_length=16, blank=True, db_default=""),
        ),
        migrations.AddConstraint(
            model_name="supporter",
            constraint=models.CheckConstraint(
                condition=models.Q(relationship__in=KNOWN), name="supporter_relationship_is_known"
            ),
        ),
    ]
