"""What the database itself keeps: who sees what, states that move forward, what phones sync."""

import json

from django.db import migrations

from core.rls import EnableRLS, Sql, TrackChanges
from sync.operations import PUBLIC, SyncTable

# The same moves as memberships/states.py had when this was written; a later change of them is a new migration.
MACHINES = {
    "memberships_membership": {
        "incomplete": ["active", "cancelled", "expired"],
        "active": ["cancelled", "halted", "past_due"],
        "past_due": ["active", "cancelled", "halted"],
        "halted": ["active", "cancelled", "expired"],
        "cancelled": [],
        "expired": [],
    },
    "memberships_referral": {
        "pending": ["qualified", "rejected"],
        "qualified": ["credited", "rejected"],
        "credited": ["reversed"],
        "reversed": [],
        "rejected": ["pending", "qualified"],
    },
    "memberships_membershipinvoice": {
        "open": ["paid", "void"],
        "paid": ["refunded"],
        "void": [],
        "refunded": [],
    },
}
FORWARD = """
CREATE FUNCTION memberships_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (TG_ARGV[0]::jsonb -> OLD.status) ? NEW.status THEN
        RAISE EXCEPTION '%: % may not become %', TG_TABLE_NAME, OLD.status, NEW.status
            USING ERRCODE = '23514', CONSTRAINT = 'memberships_forward_only';
    END IF;
    RETURN NEW;
END $$;
"""
# People read; services write as the system: a payment, a job or a referrer's friend changes what is theirs.
MINE = Sql("{table}.user_id = {me}", "false")
OF_MEMBER = Sql(
    "EXISTS (SELECT 1 FROM memberships_membership m WHERE m.id = {table}.membership_id AND m.user_id = {me})",
    "false",
)
POLICIES = {
    "Plan": Sql("true", "false"),
    "PlanAtGateway": Sql("false", "false"),
    "Membership": MINE,
    "MembershipInvoice": OF_MEMBER,
    "ReferralCode": MINE,
    "Referral": Sql("{table}.referrer_id = {me}", "false"),
    "RewardGrant": MINE,
}
RECORDS = ("Plan", "Membership", "MembershipInvoice", "ReferralCode", "Referral", "RewardGrant")


def forward_only(table):
    moves = json.dumps(MACHINES[table])
    return migrations.RunSQL(
        f"CREATE TRIGGER forward_only BEFORE UPDATE OF status ON {table} FOR EACH ROW "
        f"WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION memberships_forward('{moves}')",
        f"DROP TRIGGER forward_only ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("memberships", "0001_initial"),
        ("core", "0001_initial"),
        ("sync", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL([FORWARD], "DROP FUNCTION memberships_forward()"),
        *(forward_only(table) for table in MACHINES),
        *(TrackChanges(model) for model in RECORDS),
        *(EnableRLS(model, policy) for model, policy in POLICIES.items()),
        SyncTable("Membership", code=90, streams="{row}.user_id"),
        SyncTable("Plan", code=91, streams=PUBLIC),
        SyncTable("Referral", code=92, streams="{row}.referrer_id"),
        SyncTable("RewardGrant", code=93, streams="{row}.user_id"),
    ]
