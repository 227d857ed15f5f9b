"""The printable page in a real browser: its own policy lets its own style through, in light and in dark."""

import pytest

from core.testing.browser import browser, complaints, keep_picture
from core.testing.files import stored
from safety.tests.making import FOUR, back_up, make_bike, msq
from tests.cast import login, make_user

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shop"),
]


@pytest.fixture
def page():
    """(bytes, policy) of a report with findings and maps."""
    alice = make_user("alice")
    bike = make_bike(alice)
    back_up(bike)
    phone = login(alice)
    file = stored(alice, msq(f"{FOUR}_adv_high_load_plus8"), filename="tune.msq")
    body = {"vehicle_id": str(bike.pk), "file_id": str(file.pk)}
    report = phone.post("/api/v1/safety/analyze/", body).json()
    answer = phone.get(f"/api/v1/safety/reports/{report['id']}/report.html")
    return answer.content, answer["Content-Security-Policy"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_looks_as_it_should(scheme, page, shown_by):
    with browser() as driver, shown_by(*page) as address:
        wanted = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)
        driver.get(address)
        driver.set_window_size(1100, 3000)
        paper = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"}[scheme]
        assert driver.execute_script("return document.querySelectorAll('svg').length") >= 2
        wide, window = driver.execute_script(
            "return [document.documentElement.scrollWidth, window.innerWidth]"
        )
        assert wide <= window
        assert [line for line in complaints(driver) if "favicon" not in line] == []
        keep_picture(driver, f"safety-report-{scheme}")
