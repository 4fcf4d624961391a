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
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.organisation')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('mode', models.CharField(choices=[('own', 'One organisation'), ('coordinated', 'Both organisations, one email each person')], default='own', max_length=20)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('scheduled', 'Approved, waiting for its time'), ('sending', 'Sending'), ('done', 'Sent'), ('cancelled', 'Cancelled')], default='draft', max_length=20)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('suitable_for_under_18', models.BooleanField(default=False)),
                ('created_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', '-id'], name='campaign_list'), models.Index(condition=models.Q(('state__in', ['scheduled', 'sending'])), fields=['due_at'], name='campaign_at_work')],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'id'), name='campaign_owner'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'cancelled']), ('due_at__isnull', False), _connector='OR'), name='due_before_it_starts')],
            },
        ),
        migrations.CreateModel(
            name='Version',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.organisation')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('campaign', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='mailings.campaign')),
                ('segment', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.segment')),
                ('purpose', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.purpose')),
                ('subject', models.CharField(max_length=200)),
                ('body', models.TextField(help_text='Plain text with Markdown; {{ first_name|friend }} is filled in.')),
                ('author', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('approved_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('campaign', 'organisation'), name='one_text_for_an_organisation'), models.UniqueConstraint(fields=('organisation', 'id'), name='version_owner'), models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), models.Q(('approved_by', models.F('author')), _negated=True), _connector='OR'), name='approved_by_somebody_else'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('approved_by__isnull', True)), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='approval_is_dated')],
                'indexes': [],
            },
        ),
        migrations.CreateModel(
            name='Audience',
            fields=[
                ('organisation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.organisation')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('campaign', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mailings.campaign')),
                ('version', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mailings.version')),
                ('supporter', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.supporter')),
                ('contact_point', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.contactpoint')),
                ('reasons', models.BigIntegerField(default=0, help_text='0: may be mailed.')),
            ],
            options={
                'indexes': [models.Index(fields=['supporter'], name='audience_of_supporter')],
                'constraints': [models.UniqueConstraint(fields=('campaign', 'organisation', 'supporter'), name='audience_once')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('organisation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.organisation')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('campaign', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mailings.campaign')),
                ('version', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mailings.version')),
                ('supporter', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.supporter')),
                ('contact_point', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.contactpoint')),
                ('mailbox', models.BinaryField(max_length=16)),
                ('seq', models.IntegerField(help_text="Its place in the campaign's queue, from 1.")),
                ('is_personal', models.BooleanField(default=True, help_text='Off: several people read this inbox.')),
                ('is_coordinated', models.BooleanField(default=False, help_text="Out of staff's reach (R-SEC4).")),
                ('status', models.SmallIntegerField(choices=[(0, 'Waiting'), (1, 'Handed over'), (2, 'Left out at the last moment'), (3, 'Refused by the mail server'), (4, 'May have been sent')], default=0)),
                ('reasons', models.BigIntegerField(default=0, help_text='Why it was left out at the last moment.')),
                ('detail', models.CharField(blank=True, help_text='What the mail server answered.', max_length=200)),
                ('settled_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['supporter'], name='delivery_of_supporter')],
                'constraints': [models.UniqueConstraint(fields=('campaign', 'mailbox'), name='one_copy_an_inbox'), models.UniqueConstraint(fields=('campaign', 'seq'), name='one_place_in_the_queue')],
            },
        ),
        migrations.CreateModel(
            name='Chunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('campaign', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='mailings.campaign')),
                ('first', models.IntegerField()),
                ('last', models.IntegerField()),
                ('state', models.SmallIntegerField(choices=[(0, 'Open'), (1, 'Leased'), (2, 'Done')], default=0)),
                ('token', models.BigIntegerField(default=0)),
                ('leased_until', models.DateTimeField(null=True)),
                ('cursor', models.IntegerField(default=0, help_text='The place last begun; 0: none.')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 2), _negated=True), fields=['campaign', 'first'], name='chunk_to_do')],
                'constraints': [models.UniqueConstraint(fields=('campaign', 'first'), name='chunk_once')],
            },
        ),
    ]
