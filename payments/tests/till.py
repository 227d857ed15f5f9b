# ruff: noqa: A002 -- the words of the ports
"""What payment tests share: a fake thing to pay for, and short ways to pay for it."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from core import audit, clock
from core.errors import NotFound
from core.models import AuditEvent
from core.refs import Ref
from core.rls import as_system
from payments.gateways.sandbox import new_id
from payments.ledger import trial_balance
from payments.models import Payment, SandboxPayment
from payments.ports import Quote, QuoteLine, SeenPayment
from payments.services import open_order, orders

KIND = "test_thing"


@dataclass
class Things:
    """A payable: every UUID is a thing; its facts are audit rows, which live and die with the transaction."""

    id_field: str = "thing_id"
    amount_minor: int = 49_900
    currency: str = "INR"
    payee_id: object = None
    commission_bps: int = 0
    honours: bool = True
    breaks: bool = False
    hold: timedelta | None = None
    owners: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    lines: tuple = ()

    def quote(self, id, payer):
        owner = self.owners.get(id)
        if owner is not None and (payer is None or payer.pk != owner):
            raise NotFound
        return Quote(
            self.amount_minor,
            self.currency,
            "A test thing",
            payee_id=self.payee_id,
            commission_bps=self.commission_bps,
            expires_at=clock.now() + self.hold if self.hold else None,
            lines=self.lines or (QuoteLine("A test thing", self.amount_minor),),
        )

    def paid(self, id):
        if self.breaks:
            raise RuntimeError("The shelf broke.")
        audit.record("test.paid", target=id)
        return self.honours

    def refunded(self, id, amount_minor, full):
        audit.record("test.refunded", target=id, amount_minor=amount_minor, full=full)

    def disputed(self, id, open):
        audit.record("test.disputed", target=id, open=open)

    def expired(self, id):
        audit.record("test.expired", target=id)

    def admits(self, id, token):
        return self.tokens.get(id) == token


class Subscribers:
    """The same for things that are paid again and again."""

    def changed(self, id, status, period_end):
        audit.record("test.changed", target=id, status=status)

    def charged(self, id, payment_id, period_end):
        audit.record("test.charged", target=id, payment=str(payment_id))
        return True


class Listener:
    def captured(self, fact):
        audit.record("test.told_captured", target=fact.target.id, amount_minor=fact.amount_minor)

    def refunded(self, fact):
        audit.record(
            "test.told_refunded", target=fact.target.id, amount_minor=fact.amount_minor, full=fact.full
        )


def told(what, thing_id):
    """How often a thing was told of `what`, in transactions that lived."""
    with as_system("test"):
        return AuditEvent.objects.filter(action=f"test.{what}", target=str(thing_id)).count()


def ordered(payer, *, gateway=None, thing_id=None) -> Payment:
    """An open payment with its gateway order."""
    with as_system("test"):
        payment = open_order(payer=payer, target=Ref(KIND, thing_id or uuid4()), gateway=gateway)
    return orders.ensure_gateway_order(payment)


def seen_of(payment, status="captured", *, id=None, **changes) -> SeenPayment:
    facts = {"amount_minor": payment.amount_minor, "currency": payment.currency, **changes}
    return SeenPayment(
        id=id or new_id("pay"),
        order_id=facts.pop("order_id", payment.gateway_order_id),
        status=status,
        **facts,
    )


def paid_at_sandbox(payment, status="captured") -> SandboxPayment:
    """The sandbox has the money; nobody has told us yet."""
    with as_system("test"):
        return SandboxPayment.objects.create(
            id=new_id("pay"),
            order_id=payment.gateway_order_id,
            status=status,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )


def deliver(client, raw, headers, *, gateway="razorpay"):
    """A webhook as its gateway would send it."""
    return client.post(
        f"/api/v1/payments/webhooks/{gateway}/",
        data=raw,
        content_type="application/json",
        headers=headers,
    )


def balanced():
    """Do the books sum to zero in every currency?"""
    with as_system("test"):
        return all(
            sum(line.balance_minor for line in trial_balance() if line.currency == currency) == 0
            for currency in {line.currency for line in trial_balance()}
        )


def run_jobs(name):
    """Run the enqueued jobs of one task, each once, as the worker would; how many."""
    with as_system("test"):
        jobs = list(
            ProcrastinateJob.objects.filter(task_name=f"payments.{name}", status="todo").order_by("id")
        )
    task = app.tasks[f"payments.{name}"]
    for job in jobs:
        task.func(**job.args)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = ANY(%s)", [[job.pk for job in jobs]])
    return len(jobs)


def fresh(row):
    with as_system("test"):
        return type(row).objects.get(pk=row.pk)
