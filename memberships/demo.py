"""The demo world's club: two plans, a member, an ended membership, a friend who came by a code, some rewards."""

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from core import clock
from core.clock import held_at
from core.refs import Ref
from memberships.models import ChurnReason, GrantReason, InvoiceKind, Membership, Plan, Referral
from memberships.services import codes, giving, joining, referring
from memberships.services.lives import KIND, new_invoice, settle_time
from memberships.services.plans import load_plans
from memberships.starting import PLANS
from payments.services import collect_cash, open_order
from users.models import User


def fill_club(world: dict[str, Any]) -> None:
    load_plans()
    for code in PLANS:
        world[f"{code}_plan"] = Plan.objects.get(code=code)
    alice, bob, tara = world["alice"], world["bob"], world["tara"]
    for person in (alice, bob, tara):
        codes.own_code(person)
    _friend(bob, of=alice, plan=world["basic_plan"])
    _member(alice, world["plus_plan"], days_ago=12)
    _member(tara, world["basic_plan"], days_ago=5)
    for person in (alice, bob):
        giving.give(
            user_id=person.pk,
            reason=GrantReason.GOODWILL,
            amount_minor=15_000,
            source=f"demo:{person.pk}",
            note="Welcome to the demo world",
        )


def _member(person: User, plan: Plan, *, days_ago: int) -> None:
    """Paid at the counter some days ago."""
    if Membership.objects.filter(user=person).exists():
        return
    with _days_ago(days_ago):
        made = Membership.objects.create(
            user=person,
            plan=plan,
            price_minor=plan.price_minor,
            currency=plan.currency,
            interval=plan.interval,
            gateway="cash",
        )
        new_invoice(made, InvoiceKind.FIRST, plan)
        order = open_order(payer=person, target=Ref(KIND, made.pk), gateway="cash")
        collect_cash(payment=order, amount_minor=order.amount_minor, by=None)


def _friend(person: User, *, of: User, plan: Plan) -> None:
    """Came by a friend's code, paid, brought both a reward, and left after a month."""
    code = codes.shown(of)
    if code is None or Referral.objects.filter(referred=person).exists():
        return
    with _days_ago(81):
        referring.apply_code(user=person, text=code.code)
    _member(person, plan, days_ago=80)
    with _days_ago(65):
        referring.credit_due()
        joining.cancel(user=person, reason=ChurnReason.UNUSED, note="The bike is in the garage until spring.")
    with _days_ago(40):
        for row in Membership.objects.filter(user=person).select_related("plan", "subscription", "user"):
            settle_time(row)


def _days_ago(days: int) -> AbstractContextManager[None]:
    return held_at(clock.now() - timedelta(days=days))
