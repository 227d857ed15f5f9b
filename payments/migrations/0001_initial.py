import core.clock
import core.ids
import core.rls
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


FORWARD_ONLY = """
CREATE FUNCTION payments_forward_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> OLD.status AND NOT (TG_ARGV[0]::jsonb -> OLD.status) ? NEW.status THEN
        RAISE EXCEPTION '%: % may not become %', TG_TABLE_NAME, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_forward_only';
    END IF;
    RETURN NEW;
END $$;
"""
# The same moves as payments/states.py had when this was written; a later change of them is a new migration.
MACHINES = {
    "payments_payment": '{"created": ["authorized", "captured", "expired", "failed", "review"], "failed": ["authorized", "captured", "expired", "review"], "authorized": ["captured", "expired", "review"], "expired": ["captured", "review"], "captured": ["disputed", "partially_refunded", "refunded", "review"], "partially_refunded": ["disputed", "refunded", "review"], "disputed": ["captured", "charged_back", "partially_refunded", "refunded", "review"], "refunded": ["review"], "charged_back": ["review"], "review": ["captured", "expired", "refunded"]}',
    "payments_gatewaypayment": '{"created": ["authorized", "captured", "failed"], "failed": ["authorized", "captured"], "authorized": ["captured"], "captured": []}',
    "payments_refund": '{"requested": ["failed", "processed", "processing", "unknown"], "unknown": ["failed", "processed", "processing"], "processing": ["failed", "processed"], "processed": [], "failed": []}',
    "payments_gatewaysubscription": '{"created": ["active", "authenticated", "cancelled", "completed", "expired", "halted", "pending"], "authenticated": ["active", "cancelled", "completed", "expired", "halted", "paused", "pending"], "active": ["cancelled", "completed", "expired", "halted", "paused", "pending"], "pending": ["active", "cancelled", "completed", "expired", "halted", "paused"], "halted": ["active", "cancelled", "completed", "expired", "paused"], "paused": ["active", "cancelled", "completed", "expired"], "cancelled": [], "completed": [], "expired": []}',
    "payments_payout": '{"scheduled": ["failed", "paid", "processing"], "processing": ["failed", "paid"], "paid": ["reversed"], "failed": [], "reversed": []}',
}

NOTHING_CHANGES = """
CREATE FUNCTION payments_nothing_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'payments_append_only';
END $$;
"""
BOOKS = ("payments_ledgeraccount", "payments_journalentry", "payments_posting", "payments_paymentevent")
# An invoice never changes, but for the name of a buyer whose account is erased.
INVOICE = """
CREATE TRIGGER nothing_changes BEFORE DELETE ON payments_invoice FOR EACH ROW
    EXECUTE FUNCTION payments_nothing_changes();
CREATE TRIGGER only_the_name_changes BEFORE UPDATE ON payments_invoice FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'buyer' <> to_jsonb(NEW) - 'buyer') EXECUTE FUNCTION payments_nothing_changes();
REVOKE DELETE, TRUNCATE ON payments_invoice FROM revsync_system;
"""
INVOICE_BACK = """
GRANT DELETE ON payments_invoice TO revsync_system;
DROP TRIGGER only_the_name_changes ON payments_invoice;
DROP TRIGGER nothing_changes ON payments_invoice;
"""

BALANCED = """
CREATE FUNCTION payments_entry_is_balanced() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$  -- at commit the role may be one that sees no books
DECLARE
    entry uuid := CASE TG_TABLE_NAME WHEN 'payments_posting' THEN (to_jsonb(NEW) ->> 'entry_id')::uuid ELSE NEW.id END;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM payments_posting WHERE entry_id = entry) THEN
        RAISE EXCEPTION 'journal entry % has no lines', entry
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_entry_has_lines';
    END IF;
    IF EXISTS (SELECT 1 FROM payments_posting WHERE entry_id = entry GROUP BY currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'journal entry % does not sum to zero', entry
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_entry_sums_to_zero';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON payments_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_entry_is_balanced();
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON payments_journalentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_entry_is_balanced();
"""
UNBALANCED = """
DROP TRIGGER balanced ON payments_posting;
DROP TRIGGER balanced ON payments_journalentry;
DROP FUNCTION payments_entry_is_balanced();
"""

# Payers read; only the till (the system role) writes. Nobody on the web sees events, books of others, the sandbox.
READ_ONLY = core.rls.Sql("{table}.user_id = {me}", "false")
OF_PAYMENT = core.rls.Sql(
    "EXISTS (SELECT 1 FROM payments_payment p WHERE p.id = {table}.payment_id AND p.user_id = {me})", "false"
)
HIDDEN = core.rls.Sql("false", "false")
POLICIES = {
    "Payment": READ_ONLY,
    "GatewayPayment": OF_PAYMENT,
    "Refund": OF_PAYMENT,
    "Dispute": OF_PAYMENT,
    "Invoice": READ_ONLY,
    "GatewaySubscription": READ_ONLY,
    "PayoutAccount": READ_ONLY,
    "Payout": READ_ONLY,
    "LedgerAccount": core.rls.Sql("{table}.owner_id = {me}", "false"),
    "Posting": core.rls.Sql(
        "EXISTS (SELECT 1 FROM payments_ledgeraccount a WHERE a.id = {table}.account_id AND a.owner_id = {me})", "false"
    ),
    "JournalEntry": core.rls.Sql(
        "EXISTS (SELECT 1 FROM payments_posting p JOIN payments_ledgeraccount a ON a.id = p.account_id "
        "WHERE p.entry_id = {table}.id AND a.owner_id = {me})",
        "false",
    ),
    "WebhookEvent": HIDDEN,
    "PaymentEvent": HIDDEN,
    "InvoiceSeries": HIDDEN,
    "SandboxOrder": HIDDEN,
    "SandboxPayment": HIDDEN,
    "SandboxRefund": HIDDEN,
}
RECORDS = ("Payment", "GatewayPayment", "Refund", "Dispute", "GatewaySubscription", "PayoutAccount", "Payout")


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='InvoiceSeries',
            fields=[
                ('year', models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ('last', models.PositiveIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'invoice series',
            },
        ),
        migrations.CreateModel(
            name='SandboxOrder',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('receipt', models.CharField(max_length=40, unique=True)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=core.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='GatewaySubscription',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('subject_kind', models.CharField(max_length=40)),
                ('subject_id', models.UUIDField()),
                ('gateway', models.CharField(max_length=20)),
                ('gateway_subscription_id', models.CharField(max_length=64)),
                ('gateway_plan_id', models.CharField(max_length=64)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('description', models.CharField(max_length=200)),
                ('status', models.CharField(choices=[('created', 'Waiting for the first payment'), ('authenticated', 'Authorised'), ('active', 'Active'), ('pending', 'Payment failed, tried again'), ('halted', 'Halted'), ('paused', 'Paused'), ('cancelled', 'Cancelled'), ('completed', 'Completed'), ('expired', 'Expired')], default='created', max_length=14)),
                ('period_start', models.DateTimeField(blank=True, null=True)),
                ('period_end', models.DateTimeField(blank=True, null=True)),
                ('short_url', models.CharField(blank=True, max_length=300)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='JournalEntry',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=80)),
                ('kind', models.CharField(max_length=40)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField(default=core.clock.now)),
            ],
            options={
                'verbose_name_plural': 'journal entries',
                'indexes': [models.Index(fields=['-at'], name='payments_entry_by_time')],
                'constraints': [models.UniqueConstraint(fields=('source', 'kind'), name='payments_entry_once')],
            },
        ),
        migrations.CreateModel(
            name='LedgerAccount',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=80, unique=True)),
                ('kind', models.CharField(choices=[('asset', 'Asset'), ('liability', 'Liability'), ('income', 'Income'), ('expense', 'Expense')], max_length=10)),
                ('owner_id', models.UUIDField(blank=True, db_index=True, null=True)),
                ('created_at', models.DateTimeField(default=core.clock.now)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['asset', 'liability', 'income', 'expense'])), name='payments_account_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('subject_kind', models.CharField(max_length=40)),
                ('subject_id', models.UUIDField()),
                ('gateway', models.CharField(max_length=20)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('description', models.CharField(max_length=200)),
                ('lines', models.JSONField(blank=True, default=list)),
                ('payee_id', models.UUIDField(blank=True, null=True)),
                ('commission_bps', models.PositiveSmallIntegerField(default=0)),
                ('status', models.CharField(choices=[('created', 'Waiting'), ('authorized', 'Authorised'), ('captured', 'Paid'), ('partially_refunded', 'Partly refunded'), ('refunded', 'Refunded'), ('failed', 'Failed'), ('expired', 'Expired'), ('review', 'In review'), ('disputed', 'Disputed'), ('charged_back', 'Charged back')], default='created', max_length=20)),
                ('receipt', models.CharField(max_length=40, unique=True)),
                ('gateway_order_id', models.CharField(blank=True, max_length=64, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('captured_at', models.DateTimeField(blank=True, null=True)),
                ('captured_minor', models.BigIntegerField(default=0)),
                ('refunded_minor', models.BigIntegerField(default=0)),
                ('honoured', models.BooleanField(blank=True, null=True)),
                ('review_reason', models.CharField(blank=True, max_length=200)),
                ('next_check_at', models.DateTimeField(blank=True, null=True)),
                ('checks', models.PositiveSmallIntegerField(default=0)),
                ('subscription', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='payments.gatewaysubscription')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('year', models.PositiveSmallIntegerField()),
                ('number', models.PositiveIntegerField()),
                ('issued_at', models.DateTimeField(default=core.clock.now)),
                ('buyer', models.CharField(blank=True, max_length=200)),
                ('seller', models.JSONField(default=dict)),
                ('lines', models.JSONField(default=list)),
                ('total_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('payment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='invoice', to='payments.payment')),
            ],
        ),
        migrations.CreateModel(
            name='GatewayPayment',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('gateway', models.CharField(max_length=20)),
                ('gateway_payment_id', models.CharField(max_length=64)),
                ('status', models.CharField(choices=[('created', 'Begun'), ('failed', 'Failed'), ('authorized', 'Authorised'), ('captured', 'Captured')], max_length=12)),
                ('role', models.CharField(choices=[('settles', 'Settles the order'), ('extra', 'Came on top'), ('mismatch', 'Differs from the order')], default='settles', max_length=10)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('method', models.CharField(blank=True, max_length=40)),
                ('error', models.CharField(blank=True, max_length=200)),
                ('reserved_minor', models.BigIntegerField(default=0)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='payments.payment')),
            ],
        ),
        migrations.CreateModel(
            name='Dispute',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('gateway', models.CharField(max_length=20)),
                ('gateway_dispute_id', models.CharField(max_length=64)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('status', models.CharField(choices=[('open', 'Open'), ('won', 'Won'), ('lost', 'Lost'), ('closed', 'Closed')], default='open', max_length=8)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disputes', to='payments.payment')),
            ],
        ),
        migrations.CreateModel(
            name='PaymentEvent',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=core.clock.now)),
                ('kind', models.CharField(max_length=40)),
                ('source', models.CharField(help_text='verify, webhook, reconcile, staff, timer, api', max_length=20)),
                ('detail', models.CharField(blank=True, max_length=300)),
                ('actor', models.UUIDField(blank=True, null=True)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='payments.payment')),
            ],
        ),
        migrations.CreateModel(
            name='PayoutAccount',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('gateway', models.CharField(max_length=20)),
                ('gateway_account_id', models.CharField(max_length=64)),
                ('label', models.CharField(blank=True, max_length=80)),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Payout',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('status', models.CharField(choices=[('scheduled', 'Scheduled'), ('processing', 'Processing'), ('paid', 'Paid'), ('failed', 'Failed'), ('reversed', 'Reversed')], default='scheduled', max_length=12)),
                ('key', models.CharField(max_length=80, unique=True)),
                ('gateway_transfer_id', models.CharField(blank=True, max_length=64)),
                ('error', models.CharField(blank=True, max_length=200)),
                ('paid_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payouts', to='payments.payoutaccount')),
            ],
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('amount_minor', models.BigIntegerField(help_text='Minor units; debit positive, credit negative.')),
                ('currency', models.CharField(max_length=3)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='payments.ledgeraccount')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='payments.journalentry')),
            ],
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=core.clock.now, editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('rev', models.PositiveBigIntegerField(db_default=1, default=1, editable=False)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('status', models.CharField(choices=[('requested', 'Requested'), ('processing', 'Processing'), ('unknown', 'Outcome unknown'), ('processed', 'Processed'), ('failed', 'Failed')], default='requested', max_length=12)),
                ('key', models.CharField(max_length=80, unique=True)),
                ('reason', models.CharField(max_length=200)),
                ('gateway_refund_id', models.CharField(blank=True, max_length=64, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=200)),
                ('processed_at', models.DateTimeField(blank=True, null=True)),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.gatewaypayment')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.payment')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='SandboxPayment',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('status', models.CharField(max_length=12)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('created_at', models.DateTimeField(default=core.clock.now)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='payments', to='payments.sandboxorder')),
            ],
        ),
        migrations.CreateModel(
            name='SandboxRefund',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=80, unique=True)),
                ('amount_minor', models.BigIntegerField()),
                ('created_at', models.DateTimeField(default=core.clock.now)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refunds', to='payments.sandboxpayment')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookEvent',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('gateway', models.CharField(max_length=20)),
                ('event_id', models.CharField(max_length=80)),
                ('kind', models.CharField(max_length=60)),
                ('raw', models.BinaryField()),
                ('state', models.CharField(choices=[('pending', 'Waiting'), ('handled', 'Handled'), ('ignored', 'Nothing to do'), ('failed', 'Fails again and again')], default='pending', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('received_at', models.DateTimeField(default=core.clock.now)),
                ('handled_at', models.DateTimeField(blank=True, null=True)),
                ('next_try_at', models.DateTimeField(default=core.clock.now)),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to='payments.payment')),
            ],
        ),
        migrations.AddConstraint(
            model_name='gatewaysubscription',
            constraint=models.UniqueConstraint(fields=('gateway', 'gateway_subscription_id'), name='payments_subscription_once'),
        ),
        migrations.AddConstraint(
            model_name='gatewaysubscription',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['created', 'authenticated', 'active', 'pending', 'halted', 'paused', 'cancelled', 'completed', 'expired'])), name='payments_subscription_status_known'),
        ),
        migrations.AddConstraint(
            model_name='gatewaysubscription',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='payments_subscription_amount'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['user', '-created_at'], name='payments_of_user'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['subject_kind', 'subject_id'], name='payments_of_subject'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('next_check_at__isnull', False)), fields=['next_check_at'], name='payments_to_check'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('captured_at__isnull', False)), fields=['-captured_at'], name='payments_by_day'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='payments_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='payments_currency'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('commission_bps__lte', 10000)), name='payments_commission'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('captured_minor__gte', 0), ('captured_minor__lte', models.F('amount_minor'))), name='payments_captured_in_bounds'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_minor__gte', 0), ('refunded_minor__lte', models.F('captured_minor'))), name='payments_refund_never_above_paid'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['created', 'authorized', 'captured', 'partially_refunded', 'refunded', 'failed', 'expired', 'review', 'disputed', 'charged_back'])), name='payments_status_known'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(fields=('gateway', 'gateway_order_id'), name='payments_order_once'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['created', 'authorized', 'failed']), ('subscription', None)), fields=('subject_kind', 'subject_id'), name='payments_one_open_per_subject'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(fields=('year', 'number'), name='payments_invoice_number_once'),
        ),
        migrations.AddConstraint(
            model_name='gatewaypayment',
            constraint=models.UniqueConstraint(fields=('gateway', 'gateway_payment_id'), name='payments_gateway_payment_once'),
        ),
        migrations.AddConstraint(
            model_name='gatewaypayment',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0)), name='payments_attempt_amount'),
        ),
        migrations.AddConstraint(
            model_name='gatewaypayment',
            constraint=models.CheckConstraint(condition=models.Q(('reserved_minor__gte', 0), ('reserved_minor__lte', models.F('amount_minor'))), name='payments_reserve_never_above_attempt'),
        ),
        migrations.AddConstraint(
            model_name='gatewaypayment',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['created', 'failed', 'authorized', 'captured'])), name='payments_attempt_status_known'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.UniqueConstraint(fields=('gateway', 'gateway_dispute_id'), name='payments_dispute_once'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['open', 'won', 'lost', 'closed'])), name='payments_dispute_status_known'),
        ),
        migrations.AddIndex(
            model_name='paymentevent',
            index=models.Index(fields=['payment', 'at'], name='payments_timeline'),
        ),
        migrations.AddConstraint(
            model_name='payoutaccount',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at', None)), fields=('user',), name='payments_one_live_payout_account'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='payments_payout_positive'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['scheduled', 'processing', 'paid', 'failed', 'reversed'])), name='payments_payout_status_known'),
        ),
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(fields=['account', 'currency'], name='payments_posting_of_account'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor', 0), _negated=True), name='payments_posting_not_zero'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='payments_posting_currency'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(condition=models.Q(('status__in', ['requested', 'processing', 'unknown'])), fields=['updated_at'], name='payments_refunds_under_way'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='payments_refund_positive'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['requested', 'processing', 'unknown', 'processed', 'failed'])), name='payments_refund_status_known'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(fields=('attempt', 'gateway_refund_id'), name='payments_gateway_refund_once'),
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(condition=models.Q(('state__in', ['pending', 'failed'])), fields=['next_try_at'], name='payments_events_to_do'),
        ),
        migrations.AddConstraint(
            model_name='webhookevent',
            constraint=models.UniqueConstraint(fields=('gateway', 'event_id'), name='payments_event_once'),
        ),
        migrations.RunSQL(FORWARD_ONLY, "DROP FUNCTION payments_forward_only()"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER forward_only BEFORE UPDATE OF status ON {table} FOR EACH ROW "
                f"EXECUTE FUNCTION payments_forward_only('{moves}')",
                f"DROP TRIGGER forward_only ON {table}",
            )
            for table, moves in MACHINES.items()
        ),
        migrations.RunSQL(NOTHING_CHANGES, "DROP FUNCTION payments_nothing_changes()"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER nothing_changes BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
                "EXECUTE FUNCTION payments_nothing_changes()",
                f"DROP TRIGGER nothing_changes ON {table}",
            )
            for table in BOOKS
        ),
        migrations.RunSQL(INVOICE, INVOICE_BACK),
        migrations.RunSQL(BALANCED, UNBALANCED),
        *(core.rls.TrackChanges(model) for model in RECORDS),
        *(core.rls.EnableRLS(model, policy) for model, policy in POLICIES.items()),
        *(
            migrations.RunSQL(
                f"REVOKE INSERT, UPDATE, DELETE ON payments_{model.lower()} FROM revsync_app",
                f"GRANT INSERT, UPDATE, DELETE ON payments_{model.lower()} TO revsync_app",
            )
            for model in POLICIES
        ),
        *(core.rls.AppendOnly(model) for model in ("LedgerAccount", "JournalEntry", "Posting", "PaymentEvent")),
    ]
