"""Rewards pay a part of a payment, and no rewards account ever goes below zero, whoever writes at the same time."""

from django.db import migrations, models
from django.db.models import F, Q

# A debit of a rewards account waits for the others of the same account, then looks at what they left.
NEVER_NEGATIVE = """
CREATE FUNCTION payments_rewards_never_negative() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account_code text;
BEGIN
    SELECT code INTO account_code FROM payments_ledgeraccount WHERE id = NEW.account_id AND code LIKE 'rewards:%';
    IF account_code IS NULL THEN RETURN NULL; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(account_code, 0));
    IF (SELECT sum(amount_minor) FROM payments_posting
         WHERE account_id = NEW.account_id AND currency = NEW.currency) > 0 THEN
        RAISE EXCEPTION '% would be below zero', account_code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_rewards_never_negative';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER rewards_never_negative AFTER INSERT ON payments_posting FOR EACH ROW
    WHEN (NEW.amount_minor > 0) EXECUTE FUNCTION payments_rewards_never_negative();
"""
UNDONE = """
DROP TRIGGER rewards_never_negative ON payments_posting;
DROP FUNCTION payments_rewards_never_negative();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_refund_counts")]
    operations = [
        migrations.AddField(
            model_name="payment",
            name="rewards_minor",
            field=models.BigIntegerField(default=0, help_text="Paid with rewards, on top of the amount."),
        ),
        migrations.AddField(
            model_name="payment", name="rewards_back_minor", field=models.BigIntegerField(default=0)
        ),
        migrations.AddField(
            model_name="payment",
            name="rewards_held",
            field=models.BooleanField(default=False, help_text="Taken from the payer's rewards account."),
        ),
        migrations.AddField(
            model_name="gatewaypayment",
            name="instrument",
            field=models.CharField(
                blank=True,
                help_text="A keyed hash of the card or account, where the gateway tells it.",
                max_length=64,
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=Q(rewards_back_minor__gte=0) & Q(rewards_back_minor__lte=F("rewards_minor")),
                name="payments_rewards_back_in_bounds",
            ),
        ),
        migrations.RunSQL([NEVER_NEGATIVE], UNDONE),
    ]
