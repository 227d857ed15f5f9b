"""A member whose standing order Razorpay's stand-in keeps: its cycles, its charges, and the news of them."""

from datetime import timedelta
from uuid import uuid4

from core import clock
from core.clock import held_at
from core.rls import as_system
from core.testing.jobs import run_jobs
from memberships.models import Membership
from memberships.services import joining
from memberships.tests.making import make_plan
from payments.errors import GatewayUnavailable
from payments.models import Payment
from payments.models.money import OPEN
from payments.services import webhooks
from tests.standins.razorpay import new_id
from users.models import User

CYCLE = timedelta(days=30)


class Standing:
    """Time goes on by `wait`; `cycle_ends` charges as the gateway would; news are kept until `told`. `taken` are the payments that the member was charged."""

    def __init__(self, standin, code="plus"):
        self.standin, self.now, self.news, self.old_news, self.taken = standin, clock.now(), [], [], []
        with as_system("test"):
            plans = {name: make_plan(name) for name in ("basic", "plus", "pro")}
            self.user = User.objects.create_user(email=f"{uuid4().hex}@example.com", password=None)
        self.plans = plans
        made = joining.subscribe(user=self.user, plan=plans[code])
        self.membership_id = made.membership.pk
        self.id = made.subscription.gateway_subscription_id
        self.end = self.now
        self.cycle_ends()
        self.told()

    @property
    def row(self):
        with as_system("test"):
            return Membership.objects.select_related("plan", "subscription").get(pk=self.membership_id)

    def wait(self, **span):
        self.now += timedelta(**span)

    def cycle_ends(self):
        """At the end of a cycle the gateway charges what it holds, and has something to tell."""
        self.now = max(self.now, self.end + timedelta(minutes=5))
        plan = self.standin.next_cycle(self.id)
        if plan is None:
            return
        start, self.end = self.end, self.end + CYCLE
        entity = self.standin.subscriptions[self.id] | {
            "status": "active", "current_start": int(start.timestamp()), "current_end": int(self.end.timestamp()),
        }  # fmt: skip
        self.standin.subscriptions[self.id].update(status="active")
        charge = {
            "id": new_id("pay"), "order_id": new_id("order"), "status": "captured", "method": "card",
            "amount": plan["item"]["amount"], "currency": "INR", "amount_refunded": 0,
        }  # fmt: skip
        self.standin.payments[charge["id"]] = charge
        self.taken.append(charge["id"])
        shown = {key: value for key, value in entity.items() if not key.startswith("_")}
        self.news.append(
            self.standin.webhook("subscription.charged", subscription=shown, payment=dict(charge))
        )

    def told(self, newest_first=False):
        """All news arrive."""
        for raw, headers in reversed(self.news) if newest_first else self.news:
            self._receive(raw, headers)
        self.old_news += self.news
        self.news = []

    def told_again(self):
        for raw, headers in self.old_news:
            self._receive(raw, headers | {"X-Razorpay-Event-Id": new_id("evt")})

    def _receive(self, raw, headers):
        with held_at(self.now):
            webhooks.receive(gateway="razorpay", raw=raw, headers=headers)

    def change(self, code, **more):
        with held_at(self.now):
            return joining.change(user=self.user, plan=self.plans[code], **more)

    def pays(self, *, late=False):
        """The member pays what is open (or was), and Razorpay tells us."""
        wanted = ["expired"] if late else OPEN
        order = (
            Payment.objects.filter(user=self.user, status__in=wanted).exclude(gateway_order_id=None).first()
        )
        if order is not None:
            payment, _ = self.standin.pay(order.gateway_order_id)
            self.taken.append(payment["id"])
            self._receive(*self.standin.webhook("payment.captured", payment=payment))

    def order(self, wanted=OPEN):
        with as_system("test"):
            rows = Payment.objects.filter(user=self.user, status__in=wanted)
            return rows.exclude(gateway_order_id=None).first()

    def jobs(self):
        with held_at(self.now):
            run_jobs(rounds=8)

    def jobs_meet_silence(self):
        """Nothing that changes a subscription is answered."""
        self.standin.trip("PATCH|cancel_scheduled", status=503)
        try:
            self.jobs()
        except GatewayUnavailable:
            return
        finally:
            self.standin.traps.clear()
