"""What is on sale: judged for the buyer's bike, judged again when the rules change, staff hear of it."""

from io import StringIO

import pytest
from django.core.management import call_command

from core.models import StoredFile
from core.ports import dashboard_cards, notifiers
from core.rls import as_system
from core.testing.counting import statements
from core.testing.jobs import run_jobs
from garage.models import Vehicle
from marketplace.models import Compatibility, Purchase
from marketplace.services import publish_tune
from safety import services
from safety.engine import RULESET_VERSION
from safety.models import FitmentReport, SafetyReport
from safety.selectors import unchecked_versions
from safety.services.fitments import rerun
from safety.tasks import look_for_unchecked
from safety.tests.making import FOUR, TWIN, back_up, give, make_bike, make_model, msq, offer
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]


class Bell:
    def __init__(self):
        self.rung = []

    def send(self, user_id, note):
        self.rung.append((user_id, note.kind, dict(note.data)))


@pytest.fixture
def bell(monkeypatch):
    found = Bell()
    monkeypatch.setattr(notifiers, "_plugs", {"test": found})
    return found


def on_sale(**words):
    tune = offer(msq(f"{FOUR}_stock"), **words)
    publish_tune(owner=tune.tuner.user, tune_id=tune.pk)
    with as_system("test"):
        tune.refresh_from_db()
    assert tune.status == "published"
    return tune


def set_aside(rows):
    """As if an older ruleset had said it."""
    with as_system("test"):
        rows.update(ruleset_version="0-old")


def test_the_buyer_hears_what_it_means_for_the_bike_it_was_bought_for(bell):
    alice, tune = make_user("alice"), on_sale()
    bike = make_bike(alice)
    backup = back_up(bike)
    run_jobs()
    bell.rung.clear()
    give(alice, tune, bike)
    assert "safety.analyse_purchase" in run_jobs()
    report = SafetyReport.objects.get()
    assert (report.vehicle, report.baseline_backup, report.owner) == (bike, backup, alice)
    assert (report.verdict, report.tune_version.tune) == ("pass", tune)
    assert bell.rung == [(alice.pk, "safety_report", {"report_id": str(report.pk), "verdict": "pass"})]


def test_without_a_named_bike_those_are_judged_that_it_fits(bell):
    alice, tune = make_user("alice"), on_sale()
    fits = make_bike(alice, vehicle_model=make_model(FOUR))
    make_bike(alice, TWIN)
    give(alice, tune)
    run_jobs()
    assert [row.vehicle for row in SafetyReport.objects.all()] == [fits]


def test_a_purchase_that_is_gone_or_has_no_bike_is_left_alone():
    alice, tune = make_user("alice"), on_sale()
    purchase = give(alice, tune)
    assert services.analyse_purchase(purchase.pk) == []
    bike = make_bike(alice)
    with as_system("test"):
        Purchase.objects.filter(pk=purchase.pk).update(vehicle=bike)
        Vehicle.objects.filter(pk=bike.pk).tombstone()
    assert services.analyse_purchase(purchase.pk) == []
    assert SafetyReport.objects.count() == 0


def test_new_rules_judge_live_tunes_again_and_staff_see_which_changed(desk):
    tune, same = on_sale(title="Changes"), on_sale(title="Stays")
    offer(msq(f"{FOUR}_stock"), title="A draft is nobody's business")
    assert unchecked_versions().count() == 0
    set_aside(FitmentReport.objects.all())
    FitmentReport.objects.filter(version__tune=tune).update(verdict="caution")
    assert unchecked_versions().count() == 2
    look_for_unchecked(0)
    assert run_jobs().count("safety.rerun") == 1
    changed = FitmentReport.objects.get(version__tune=tune)
    stays = FitmentReport.objects.get(version__tune=same)
    assert (changed.verdict, changed.previous_verdict, changed.ruleset_version) == (
        "pass",
        "caution",
        RULESET_VERSION,
    )
    assert (stays.previous_verdict, stays.changed_at, stays.ruleset_version) == ("", None, RULESET_VERSION)
    page = desk.get("/admin/safety/fitmentreport/", {"changed": "live"}).content
    assert (b"Changes" in page, b"Stays" in page) == (True, False)
    assert dict(dashboard_cards["safety"].rows())["Live tunes with a changed verdict"] == "1"
    desk.post(f"/admin/safety/fitmentreport/{changed.pk}/seen/", {"_form_submitted": "true"})
    assert b"Changes" not in desk.get("/admin/safety/fitmentreport/", {"changed": "live"}).content
    assert unchecked_versions().count() == 0


def test_a_fitment_added_to_a_live_tune_is_judged_too():
    tune = on_sale()
    with as_system("test"):
        model = make_model(TWIN)
        Compatibility.objects.create(tune=tune, vehicle_model=model, make="Yamaha", model="Twin")
    assert rerun()[0] == 1
    assert FitmentReport.objects.filter(version__tune=tune).count() == 2
    assert unchecked_versions().count() == 0


def test_many_are_judged_in_batches_and_one_that_fails_keeps_nobody_waiting():
    tunes = [on_sale(title=str(number)) for number in range(3)]
    set_aside(FitmentReport.objects.all())
    with as_system("test"):
        key = f"tune_version/00/{'0' * 32}"  # of no blob
        StoredFile.objects.filter(pk=tunes[0].versions.get().file_id).update(key=key)
    count, last = rerun(batch=2)
    assert count == 2
    assert rerun(last, batch=2) == (1, None)
    assert list(unchecked_versions().values_list("tune__title", flat=True)) == ["0"]


def test_the_command_says_what_it_did():
    on_sale()
    set_aside(FitmentReport.objects.all())
    told = StringIO()
    call_command("rerun_safety", stdout=told)
    assert told.getvalue().strip() == (
        f"Ruleset {RULESET_VERSION}: 1 live tunes judged, 0 verdicts changed and not yet looked at."
    )


def test_the_admin_lists_cost_the_same_for_one_and_three(desk):
    def cost():
        with statements() as told:
            assert desk.get("/admin/safety/fitmentreport/").status_code == 200
        return len(told)

    on_sale(title="First")
    cost()
    one = cost()
    on_sale(title="Second")
    on_sale(title="Third")
    assert cost() == one
