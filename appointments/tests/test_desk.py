"""The desk: staff routes, the board in a real browser, and what a finished visit leaves behind."""

from datetime import timedelta

import pytest
from django.urls import reverse
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from appointments.models import Allocation, Appointment, Resource
from appointments.tests.making import NOW, at, booked, make_bike, make_model, make_service, make_shop, z
from core import clock
from core.rls import as_system
from core.testing.browser import browser, complaints, keep_picture
from garage.models import ServiceRecord, Vehicle
from payments.models import Payment
from tests.cast import PASSWORD, make_user
from users.models.keys import Scope
from users.staff import make_key

pytestmark = pytest.mark.django_db
STAFF = "/api/v1/staff/bookings/"


@pytest.fixture
def scene(monday):
    shop, alice = make_shop(bays=2), make_user("alice")
    bike = make_bike(alice, license_plate="KA 01 AB 1234", odometer_km=10_000)
    return shop, alice, bike


@pytest.fixture
def sam(client_for, monday):
    return client_for(make_user("sam"))


def test_the_desk_finds_and_counts(scene, sam):
    shop, alice, bike = scene
    row = booked(alice, shop, at(10), vehicle=bike)
    booked(alice, shop, at(12, day=3), vehicle=bike)
    found = sam.get(STAFF, {"date": "2026-06-02"}).json()["results"]
    assert [(one["reference"], one["customer"], one["vehicle"]) for one in found] == [
        (row.reference, "Alice Test", "2016 Yamaha MT-07")
    ]
    assert [place["name"] for place in found[0]["places"]] == ["Bay 1"]
    for query, number in [
        ({"search": "1234"}, 2), ({"search": row.reference.lower()}, 1), ({"status": "pending"}, 0),
        ({"location_id": str(shop.pk)}, 2), ({"search": "nobody"}, 0),
    ]:  # fmt: skip
        assert len(sam.get(STAFF, query).json()["results"]) == number, query
    stats = sam.get(f"{STAFF}stats/", {"date_from": "2026-06-01", "date_to": "2026-06-30"}).json()
    assert (stats["total"], stats["by_status"]["confirmed"], stats["booked_minutes"]) == (2, 2, 120)
    assert sam.get(STAFF, {"status": "nonsense"}).status_code == 400


def test_a_finished_visit_is_in_the_garage(scene, sam):
    shop, alice, bike = scene
    row = booked(alice, shop, at(10), vehicle=bike)
    url = f"{STAFF}{row.pk}/update-status/"
    assert sam.patch(url, {"status": "expired"}).status_code == 400
    assert sam.patch(url, {"status": "in_progress"}).json()["status"] == "in_progress"
    done = sam.patch(url, {"status": "completed", "odometer_km": 10_450.5}).json()
    assert (done["status"], done["odometer_km"]) == ("completed", 10_450.5)
    assert sam.patch(url, {"status": "completed"}).status_code == 200
    assert sam.patch(url, {"status": "cancelled"}).json()["code"] == "state_conflict"
    record = ServiceRecord.objects.get()
    assert (record.title, str(record.done_on), record.amount_minor) == ("Oil Change", "2026-06-02", 120_000)
    assert Vehicle.objects.get(pk=bike.pk).odometer_km == record.odometer_km
    paid = sam.post(f"/api/v1/staff/payments/{Payment.objects.get().pk}/collect-cash/", {})
    assert (paid.status_code, Appointment.objects.get().paid_minor) == (200, 120_000)


def test_staff_move_reassign_and_book_through_the_same_guard(scene, sam):
    shop, alice, bike = scene
    row = booked(alice, shop, at(10), vehicle=bike)
    bay_two = Resource.objects.get(name="Bay 2")
    there = sam.post(f"{STAFF}{row.pk}/reassign/", {"bay_id": str(bay_two.pk)}).json()
    assert [place["name"] for place in there["places"]] == ["Bay 2"]
    wrong = Resource.objects.get(kind="technician")
    assert sam.post(f"{STAFF}{row.pk}/reassign/", {"bay_id": str(wrong.pk)}).json()["code"] == "no_such_place"
    walk_in = {
        "customer_name": "Dev", "customer_phone": "+919876500002", "vehicle_model_id": str(make_model().pk),
        "services": ["oil-change"], "start_time": z(at(10)),
    }  # fmt: skip
    made = sam.post(STAFF, walk_in)
    assert (made.status_code, made.json()["places"][0]["name"], made.json()["source"]) == (
        201,
        "Bay 1",
        "staff",
    )
    assert sam.post(STAFF, walk_in).json()["code"] == "slot_unavailable"
    moved = sam.post(f"{STAFF}{row.pk}/reschedule/", {"start_time": z(NOW + timedelta(hours=1))}).json()
    assert (moved["start_time"], moved["reschedule_count"]) == (z(at(9, day=1)), 0)  # within the notice
    assert (
        sam.post(f"{STAFF}{row.pk}/reschedule/", {"start_time": z(at(3))}).json()["code"]
        == "slot_not_offered"
    )
    assert Allocation.objects.count() == 2


def test_somebody_who_did_not_come(scene, sam, client_for):
    shop, alice, bike = scene
    row = booked(alice, shop, at(10), vehicle=bike)
    url = f"{STAFF}{row.pk}/update-status/"
    assert sam.patch(url, {"status": "no_show"}).status_code == 409
    with clock.held_at(at(10, 20)):
        missed = client_for(make_user("sam")).patch(url, {"status": "no_show", "reason": "No call"}).json()
    assert (missed["status"], Allocation.objects.count()) == ("no_show", 0)


def test_a_key_sees_its_own_shops_only(scene, anyone):
    shop, alice, bike = scene
    other = make_shop(name="Other", is_default=False)
    row = booked(alice, shop, at(10), vehicle=bike)
    sam = make_user("sam")
    keys = [
        make_key(name="t", scopes=[scope], created_by=sam, locations=places)[1]
        for scope, places in [(Scope.WORKSHOP, [shop.pk]), (Scope.WORKSHOP, [other.pk]), (Scope.FINANCE, [])]
    ]
    codes = [anyone.get(f"{STAFF}{row.pk}/", HTTP_X_API_KEY=key).status_code for key in keys]
    assert codes == [200, 404, 403]
    assert anyone.get(STAFF).status_code == 401


def test_two_desks_do_not_move_over_each_other(scene, desk):
    shop, alice, bike = scene
    row = booked(alice, shop, at(10), vehicle=bike)
    form = {
        "deed": "move",
        "location": str(shop.pk),
        "day": "2026-06-02",
        "appointment": str(row.pk),
        "sequence": "0",
    }
    page = reverse("admin:appointments_desk")
    desk.post(page, {**form, "start": "2026-06-02T14:00"})
    desk.post(page, {**form, "start": "2026-06-02T15:00"})
    row.refresh_from_db()
    assert (row.start_at, row.sequence) == (at(14), 1)
    week = desk.get(page, {"day": "2026-06-02", "view": "week"}).content.decode()
    assert "14:00 - 15:00" in week


def drag(page, card, *, to, hour):
    """Take a card at its top edge and drop it on a bay at an hour, by real mouse events."""
    page.execute_script("arguments[0].scrollIntoView({block: 'start'})", card)
    bay = page.find_element(By.XPATH, f"//h3[text()='{to}']")
    line = page.find_element(By.XPATH, f"//time[text()='{hour}']")
    across = bay.rect["x"] + bay.rect["width"] / 2 - card.rect["x"] - card.rect["width"] / 2
    down = line.rect["y"] - card.rect["y"]
    hand = ActionChains(page).move_to_element(card).click_and_hold()
    hand.move_by_offset(round(across), round(down))
    hand.release().perform()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_card_is_dragged_to_another_bay_and_hour(live_server):
    with as_system("test"):
        make_user("sam")
        shop, alice, oil = make_shop(bays=3, min_notice=0), make_user("alice"), make_service()
        bike = make_bike(alice)
        start = (clock.now().astimezone(shop.zone) + timedelta(days=1)).replace(
            hour=10, minute=0, second=0, microsecond=0
        )
    row = booked(alice, shop, start, services=[oil], vehicle=bike)
    other = booked(alice, shop, start + timedelta(hours=5), services=[oil], vehicle=bike)
    card_at = "//article[.//strong[text()='{}']]".format
    with browser() as page:
        page.get(f"{live_server.url}/admin/")
        page.find_element(By.NAME, "username").send_keys("sam@example.com")
        page.find_element(By.NAME, "password").send_keys(PASSWORD)
        page.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        page.find_element(By.CLASS_NAME, "start-cards")
        page.get(f"{live_server.url}/admin/appointments/appointment/desk/?day={start.date().isoformat()}")
        drag(page, page.find_element(By.XPATH, card_at("10:00 - 11:00")), to="Bay 3", hour="12:30")
        page.find_element(By.XPATH, card_at("12:30 - 13:30"))
        keep_picture(page, "desk-dragged")
        # The guard has the last word: this bay is taken then.
        with as_system("test"):
            taken = Allocation.objects.get(appointment=other).resource.name
        drag(page, page.find_element(By.XPATH, card_at("12:30 - 13:30")), to=taken, hour="15:00")
        assert "taken" in page.find_element(By.XPATH, "//*[contains(text(), 'taken')]").text
        page.find_element(By.XPATH, card_at("12:30 - 13:30"))
        assert complaints(page) == []
    with as_system("test"):
        row.refresh_from_db()
        assert (row.start_at, row.sequence) == (start + timedelta(hours=2, minutes=30), 1)
        assert Allocation.objects.get(appointment=row).resource.name == "Bay 3"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_sam_works_at_the_desk_in_a_browser(live_server):
    with as_system("test"):
        make_user("sam")
        shop, alice = make_shop(bays=3, min_notice=0), make_user("alice")
        bike, oil = make_bike(alice, license_plate="KA 01 AB 1234"), make_service()
        start = (clock.now().astimezone(shop.zone) + timedelta(days=1)).replace(
            hour=10, minute=0, second=0, microsecond=0
        )
    booked(alice, shop, start, services=[oil], vehicle=bike)
    day = start.date().isoformat()
    with browser() as page:
        page.get(f"{live_server.url}/admin/")
        page.find_element(By.NAME, "username").send_keys("sam@example.com")
        page.find_element(By.NAME, "password").send_keys(PASSWORD)
        page.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        page.find_element(By.CLASS_NAME, "start-cards")
        page.get(f"{live_server.url}/admin/appointments/appointment/desk/?day={day}")
        assert "10:00 - 11:00 Alice Test" in page.find_element(By.CSS_SELECTOR, ".desk-card summary").text
        page.find_element(By.CSS_SELECTOR, ".desk-card summary").send_keys("\n")  # the keyboard opens it
        keep_picture(page, "desk-open")
        page.execute_script(
            "document.querySelector('.desk-card [name=start]').value = arguments[0]", f"{day}T13:00"
        )
        page.find_element(By.CSS_SELECTOR, ".desk-card form button").click()
        page.find_element(By.XPATH, "//strong[text()='13:00 - 14:00']")
        page.find_element(By.CSS_SELECTOR, ".desk-walk-in summary").click()
        page.find_element(By.NAME, "name").send_keys("Dev Shah")
        page.find_element(By.NAME, "phone").send_keys("98765 00002")
        page.find_element(By.CSS_SELECTOR, ".desk-walk-in [type=checkbox]").click()
        page.find_element(By.CSS_SELECTOR, ".desk-walk-in button").click()
        page.find_element(By.XPATH, "//summary[contains(., 'Dev Shah')]")
        keep_picture(page, "desk")
        assert complaints(page) == []
    with as_system("test"):
        assert Appointment.objects.count() == Allocation.objects.count() == 2
