"""What people chose to leave out, of what a refusal speaks, and how a wording is written."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0005_rotation"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="supportertopic",
            name="has_topic",
        ),
        migrations.AddField(
            model_name="consentstate",
            name="refusal_scope",
            field=models.SmallIntegerField(
                choices=[
                    (1, "this type of email"),
                    (2, "email, whatever it is about"),
                    (3, "everything"),
                ],
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="statement",
            name="format",
            field=models.CharField(
                choices=[("plain", "Plain English"), ("easy_read", "Easy Read")],
                default="plain",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="supporter",
            name="erased_at",
            field=models.DateTimeField(
                editable=False,
                help_text="Nothing of the person is kept but this empty row.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="supporter",
            name="only_important_since",
            field=models.DateTimeField(
                blank=True, help_text="Asked for important emails only, at this time.", null=True
            ),
        ),
        migrations.AddField(
            model_name="supportertopic",
            name="wanted",
            field=models.BooleanField(
                default=True, help_text="Off: they unticked it, and get no campaign about it."
            ),
        ),
        migrations.AddIndex(
            model_name="supportertopic",
            index=models.Index(
                condition=models.Q(("wanted", True)),
                fields=["organisation", "topic", "supporter"],
                name="has_topic",
            ),
        ),
    ]
