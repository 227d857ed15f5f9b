"""The audit log by month: rows lie in their month, nobody reaches a partition, pages stay bounded."""

from datetime import UTC, datetime

import pytest
from django.db import ProgrammingError, connection, transaction

from core import audit, clock, tasks
from core.models import AuditEvent
from core.rls import APP_ROLE, SYSTEM_ROLE, as_system, as_user
from core.tenancy import inspect
from core.testing.client import use_role
from tests.cast import make_user

pytestmark = pytest.mark.django_db
FAR = datetime(2031, 12, 15, 9, tzinfo=UTC)


def partitions():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = oid"
            " WHERE inhparent = 'core_auditevent'::regclass ORDER BY 1"
        )
        return [row[0].removeprefix("core_auditevent_") for row in cursor.fetchall()]


def where(action):
    """The partitions in which events of this action lie."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute(
            "SELECT tableoid::regclass::text FROM core_auditevent WHERE action = %s ORDER BY at", [action]
        )
        found = [row[0].removeprefix("core_auditevent_") for row in cursor.fetchall()]
    use_role(SYSTEM_ROLE)
    return found


def month(ahead=0):
    today = clock.now()
    number = today.year * 12 + today.month - 1 + ahead
    return f"{number // 12}{number % 12 + 1:02}"


def test_there_are_months_for_now_and_for_what_comes():
    assert {month(), month(1), month(2), "rest"} <= set(partitions())
    audit.record("test.now")
    assert where("test.now") == [month()]


def test_the_nightly_job_makes_months_once_and_ahead():
    with clock.held_at(FAR):
        tasks.make_audit_months.func(timestamp=0)
        assert {"203112", "203201", "203202"} <= set(partitions())
        assert audit.make_months() == 0


def test_what_came_before_its_month_waits_and_moves_in():
    alice = make_user("alice")
    with clock.held_at(FAR):
        with as_user(alice):
            audit.record("test.early", actor=alice.pk, note="kept")
        assert where("test.early") == ["rest"]
        assert audit.make_months() == 3
    assert where("test.early") == ["203112"]
    event = AuditEvent.objects.get(action="test.early")
    assert (event.actor, event.at, event.data) == (alice.pk, FAR, {"note": "kept"})


def test_the_last_moment_of_a_month_and_the_first_of_the_next_by_utc():
    audit.make_months()
    with clock.held_at(datetime(2031, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)):
        audit.make_months()
        audit.record("test.edge")
    with clock.held_at(datetime(2032, 1, 1, tzinfo=UTC)):
        audit.record("test.edge")
    assert where("test.edge") == ["203112", "203201"]


@pytest.mark.parametrize("role", [APP_ROLE, SYSTEM_ROLE])
@pytest.mark.parametrize("deed", ["SELECT 1 FROM {}", "INSERT INTO {} SELECT * FROM core_auditevent",
                                  "UPDATE {} SET outcome = 'x'", "DELETE FROM {}", "DROP TABLE {}"])  # fmt: skip
def test_no_partition_is_reached_by_its_name(role, deed):
    audit.record("test.kept")
    for part in (month(), "rest"):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
            use_role(role)
            with connection.cursor() as cursor:
                cursor.execute(deed.format(f"core_auditevent_{part}"))
    use_role(SYSTEM_ROLE)
    assert AuditEvent.objects.filter(action="test.kept", outcome="ok").count() == 1


def test_the_web_makes_no_months():
    with pytest.raises(ProgrammingError, match="permission denied"), as_user(make_user("alice")):
        connection.cursor().execute("SELECT core_audit_month('2040-01-01')")


def test_a_partition_that_somebody_opened_is_noticed():
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute(f"GRANT SELECT ON core_auditevent_rest TO {APP_ROLE}")
    use_role(SYSTEM_ROLE)
    assert [line.name for line in inspect().problems] == ["core_auditevent"]


def test_a_person_reads_of_their_own_deeds_in_all_months():
    alice, bob = make_user("alice"), make_user("bob")
    for person in (alice, bob):
        audit.record("test.mine", actor=person.pk)
        with clock.held_at(FAR):
            audit.record("test.mine", actor=person.pk)
    with as_user(alice):
        seen = list(AuditEvent.objects.filter(action="test.mine").values_list("actor", flat=True))
    assert seen == [alice.pk, alice.pk]


def plan(rows):
    """What PostgreSQL would do with a large log: it must not read all of it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    return rows.explain()


def test_pages_and_erasure_read_an_index():
    with as_system("test"):
        page = plan(AuditEvent.objects.order_by("-at", "-id")[:100])
        assert "Index Scan using" in page
        assert "->  Sort" not in page
        alice = make_user("alice")
        assert "target_at" in plan(AuditEvent.objects.filter(target=str(alice.pk)).exclude(target=""))
        recent = AuditEvent.objects.filter(at__gte=datetime(2031, 12, 1, tzinfo=UTC))
        audit.make_months()
        assert f"core_auditevent_{month()}" not in plan(recent)
