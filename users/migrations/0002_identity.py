
import core.clock
import core.ids
import core.rls
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

OWN_ONCE_KNOWN = core.rls.Sql("{me} IS NULL OR {table}.user_id = {me}", "{me} IS NULL OR {table}.user_id = {me}")
SYSTEM_ONLY = core.rls.Sql("false", "false")


def own_once_known(table):
    """The same rule on a table of another package."""
    rule = OWN_ONCE_KNOWN.using(table)
    return (
        [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY app ON {table} TO revsync_app USING ({rule}) WITH CHECK ({rule})",
            f"CREATE POLICY system ON {table} TO revsync_system USING (true) WITH CHECK (true)",
        ],
        [
            f"DROP POLICY app ON {table}",
            f"DROP POLICY system ON {table}",
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ],
    )


# Secrets of authenticators; and the arguments of jobs, which hold addresses: the web may enqueue, not read.
THIRD_PARTY = [
    own_once_known("mfa_authenticator"),
    own_once_known("account_emailaddress"),
    (
        [
            # The worker inside the web process hands out periodic jobs under the web role.
            "REVOKE ALL ON procrastinate_jobs, procrastinate_events, procrastinate_workers FROM revsync_app",
            "GRANT INSERT ON procrastinate_jobs, procrastinate_events TO revsync_app",
            "GRANT SELECT (id, status, queueing_lock) ON procrastinate_jobs TO revsync_app",
        ],
        [
            "GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events,"
            " procrastinate_periodic_defers, procrastinate_workers TO revsync_app",
        ],
    ),
]


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0001_initial'),
        ('mfa', '0003_authenticator_type_uniq'),
        ('account', '0009_emailaddress_unique_primary_email'),
        ('procrastinate', '0041_post_retry_failed_job'),
    ]

    operations = [
        migrations.AddField(
            model_name='appsession',
            name='reauthenticated_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='erase_after',
            field=models.DateTimeField(blank=True, editable=False, help_text='Asked to be forgotten; a login before then cancels it.', null=True),
        ),
        migrations.AlterField(
            model_name='user',
            name='token_epoch',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(help_text='Who or what uses it.', max_length=80)),
                ('prefix', models.CharField(editable=False, max_length=8)),
                ('key_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('support', 'Support: people, chat inbox'), ('workshop', 'Workshop: bookings, calendar'), ('moderation', 'Moderation: tuners, tunes, reviews'), ('finance', 'Finance: payments, refunds, ledger')], max_length=20), default=list, size=None)),
                ('locations', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, help_text='Shops that it is limited to; empty: all.', size=None)),
                ('networks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), blank=True, default=list, help_text='Addresses it may come from, such as 203.0.113.0/24; empty: any.', size=None)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(default=core.clock.now, editable=False)),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'API key',
            },
        ),
        migrations.CreateModel(
            name='Identity',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(max_length=40)),
                ('issuer', models.CharField(max_length=300)),
                ('subject', models.CharField(max_length=200)),
                ('email', models.CharField(blank=True, max_length=254)),
                ('email_verified', models.BooleanField(default=False)),
                ('phone', models.CharField(blank=True, max_length=32)),
                ('phone_verified', models.BooleanField(default=False)),
                ('linked_at', models.DateTimeField(default=core.clock.now)),
                ('last_used_at', models.DateTimeField(default=core.clock.now)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'identities',
                'constraints': [models.UniqueConstraint(fields=('issuer', 'subject'), name='users_identity_once')],
            },
        ),
        migrations.CreateModel(
            name='OtpChallenge',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(choices=[('login', 'Log in, or prove a phone number'), ('verify', 'Prove an e-mail address'), ('change', 'Change the e-mail address'), ('reset', 'Reset the password')], max_length=10)),
                ('address_hash', models.CharField(max_length=64)),
                ('salt', models.CharField(max_length=64)),
                ('outside', models.BooleanField(default=False, help_text='The SMS service makes and checks the code.')),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=core.clock.now)),
                ('expires_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, help_text='Used, or replaced by a newer one.', null=True)),
                ('ip_prefix', models.CharField(blank=True, max_length=50)),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'one-time code',
                'indexes': [models.Index(fields=['address_hash', 'purpose', '-created_at'], name='users_codes_by_address'), models.Index(fields=['created_at'], name='users_codes_by_age')],
                'constraints': [models.CheckConstraint(condition=models.Q(('attempts__lte', 5)), name='users_five_attempts')],
            },
        ),
        # Before anybody is known (logging in, the authenticator itself) a login is found by its secret; from then
        # on a person sees only their own.
        core.rls.EnableRLS("AppSession", OWN_ONCE_KNOWN),
        core.rls.EnableRLS("Identity", core.rls.Owner("user_id")),
        core.rls.EnableRLS("OtpChallenge", SYSTEM_ONLY),
        core.rls.EnableRLS("ApiKey", SYSTEM_ONLY),
        *[migrations.RunSQL(*statements) for statements in THIRD_PARTY],
    ]
