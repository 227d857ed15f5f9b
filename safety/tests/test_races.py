"""Two at once: one report, one row for each kind of vehicle."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from core.rls import as_system
from core.testing.files import stored
from safety.models import FitmentReport, SafetyReport
from safety.services import Subject, analyse, check_version
from safety.tests.making import FOUR, make_bike, msq, offer
from tests.cast import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shop")]
AT_ONCE = 4


def together(deed):
    def one(_):
        try:
            return deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_the_same_question_from_many_phones_makes_one_report():
    alice = make_user("alice")
    bike = make_bike(alice)
    data = msq(f"{FOUR}_stock")
    file = stored(alice, data, filename="tune.msq")
    subject = Subject(data, file.filename, file_id=file.pk)
    reports = together(lambda: analyse(user=alice, vehicle=bike, subject=subject))
    assert len({report.pk for report in reports}) == 1
    with as_system("test"):
        assert SafetyReport.objects.count() == 1


def test_a_version_that_many_prepare_is_kept_once():
    version_id = offer(msq(f"{FOUR}_stock")).versions.get().pk
    together(lambda: check_version(version_id))
    with as_system("test"):
        assert FitmentReport.objects.count() == 1
