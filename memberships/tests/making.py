"""Short ways to members, orders and referrals."""

from datetime import timedelta

from core import clock
from core.clock import held_at
from core.refs import Ref
from core.rls import as_system
from memberships.models import InvoiceKind, Membership, Plan
from memberships.services.lives import KIND, new_invoice
from payments.models import Payment
from payments.services import collect_cash, open_order, orders, refund, send, settle
from payments.tests.till import paid_at_sandbox, seen_of
from users.models import User

PRICES = {"basic": (1, 29_900), "plus": (2, 79_900), "pro": (3, 149_900)}


def make_plan(code="plus", **fields) -> Plan:
    rank, price = PRICES[code]
    facts = {"name": code.title(), "rank": rank, "price_minor": price, "currency": "INR", **fields}
    return Plan.objects.get_or_create(code=code, defaults=facts)[0]


def make_member(user: User, code="plus", *, days_ago=0, **plan) -> Membership:
    """A member who paid at the counter some days ago."""
    plan = make_plan(code, **plan)
    with held_at(clock.now() - timedelta(days=days_ago)), as_system("test"):
        made = Membership.objects.create(
            user=user, plan=plan, price_minor=plan.price_minor, currency=plan.currency, interval=plan.interval,
            gateway="cash",
        )  # fmt: skip
        new_invoice(made, InvoiceKind.FIRST, plan)
        order = open_order(payer=user, target=Ref(KIND, made.pk), gateway="cash")
        collect_cash(payment=order, amount_minor=order.amount_minor, by=None)
        return Membership.objects.get(pk=made.pk)


def fresh(row):
    with as_system("test"):
        return type(row).objects.get(pk=row.pk)


def pay(payment_id, *, instrument="") -> Payment:
    """The payer pays at the sandbox, and we are told."""
    with as_system("test"):
        payment = Payment.objects.get(pk=payment_id)
    payment = orders.ensure_gateway_order(payment)
    seen = seen_of(payment, id=paid_at_sandbox(payment).pk, instrument=instrument)
    settle(gateway=payment.gateway, seen=seen, source="webhook")
    return fresh(payment)


def give_back(payment, amount_minor=None) -> Payment:
    """All of it, or a part, as by the desk."""
    send(refund(payment=payment, amount_minor=amount_minor, reason="test").pk)
    return fresh(payment)


def order_of(row) -> Payment:
    """The newest payment of a membership."""
    with as_system("test"):
        return Payment.objects.filter(subject_kind=KIND, subject_id=row.pk).latest("created_at")
