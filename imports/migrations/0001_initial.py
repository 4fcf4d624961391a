import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('crm', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.organisation')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('batch', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.batch')),
                ('name', models.CharField(help_text="The file's own name.", max_length=200)),
                ('file', models.FileField(upload_to='imports/%Y/%m')),
                ('digest', models.CharField(help_text='SHA-256 of the file and of how it is read.', max_length=64)),
                ('preset', models.CharField(blank=True, max_length=40)),
                ('statement', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.statement')),
                ('collected_on', models.DateField(help_text='For those rows without a date of their own.', null=True)),
                ('adults_only', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('uploaded', 'Waiting to be read'), ('previewed', 'Ready to check'), ('applying', 'Being imported'), ('applied', 'Imported'), ('refused', 'Could not be read')], default='uploaded', max_length=20)),
                ('trouble', models.TextField(blank=True, help_text='Why the file could not be read.')),
                ('counts', models.JSONField(default=dict)),
                ('uploaded_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', '-id'], name='import_list'), models.Index(condition=models.Q(('state__in', ['uploaded', 'applying'])), fields=['id'], name='import_to_do')],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='import_owner'), models.UniqueConstraint(condition=models.Q(('state__in', ['applying', 'applied'])), fields=('organisation', 'digest'), name='a_file_is_imported_once')],
            },
        ),
        migrations.CreateModel(
            name='StagedRow',
            fields=[
                ('organisation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.organisation')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('file', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='imports.import')),
                ('line', models.PositiveIntegerField(help_text='Counted through all the files of a ZIP.')),
                ('sheet', models.CharField(blank=True, help_text='Which file of a ZIP, or sheet.', max_length=120)),
                ('sheet_line', models.PositiveIntegerField(help_text='The line as a person would count it.')),
                ('first_name', models.CharField(blank=True, max_length=120)),
                ('last_name', models.CharField(blank=True, max_length=120)),
                ('name_forms', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('last_fold', models.CharField(blank=True, max_length=120)),
                ('email', models.CharField(blank=True, max_length=320)),
                ('folded', models.CharField(blank=True, db_collation='C', max_length=320)),
                ('kind', models.SmallIntegerField(default=1)),
                ('key_id', models.CharField(blank=True, max_length=20)),
                ('address_key', models.BinaryField(max_length=16, null=True)),
                ('mailbox', models.BinaryField(max_length=16, null=True)),
                ('phone', models.CharField(blank=True, max_length=20)),
                ('postcode', models.CharField(blank=True, max_length=10)),
                ('external_id', models.CharField(blank=True, max_length=60)),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), default=list, size=None)),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('age_band', models.SmallIntegerField(default=0)),
                ('action', models.SmallIntegerField(help_text='What the row says of permission (Action).', null=True)),
                ('occurred_at', models.DateTimeField(null=True)),
                ('occurred_until', models.DateTimeField(null=True)),
                ('bounces', models.BooleanField(default=False)),
                ('data', models.JSONField(default=dict)),
                ('refused', models.BooleanField(default=False, help_text='A mistake keeps the whole row out.')),
                ('outcome', models.SmallIntegerField(choices=[(1, 'New people'), (2, 'People we have, with something new'), (3, 'People we have, nothing new'), (4, 'Repeated inside the file'), (5, 'Rows with a mistake, left out')], null=True)),
                ('same_as', models.PositiveIntegerField(help_text='The first line of the same person.', null=True)),
                ('supporter_id', models.BigIntegerField(help_text='Who it is, or will be.', null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['file', 'folded'], name='staged_address')],
                'constraints': [models.UniqueConstraint(fields=('file', 'line'), name='staged_once')],
            },
        ),
        migrations.CreateModel(
            name='Problem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.organisation')),
                ('file', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='problems', to='imports.import')),
                ('line', models.PositiveIntegerField()),
                ('sheet', models.CharField(blank=True, max_length=120)),
                ('sheet_line', models.PositiveIntegerField()),
                ('column', models.CharField(max_length=120)),
                ('value', models.CharField(max_length=200)),
                ('sentence', models.CharField(max_length=300)),
                ('stops_row', models.BooleanField()),
            ],
            options={
                'indexes': [models.Index(fields=['file', 'line'], name='problem_list')],
                'constraints': [],
            },
        ),
        migrations.CreateModel(
            name='ImportChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='imports.import')),
                ('first', models.PositiveIntegerField()),
                ('last', models.PositiveIntegerField()),
                ('applied_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('file', 'first'), name='import_chunk_once')],
                'indexes': [],
            },
        ),
    ]
