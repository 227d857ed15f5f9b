"""The plans that a fresh house begins with, and what becomes of them in the hands of staff."""

from io import StringIO

import pytest
from django.core.management import call_command

from core import clock
from memberships.models import Plan
from memberships.services.plans import load_plans
from memberships.starting import PLANS

pytestmark = pytest.mark.django_db


def run():
    said = StringIO()
    call_command("load_plans", stdout=said)
    return said.getvalue().strip()


def test_a_fresh_house_gets_plans_that_can_be_joined(anyone):
    assert run() == "2 new: basic, plus"
    shown = anyone.get("/api/v1/memberships/plans/").json()["results"]
    assert [one["code"] for one in shown] == ["basic", "plus"]
    assert [one["benefits"] for one in shown] == [facts["benefits"] for facts in PLANS.values()]
    for plan in Plan.objects.all():
        plan.full_clean()
    assert run() == "0 new, the plans stay as they are"


def test_what_staff_changed_stays():
    load_plans()
    Plan.objects.filter(code="plus").update(price_minor=99_900, name="Gold", benefits={}, active=False)
    Plan.objects.filter(code="basic").update(deleted_at=clock.now())
    assert load_plans() == []
    plus = Plan.objects.get(code="plus")
    assert (plus.price_minor, plus.name, plus.benefits, plus.active) == (99_900, "Gold", {}, False)
    assert Plan.objects.get(code="basic").deleted_at is not None


def test_one_that_is_missing_comes_alone():
    load_plans()
    Plan.objects.filter(code="basic").delete()
    assert load_plans() == ["basic"]
