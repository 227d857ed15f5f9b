"""From an application to a verified tuner, and back; roles come from here only."""

from datetime import timedelta

import pytest

from core import clock
from core.clock import held_at
from core.models import AuditEvent
from core.rls import as_system
from core.testing.files import upload
from tests.cast import make_user
from tuners import services
from tuners.errors import ApplicationDecided, CertificationsOpen, TunerNotVerified
from tuners.models import TunerApplication, TunerCertification, TunerProfile
from tuners.tests.making import make_tuner
from users.models import Role, User

pytestmark = pytest.mark.django_db
DOOR = "/api/v1/tuners/applications/"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def paper(client, text=b"%PDF-1.4 certificate", **wanted):
    facts = {"content_type": "application/pdf", "filename": "cert.pdf", "purpose": "certification"}
    return upload(client, text, **(facts | wanted))["id"]


def body(file_id, **more):
    ends = (clock.now() + timedelta(days=90)).date().isoformat()
    certification = {"kind": "training", "title": "Dyno course", "file_id": file_id, "expires_on": ends}
    return {
        "business": "Alice Maps",
        "location": "Pune",
        "specialities": ["dyno"],
        "certifications": [certification],
    } | more


def applied(client_for, name="alice"):
    client = client_for(make_user(name))
    answer = client.post(DOOR, body(paper(client)))
    assert answer.status_code == 201, answer.json()
    return client, TunerApplication.objects.get(pk=answer.json()["id"])


def accept_all(application, staff):
    for one in application.certifications.all():
        services.check_certification(certification=one, staff=staff, accepted=True)


def test_an_application_becomes_a_role_a_profile_and_an_end(client_for, anyone):
    client, application = applied(client_for)
    alice, sam = make_user("alice"), make_user("sam")
    assert not services.is_verified(alice)
    with pytest.raises(CertificationsOpen):
        services.approve(application=application, staff=sam)
    accept_all(application, sam)
    profile = services.approve(application=application, staff=sam)
    alice.refresh_from_db()
    assert (alice.role, services.is_verified(alice), profile.role) == (Role.TUNER, True, "TUNER")
    assert profile.verified_until == (clock.now() + timedelta(days=90)).date()
    assert client.get(DOOR).json()["results"][0]["status"] == "approved"
    seen = anyone.get(f"/api/v1/tuners/{profile.pk}/").json()
    assert (seen["business"], seen["verified"], seen["specialities"]) == ("Alice Maps", True, ["dyno"])
    assert "suspended_reason" not in seen
    with pytest.raises(ApplicationDecided):
        services.approve(application=application, staff=sam)
    assert list(AuditEvent.objects.filter(action="tuner.decide").values_list("outcome", flat=True)) == [
        "approved"
    ]


def test_a_creator_is_verified_as_a_creator_and_an_admin_stays_one(client_for):
    client = client_for(make_user("alice"))
    made = client.post(DOOR, body(paper(client), role="CREATOR"))
    application, sam = TunerApplication.objects.get(pk=made.json()["id"]), make_user("sam")
    accept_all(application, sam)
    services.approve(application=application, staff=sam)
    assert User.objects.get(email="alice@example.com").role == Role.CREATOR
    client, application = applied(client_for, "sam")
    accept_all(application, sam)
    services.approve(application=application, staff=sam)
    assert User.objects.get(email="sam@example.com").role == Role.ADMIN


def test_time_and_staff_take_the_verification_back(client_for, anyone):
    sam = make_user("sam")
    profile = make_tuner(verified_until=(clock.now() + timedelta(days=5)).date())
    tara = profile.user
    with held_at(clock.now() + timedelta(days=7)):
        assert not services.is_verified(tara)
        assert anyone.get("/api/v1/tuners/").json()["results"] == []
        assert services.lapse_expired() == 1
        assert services.lapse_expired() == 0
    tara.refresh_from_db()
    assert tara.role == Role.RIDER
    with as_system("test"):
        TunerProfile.objects.update(status="verified", verified_until=None)
    services.suspend(profile=profile, staff=sam, reason="Stolen maps")
    assert not services.is_verified(tara)
    assert anyone.get(f"/api/v1/tuners/{profile.pk}/").status_code == 404
    own = client_for(tara).get("/api/v1/tuners/me/").json()
    assert (own["status"], own["suspended_reason"], own["verified"]) == ("suspended", "Stolen maps", False)
    with pytest.raises(TunerNotVerified):
        services.demand_verified(tara)
    services.reinstate(profile=profile, staff=sam)
    tara.refresh_from_db()
    assert (services.is_verified(tara), tara.role) == (True, Role.TUNER)


def test_one_open_application_which_may_be_withdrawn(client_for):
    client, application = applied(client_for)
    again = client.post(DOOR, body(paper(client, b"%PDF other")))
    assert (again.status_code, again.json()["code"]) == (409, "application_open")
    assert client.post(f"{DOOR}{application.pk}/withdraw/").json()["status"] == "withdrawn"
    assert client.post(f"{DOOR}{application.pk}/withdraw/").status_code == 200
    sam = make_user("sam")
    with pytest.raises(ApplicationDecided):
        services.refuse(application=application, staff=sam, reason="No")
    assert client.post(DOOR, body(paper(client, b"%PDF third"))).status_code == 201
    assert TunerCertification.objects.count() == 2


def test_bad_applications_are_named_and_leave_no_trace(client_for):
    client = client_for(make_user("alice"))
    theirs = paper(client_for(make_user("bob")))
    photo = paper(client, purpose="document")
    mine = paper(client)
    cases = [
        (body(theirs), {"certifications": {"0": {"file_id": ["There is no such file."]}}}),
        (
            body(photo),
            {
                "certifications": {
                    "0": {"file_id": ["This file was uploaded as document, not as certification."]}
                }
            },
        ),
        (body(mine, certifications=[]), "certifications"),
        (body(mine, specialities=["magic"]), "specialities"),
        (body(mine, lat=91, lng=0), "lat"),
        (body(mine, lat=10), "lng"),
        (body(mine, business=""), "business"),
        (body(mine, status="approved"), "status"),
        (body(mine, certifications=[body(mine)["certifications"][0]] * 2), "certifications"),
        (
            body(
                mine,
                certifications=[
                    {"kind": "training", "title": "Old", "file_id": mine, "expires_on": "2001-01-01"}
                ],
            ),
            "certifications",
        ),
    ]
    for sent, fields in cases:
        answer = client.post(DOOR, sent)
        told = answer.json()["fields"]
        assert answer.status_code == 400, sent
        assert (told if isinstance(fields, dict) else list(told)) == (
            fields if isinstance(fields, dict) else [fields]
        )
    assert TunerApplication.objects.count() == TunerCertification.objects.count() == 0


def test_bob_sees_nothing_of_an_application(client_for, anyone):
    _, application = applied(client_for)
    bob = client_for(make_user("bob"))
    assert bob.get(DOOR).json()["results"] == []
    for method, door in (("get", ""), ("post", "withdraw/")):
        assert getattr(bob, method)(f"{DOOR}{application.pk}/{door}").status_code == 404
    assert bob.get("/api/v1/tuners/me/").status_code == 404
    assert anyone.post(DOOR, {}).status_code == 401
    file = application.certifications.get().file_id
    assert bob.get(f"/api/v1/files/{file}/").status_code == 404
    alice = client_for(make_user("alice"))
    assert alice.delete(f"/api/v1/files/{file}/").status_code == 409


def test_staff_decide_in_the_admin(desk, client_for):
    _, application = applied(client_for)
    one = application.certifications.get()
    page = desk.get(f"/admin/tuners/tunerapplication/{application.pk}/change/")
    assert b"Dyno course" in page.content
    opened = desk.get(f"/admin/tuners/tunercertification/{one.pk}/paper/")
    assert opened.status_code == 302
    done = desk.post(f"/admin/tuners/tunercertification/{one.pk}/accept/", {"_form_submitted": "true"})
    assert done.headers["HX-Redirect"].endswith("/change/")
    desk.post(f"/admin/tuners/tunerapplication/{application.pk}/approve/", {"_form_submitted": "true"})
    profile = TunerProfile.objects.get()
    assert profile.verified
    desk.post(
        f"/admin/tuners/tunerprofile/{profile.pk}/suspend/", {"_form_submitted": "true", "reason": "Test"}
    )
    profile.refresh_from_db()
    assert (profile.verified, profile.suspended_reason) == (False, "Test")
    assert AuditEvent.objects.filter(action="tuner.paper_opened").count() == 1
