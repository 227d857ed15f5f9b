"""Files that mean harm, through the front door: never a 5xx, never for long, and the service stays up."""

import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from safety import sandbox
from safety.models import SafetyReport
from safety.tests.hostile import TUNES
from safety.tests.making import FOUR, make_bike, msq
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]
ANALYZE = "/api/v1/safety/analyze/"
LONGEST = 2.0  # seconds of one answer


@pytest.fixture
def phone(client_for, settings):
    settings.THROTTLES = settings.THROTTLES | {"analyze": "off", "user": "off"}
    return client_for(make_user("alice"))


@pytest.fixture
def bike():
    return make_bike(make_user("alice"))


def send(phone, bike, name, data):
    began = time.monotonic()
    answer = phone.post(
        ANALYZE,
        {"vehicle_id": str(bike.pk), "file": SimpleUploadedFile(name, data, "application/xml")},
        format="multipart",
    )
    return answer, time.monotonic() - began


def test_every_hostile_file_is_refused_or_survived(phone, bike):
    send(phone, bike, "warm.msq", msq(f"{FOUR}_stock"))
    wrong = []
    for what, (name, data) in TUNES.items():
        answer, took = send(phone, bike, name, data)
        told = answer.json()
        fine = answer.status_code in {400, 413} or (
            answer.status_code == 202 or told["verdict"] in {"block", "not_analysed", "insufficient_data"}
        )
        if answer.status_code >= 500 or not fine or took > LONGEST:
            wrong.append((what, answer.status_code, told.get("verdict"), round(took, 1)))
    assert wrong == []
    alive, took = send(phone, bike, "after.msq", msq(f"{FOUR}_stock"))
    assert (alive.status_code, alive.json()["verdict"]) == (200, "pass")


def test_text_of_a_file_is_shown_as_text_everywhere(phone, bike):
    evil = msq(f"{FOUR}_stock").replace(
        b'signature="', b'signature="&lt;script&gt;alert(1)&lt;/script&gt; ', 1
    )
    answer, _ = send(phone, bike, "<img src=x onerror=alert(1)>.msq", evil)
    report = answer.json()
    page = phone.get(f"/api/v1/safety/reports/{report['id']}/report.html").content
    assert b"<script" not in page
    assert b"<img" not in page


@pytest.mark.parametrize("name", ["a\x00b.msq", "a\u202egsm.msq", "x" * 300 + ".msq"])
def test_a_name_is_never_trusted(name, phone, bike):
    answer, _ = send(phone, bike, name, msq(f"{FOUR}_stock"))
    assert answer.status_code in {200, 400}
    assert not SafetyReport.objects.filter(filename__contains="\x1b").exists()


def test_too_much_is_refused_before_it_is_looked_at(phone, bike, settings, monkeypatch):
    asked = []
    monkeypatch.setattr(sandbox, "analyse", lambda *a, **k: asked.append(a))
    answer, _ = send(phone, bike, "giant.bin", bytes(25 * 1024 * 1024))
    assert (answer.status_code, answer.json()["code"], asked) == (413, "payload_too_large", [])


def test_an_analyser_that_is_away_says_so(phone, bike, monkeypatch):
    def busy(*args, **words):
        raise sandbox.SandboxUnavailable("busy")

    monkeypatch.setattr(sandbox, "analyse", busy)
    answer, _ = send(phone, bike, "tune.msq", msq(f"{FOUR}_stock"))
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "analyser_busy", "5")
    assert SafetyReport.objects.count() == 0


def test_analyses_are_counted(client_for, bike, settings):
    settings.THROTTLES = settings.THROTTLES | {"analyze": "1/h"}
    phone = client_for(make_user("alice"))
    first, _ = send(phone, bike, "tune.msq", msq(f"{FOUR}_stock"))
    second, _ = send(phone, bike, "tune.msq", msq(f"{FOUR}_stock"))
    assert (first.status_code, second.status_code, second.json()["code"]) == (200, 429, "throttled")
