"""What the database itself keeps: who sees what, states that move forward, prices that never overlap, sync."""

import json

from django.db import migrations

from appointments.states import STATES
from core.rls import EnableRLS, Sql, TrackChanges
from sync.operations import SyncTable

SHOP = (
    "Location", "OpeningRule", "OpeningException", "Closure", "Resource", "ServiceCategory", "Service",
    "ServicePrice",
)  # fmt: skip
RECORDS = (*SHOP, "Appointment", "WaitlistEntry", "Offer")
# All writes go through services that act as the system: the guard of the calendar must see everybody's bookings.
MINE = Sql("{table}.user_id = {me}", "false")
OF_VISIT = Sql(
    "EXISTS (SELECT 1 FROM appointments_appointment a WHERE a.id = {table}.appointment_id AND a.user_id = {me})",
    "false",
)
OF_ENTRY = Sql(
    "EXISTS (SELECT 1 FROM appointments_waitlistentry e WHERE e.id = {table}.entry_id AND e.user_id = {me})",
    "false",
)
POLICIES = {
    **dict.fromkeys((*SHOP, "Offer"), Sql("true", "false")),
    "Appointment": MINE,
    "WaitlistEntry": MINE,
    "CalendarToken": MINE,
    "OfferRedemption": MINE,
    "AppointmentLine": OF_VISIT,
    "StatusChange": OF_VISIT,
    "Reminder": OF_VISIT,
    # What is taken is no secret (availability shows it), whose it is stands in tables that keep it.
    "Allocation": Sql("true", "false"),
    "WaitlistOffer": OF_ENTRY,
}

FORWARD = """
CREATE FUNCTION appointments_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (TG_ARGV[0]::jsonb -> OLD.status) ? NEW.status THEN
        RAISE EXCEPTION '% may not become %', OLD.status, NEW.status
            USING ERRCODE = '23514', CONSTRAINT = 'appointments_forward_only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER forward_only BEFORE UPDATE OF status ON appointments_appointment FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION appointments_forward('{moves}');
"""

# Ids are UUIDs, so no exclusion constraint without btree_gist: the service's row is the lock instead.
PRICES = """
CREATE FUNCTION appointments_price_alone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.deleted_at IS NOT NULL THEN RETURN NEW; END IF;
    PERFORM 1 FROM appointments_service WHERE id = NEW.service_id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT 1 FROM appointments_serviceprice p
         WHERE p.service_id = NEW.service_id AND p.id <> NEW.id AND p.deleted_at IS NULL
           AND p.vehicle_model_id IS NOT DISTINCT FROM NEW.vehicle_model_id
           AND p.location_id IS NOT DISTINCT FROM NEW.location_id AND p.currency = NEW.currency
           AND daterange(p.valid_from, p.valid_to, '[]') && daterange(NEW.valid_from, NEW.valid_to, '[]')
    ) THEN
        RAISE EXCEPTION 'two prices would hold on one day'
            USING ERRCODE = '23P01', CONSTRAINT = 'appointments_price_overlaps';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER price_alone BEFORE INSERT OR UPDATE ON appointments_serviceprice
    FOR EACH ROW EXECUTE FUNCTION appointments_price_alone();
"""

VERSION = """
CREATE FUNCTION appointments_shop_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO appointments_shopstate (id, version) VALUES (1, gen_random_uuid())
        ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version;
    RETURN NULL;
END $$;
"""


def new_version(model):
    table = f"appointments_{model.lower()}"
    return migrations.RunSQL(
        f"CREATE TRIGGER shop_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION appointments_shop_changed()",
        f"DROP TRIGGER shop_changed ON {table}",
    )


MOVES = json.dumps({old: sorted(new) for old, new in STATES.items()})


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0001_initial"),
        ("core", "0001_initial"),
        ("sync", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            FORWARD.replace("{moves}", MOVES),
            "DROP TRIGGER forward_only ON appointments_appointment; DROP FUNCTION appointments_forward()",
        ),
        migrations.RunSQL(
            PRICES,
            "DROP TRIGGER price_alone ON appointments_serviceprice; DROP FUNCTION appointments_price_alone()",
        ),
        migrations.RunSQL(VERSION, "DROP FUNCTION appointments_shop_changed()"),
        migrations.RunSQL(
            "REVOKE INSERT, UPDATE, DELETE ON appointments_shopstate FROM revsync_app",
            "GRANT INSERT, UPDATE, DELETE ON appointments_shopstate TO revsync_app",
        ),
        *(new_version(model) for model in SHOP),
        *(TrackChanges(model) for model in RECORDS),
        *(EnableRLS(model, policy) for model, policy in POLICIES.items()),
        SyncTable("Appointment", code=70, streams="{row}.user_id"),
    ]
