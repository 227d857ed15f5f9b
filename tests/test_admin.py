"""The staff admin: every page opens, for the right people, in a real browser too."""

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse
from selenium.webdriver.common.by import By

from config.admin import navigation
from core.rls import as_system
from core.testing.browser import browser, complaints, keep_picture
from tests.cast import PASSWORD, make_user

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


def address(model, page):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label_lower)
def test_every_list_opens_and_can_be_searched(model, desk):
    assert desk.get(address(model, "changelist")).status_code == 200
    if admin.site._registry[model].search_fields:
        assert desk.get(address(model, "changelist"), {"q": "nothing-has-this-name"}).status_code == 200


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label_lower)
def test_every_form_to_add_opens_or_is_refused(model, desk):
    assert desk.get(address(model, "add")).status_code in {200, 403}


def lit(path):
    """What lights up in the sidebar on this page."""
    request = RequestFactory().get(path)
    request.user = make_user("sam")
    items = [item for group in navigation(request) for item in group["items"]]
    return [item["title"] for item in items if item.get("active")]


def test_the_workshop_desk_stands_in_the_sidebar_and_lights_up_alone(desk):
    address = reverse("admin:appointments_desk")
    assert f'href="{address}"' in desk.get(reverse("admin:index")).content.decode()
    assert (lit(address), lit("/admin/")) == (["Workshop desk"], [])


def test_a_rider_has_no_business_there(desk):
    desk.force_login(make_user("alice"))
    answer = desk.get(reverse("admin:index"))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/login/?next=/admin/")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_sam_logs_in_and_sees_the_start_page(live_server):
    with as_system("test"):
        make_user("sam")
        make_user("alice")
    with browser() as page:
        page.get(f"{live_server.url}/admin/")
        page.find_element(By.NAME, "username").send_keys("SAM@example.com")
        page.find_element(By.NAME, "password").send_keys(PASSWORD)
        page.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        cards = page.find_element(By.CLASS_NAME, "start-cards").text
        keep_picture(page, "start")
        assert "People" in cards
        assert "Accounts\n2" in cards
        assert complaints(page) == []
