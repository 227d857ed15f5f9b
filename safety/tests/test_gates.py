"""Before the shelf and before a flash: what blocks, what a person may let pass, what never counts."""

from datetime import timedelta

import pytest

from core import clock
from core.rls import as_system
from core.testing.files import stored
from core.testing.jobs import run_jobs
from demo.tunes import mild
from garage.models import FlashJob, FlashWaiver
from safety.engine import RULESET_VERSION
from safety.models import FitmentReport, SafetyReport
from safety.services import check_version
from safety.services.fitments import MOST_PROFILES
from safety.tests.making import FOUR, TWIN, back_up, give, make_bike, make_model, msq, offer, rom
from tests.cast import make_user
from tuners.tests.making import make_tuner

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]
TUNES, JOBS = "/api/v1/marketplace/tunes/", "/api/v1/garage/flash-jobs/"


@pytest.fixture
def tara(client_for):
    return client_for(make_tuner().user)


def publish(tara, tune):
    return tara.post(f"{TUNES}{tune.pk}/publish/")


# -- The shelf


def test_a_tune_that_passes_goes_on_the_shelf_with_its_badge(tara, anyone):
    tune = offer(mild(msq(f"{FOUR}_stock")))
    assert publish(tara, tune).json()["status"] == "published"
    page = anyone.get(f"{TUNES}{tune.pk}/")
    badge = page.json()["badges"]["safety"]
    assert (badge["text"], badge["verdict"], badge["fitments"]) == (
        f"Checked, 0 findings, ruleset {RULESET_VERSION}",
        "pass",
        1,
    )
    assert anyone.get(f"{TUNES}{tune.pk}/", HTTP_IF_NONE_MATCH=page["ETag"]).status_code == 304
    FitmentReport.objects.update(verdict="caution")
    changed = anyone.get(f"{TUNES}{tune.pk}/", HTTP_IF_NONE_MATCH=page["ETag"])
    assert (changed.status_code, changed.json()["badges"]["safety"]["verdict"]) == (200, "caution")
    kept = tara.patch(f"{TUNES}{tune.pk}/", {"summary": "New"}, HTTP_IF_MATCH=changed["ETag"])
    assert kept.status_code == 200
    assert (
        tara.patch(f"{TUNES}{tune.pk}/", {"summary": "Late"}, HTTP_IF_MATCH=changed["ETag"]).status_code
        == 412
    )


def test_a_tune_that_would_break_an_engine_has_to_be_mended(tara):
    tune = offer(msq(f"{TWIN}_rev_limit_plus2000"), fits=[{"vehicle_model": make_model(TWIN)}])
    answer = publish(tara, tune)
    gate = answer.json()["fields"]["gates"][0]
    assert (answer.status_code, gate["code"], gate["review"]) == (409, "safety_blocked", False)
    assert gate["detail"]["findings"][0]["code"] == "REV_LIMIT"
    assert "Yamaha Twin" in gate["message"]
    tune.refresh_from_db()
    assert tune.status == "draft"


def test_a_serious_finding_goes_to_a_moderator_who_sees_it_and_may_let_it_pass(tara, desk):
    tune = offer(msq(f"{FOUR}_adv_high_load_plus8"))
    waiting = publish(tara, tune).json()
    assert waiting["status"] == "in_review"
    assert "ignition" in waiting["moderation_reason"]
    report = FitmentReport.objects.get()
    page = desk.get(f"/admin/safety/fitmentreport/{report.pk}/change/")
    assert b"STEP" in page.content
    assert b"Street map" in desk.get("/admin/safety/fitmentreport/", {"q": "Street"}).content
    desk.post(f"/admin/marketplace/tune/{tune.pk}/approve/", {"_form_submitted": "true"})
    tune.refresh_from_db()
    assert tune.status == "published"


def test_no_moderator_lets_pass_what_blocks(tara, desk):
    tune = offer(msq(f"{FOUR}_adv_high_load_plus8"))
    publish(tara, tune)
    FitmentReport.objects.update(verdict="block")
    desk.post(f"/admin/marketplace/tune/{tune.pk}/approve/", {"_form_submitted": "true"})
    tune.refresh_from_db()
    assert tune.status == "in_review"


def test_what_nobody_understands_goes_to_a_moderator(tara):
    tune = offer(rom("rom_stock.bin"), name="stock.bin", fits=[{"ecu_family": "denso"}])
    waiting = publish(tara, tune).json()
    assert waiting["status"] == "in_review"
    assert FitmentReport.objects.get().verdict == "not_analysed"


def test_each_kind_of_vehicle_is_judged_once_and_not_without_end(tara):
    four = make_model(FOUR)
    alike = make_model(FOUR, name="Twin brother")
    tune = offer(msq(f"{FOUR}_stock"), fits=[{"vehicle_model": four}, {"vehicle_model": alike}])
    assert check_version(tune.versions.get().pk) == 1
    assert check_version(tune.versions.get().pk) == 0
    models = [
        make_model(FOUR, name=f"No {number}", engine_displacement_cc=1000 + number)
        for number in range(MOST_PROFILES + 1)
    ]
    many = offer(
        mild(msq(f"{FOUR}_stock")), title="Many", fits=[{"vehicle_model": model} for model in models]
    )
    waiting = publish(tara, many).json()
    assert FitmentReport.objects.filter(version__tune=many).count() == MOST_PROFILES
    assert (waiting["status"], waiting["moderation_reason"]) == (
        "in_review",
        f"Of {MOST_PROFILES + 1} kinds of vehicle only {MOST_PROFILES} were checked.",
    )


def test_a_fitment_that_is_no_longer_declared_is_forgotten(tara):
    tune = offer(
        msq(f"{TWIN}_stock"), fits=[{"vehicle_model": make_model(TWIN)}, {"vehicle_model": make_model(FOUR)}]
    )
    blocked = publish(tara, tune)
    assert blocked.status_code == 409
    tara.patch(f"{TUNES}{tune.pk}/", {"compatibility": [{"vehicle_model_id": str(make_model(TWIN).pk)}]})
    assert publish(tara, tune).json()["status"] == "published"
    assert FitmentReport.objects.live().count() == 1


def test_an_upload_is_judged_before_anybody_asks_to_publish_it():
    tune = offer(msq(f"{FOUR}_stock"))
    assert "marketplace.prepare_version" in run_jobs()
    assert FitmentReport.objects.get().version.tune == tune


def test_people_see_what_was_found_in_versions_that_they_may_see(tara):
    tune = offer(msq(f"{FOUR}_stock"))
    check_version(tune.versions.get().pk)
    alice = make_user("alice")

    def seen(user):
        return FitmentReport.objects.visible_to(user).count()

    assert (seen(alice), seen(tune.tuner.user)) == (0, 1)
    publish(tara, tune)
    assert seen(alice) == 1


# -- The flash


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def phone(client_for, alice):
    return client_for(alice)


@pytest.fixture
def bike(alice):
    return make_bike(alice)


@pytest.fixture
def sold():
    """Sells Alice any file: what the moderators let pass is not this page's matter."""

    def sell(data, name="tune.msq", **words):
        tune = offer(data, name=name, fits=[{"ecu_family": "speeduino"}], **words)
        version = tune.versions.get()
        with as_system("test"):
            version.published_at = tune.published_at = clock.now()
            version.save(update_fields=["published_at"])
            tune.status = "published"
            tune.save(update_fields=["status", "published_at"])
        give(make_user("alice"), tune)
        return tune

    return sell


def report_on(phone, bike, tune, **more):
    return phone.post(
        "/api/v1/safety/analyze/", {"vehicle_id": str(bike.pk), "tune_id": str(tune.pk)} | more
    ).json()


def flash(phone, bike, tune, report_id=None, **more):
    body = {"vehicle_id": str(bike.pk), "source": {"kind": "tune", "id": str(tune.pk)}} | more
    return phone.post(JOBS, body | ({"safety_report_id": report_id} if report_id else {}))


def codes(answer):
    assert (answer.status_code, FlashJob.objects.count()) == (423, 0), answer.json()
    return [gate["code"] for gate in answer.json()["fields"]["gates"]]


def test_a_flash_needs_a_report_that_holds_now(phone, alice, bike, sold):
    tune = sold(mild(msq(f"{FOUR}_stock")))
    before = report_on(phone, bike, tune)["id"]
    assert codes(flash(phone, bike, tune, before)) == ["no_verified_backup"]
    back_up(bike)
    assert codes(flash(phone, bike, tune)) == ["safety_report_missing"]
    assert codes(flash(phone, bike, tune, before)) == ["safety_report_outdated"]
    current = report_on(phone, bike, tune)["id"]
    other_bike = make_bike(alice, nickname="other")
    foreign = report_on(phone, other_bike, tune)["id"]
    other_tune = report_on(phone, bike, sold(msq(f"{FOUR}_stock"), title="Stock"))["id"]
    for wrong in (foreign, other_tune, "018f0000-0000-7000-8000-00000000dead"):
        assert codes(flash(phone, bike, tune, wrong)) == ["safety_report_outdated"]
    SafetyReport.objects.filter(pk=current).update(ruleset_version="0-old")
    assert codes(flash(phone, bike, tune, current)) == ["safety_report_outdated"]
    SafetyReport.objects.filter(pk=current).update(ruleset_version=RULESET_VERSION)
    back_up(bike, mild(msq(f"{FOUR}_stock")), "newer.msq")
    assert codes(flash(phone, bike, tune, current)) == ["safety_report_outdated"]
    newest = report_on(phone, bike, tune)["id"]
    made = flash(phone, bike, tune, newest)
    assert (made.status_code, made.json()["safety_report_id"]) == (201, newest)


def test_somebody_elses_report_is_no_report(phone, bike, sold, client_for):
    tune = sold(mild(msq(f"{FOUR}_stock")))
    back_up(bike)
    bob = make_user("bob")
    his = report_on(client_for(bob), make_bike(bob), tune)["id"]
    assert codes(flash(phone, bike, tune, his)) == ["safety_report_outdated"]


def test_a_block_is_final_and_a_confirmation_is_kept_with_the_job(phone, bike, sold):
    back_up(bike)
    deadly = sold(msq(f"{FOUR}_adv_high_load_plus8"))
    report = report_on(phone, bike, deadly)
    SafetyReport.objects.filter(pk=report["id"]).update(verdict="block")
    answer = flash(phone, bike, deadly, report["id"], acknowledgement="Alice: at my own risk.")
    assert codes(answer) == ["safety_blocked"]
    detail = answer.json()["fields"]["gates"][0]["detail"]
    assert detail["findings"][0]["table"] == "ignition"
    SafetyReport.objects.filter(pk=report["id"]).update(verdict="confirm")
    assert codes(flash(phone, bike, deadly, report["id"])) == ["safety_confirmation_needed"]
    assert codes(flash(phone, bike, deadly, report["id"], acknowledgement="  ")) == [
        "safety_confirmation_needed"
    ]
    made = flash(phone, bike, deadly, report["id"], acknowledgement="Alice: the step is meant.")
    assert made.status_code == 201
    job = FlashJob.objects.get()
    assert (job.acknowledgement, str(job.safety_report_id)) == ("Alice: the step is meant.", report["id"])


def test_a_report_that_was_acknowledged_needs_no_second_word(phone, bike, sold):
    back_up(bike)
    tune = sold(msq(f"{FOUR}_adv_high_load_plus8"))
    report = report_on(phone, bike, tune)
    SafetyReport.objects.filter(pk=report["id"]).update(verdict="confirm")
    said = {"acknowledgement": "Alice: the step is meant."}
    phone.post(f"/api/v1/safety/reports/{report['id']}/acknowledge/", said)
    made = flash(phone, bike, tune, report["id"]).json()
    assert made["acknowledgement"] == "Alice: the step is meant."


def test_only_staff_let_pass_what_nobody_understands(phone, bike, sold, desk):
    back_up(bike)
    tune = sold(rom("rom_stock.bin"), name="stock.bin")
    report = report_on(phone, bike, tune)
    assert report["verdict"] == "not_analysed"
    said = {"acknowledgement": "Alice: I know this file."}
    assert codes(flash(phone, bike, tune, report["id"], **said)) == ["safety_not_analysed"]
    with as_system("test"):
        waiver = FlashWaiver.objects.create(
            owner=bike.owner,
            vehicle=bike,
            code="safety_not_analysed",
            reason="Bench tested",
            granted_by=make_user("sam").pk,
            expires_at=clock.now() + timedelta(hours=1),
        )
    assert flash(phone, bike, tune, report["id"]).status_code == 201
    waiver.refresh_from_db()
    assert waiver.used_by == FlashJob.objects.get()


def test_the_own_backup_goes_back_without_a_report(phone, bike):
    backup = back_up(bike)
    made = phone.post(JOBS, {"vehicle_id": str(bike.pk), "source": {"kind": "backup", "id": str(backup.pk)}})
    assert made.status_code == 201


# -- The stand-in


def test_the_nearest_verified_tune_stands_in_for_a_backup_but_never_counts_as_one(
    tara, phone, alice, bike, sold
):
    verified = offer(msq(f"{FOUR}_stock"), title="Verified")
    assert publish(tara, verified).json()["status"] == "published"
    tune = sold(msq(f"{FOUR}_adv_high_load_plus8"), title="Bold")
    report = report_on(phone, bike, tune)
    assert (report["baseline_kind"], report["baseline"]["kind"], report["baseline_backup_id"]) == (
        "nearest",
        "nearest",
        None,
    )
    assert all(cell[6] is None for row in report["findings"] for cell in row["cells"])
    words = phone.get(f"/api/v1/safety/reports/{report['id']}/text/").content
    assert b"nearest verified tune of the same engine" in words
    picture = phone.get(f"/api/v1/safety/reports/{report['id']}/tables/ignition.svg", {"view": "baseline"})
    assert picture.status_code == 404
    assert report_on(phone, bike, tune)["id"] == report["id"]
    answer = flash(phone, bike, tune, report["id"], acknowledgement="Alice: I know.")
    assert codes(answer) == ["no_verified_backup"]
    twin = make_bike(alice, TWIN)
    file = stored(alice, msq(f"{TWIN}_stock"), filename="twin.msq")
    alone = phone.post(
        "/api/v1/safety/analyze/", {"vehicle_id": str(twin.pk), "file_id": str(file.pk)}
    ).json()
    assert (alone["baseline_kind"], alone["baseline"]) == ("", None)
