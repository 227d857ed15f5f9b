"""What is Alice's and nobody else's business: found by asking the database as Alice and as Bob."""

from dataclasses import dataclass, field

from django.db import connection

from appointments.models import Service
from core import clock
from core.rls import APP_ROLE, SYSTEM_ROLE
from core.testing.client import use_role
from garage.models import VehicleBrand, VehicleModel
from tests.belongings import fill_everything
from tests.cast import login
from tests.strangers.routes import SHAPED, routes

CANARY = "canary-of-alice"
# Nothing is sown by these: they end Alice's own login or leave the house.
NOT_SOWN = ("auth/", "sandbox", "webhooks")


@dataclass
class Estate:
    ids: dict[str, str] = field(default_factory=dict)  # table -> id of one private row
    words: set[str] = field(default_factory=set)  # texts that only Alice may read


def settle():
    """A full world, a phone number, and whatever Alice can make by posting a plausible body to each route."""
    world = fill_everything(CANARY)
    world["alice"].phone, world["alice"].phone_verified_at = "+919812345678", clock.now()
    world["alice"].save(update_fields=["phone", "phone_verified_at"])
    sow(login(world["alice"]))
    return world


def sow(client):
    """Two rounds: what the first one made ("vehicle_id" of ".../vehicles/") can be named by the second."""
    made = {}
    for _ in range(2):
        for route in routes():
            if (
                route.method == "post"
                and not route.names("path")
                and not any(n in route.path for n in NOT_SOWN)
            ):
                last = route.path.strip("/").rsplit("/", 1)[-1]
                answer = client.post(route.path, route.sowing(made, f"{CANARY}-{last}"))
                if answer.status_code == 201:
                    made |= {
                        key: value for key, value in answer.json().items() if key.endswith("_id") and value
                    }
                    made[f"{last.removesuffix('s').replace('-', '_')}_id"] = answer.json().get("id")


def estate_of(alice, bob):
    """One id of each table with rows that Alice alone sees, and the words that stand in no row of Bob's view."""
    estate, public = Estate(), set(SHAPED.values())
    with connection.cursor() as cursor:
        for table, columns in tables(cursor):
            mine = seen(cursor, table, columns, alice.pk)
            others = seen(cursor, table, columns, bob.pk)
            private = [row for key, row in mine.items() if key not in others]
            if private and "id" in columns:
                estate.ids[table] = str(private[0]["id"])
            estate.words |= texts(private)
            public |= texts(others.values())
    for catalogue in (VehicleBrand, VehicleModel, Service):  # everybody may read makes, models and services
        public |= set(catalogue.objects.values_list("name", flat=True))
    estate.words -= public
    estate.words |= {
        alice.email,
        alice.phone,
        alice.password,
    }  # the table of people is read by all: explicit payloads alone keep these
    return estate


def texts(rows):
    return {
        value
        for row in rows
        for name, value in row.items()
        if isinstance(value, str) and len(value) >= 12 and name != "id"
    }


def tables(cursor):
    """(name, columns) of every table under row-level security that rows could be named from."""
    cursor.execute(
        "SELECT c.relname, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relrowsecurity AND a.attnum > 0 AND NOT a.attisdropped AND c.relname NOT IN"
        " ('core_auditevent', 'users_user') AND (a.atttypid IN ('text'::regtype, 'varchar'::regtype)"
        " OR a.attname = 'id') GROUP BY 1 ORDER BY 1"
    )
    return cursor.fetchall()


def seen(cursor, table, columns, user_id):
    cursor.execute("SELECT set_config('app.user_id', %s, false)", [str(user_id)])
    cursor.execute(f"SET ROLE {APP_ROLE}")
    names = ", ".join(f'"{name}"' for name in columns)
    cursor.execute(f'SELECT ctid::text, {names} FROM "{table}"')
    found = {row[0]: dict(zip(columns, row[1:], strict=True)) for row in cursor.fetchall()}
    use_role(SYSTEM_ROLE)
    return found
