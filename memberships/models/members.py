"""Who is a member, since when, until when, and what each period cost."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.models import Record
from core.querysets import ScopedQuerySet
from memberships.models.plans import Plan
from memberships.states import LIVE
from payments.models import GatewaySubscription


class ByMember(ScopedQuerySet[Any]):
    owner_path = "user"


class MembershipStatus(models.TextChoices):
    """The allowed moves stand in memberships/states.py and in a database trigger."""

    INCOMPLETE = "incomplete", "Waiting for the first payment"
    ACTIVE = "active", "Active"
    PAST_DUE = "past_due", "Payment due"
    HALTED = "halted", "Halted"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


class EndReason(models.TextChoices):
    BY_MEMBER = "by_member", "Cancelled by the member"
    UNPAID = "unpaid", "Not paid any more"
    NEVER_PAID = "never_paid", "Never paid"
    REFUNDED = "refunded", "Refunded"
    CHARGED_BACK = "charged_back", "Charged back"
    REPLACED = "replaced", "Another plan was chosen before paying"
    STAFF = "staff", "Ended by staff"
    ERASED = "erased", "Account erased"


class ChurnReason(models.TextChoices):
    """Why somebody leaves, in their own choice of words."""

    PRICE = "price", "Too expensive"
    UNUSED = "unused", "Not used enough"
    MISSING = "missing", "Something is missing"
    SERVICE = "service", "Unhappy with the service"
    SOLD = "sold", "The vehicle is sold"
    OTHER = "other", "Another reason"


class Membership(Record):
    """One person's membership from joining to its end; at most one is live. The life itself is machine.py's.

    `price_minor` is what the present period cost. `subscription` renews it at its gateway; without one our own job
    sells each period as an order. `suspended_at`: a chargeback is under way, benefits rest.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="memberships")
    next_plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(
        max_length=12, choices=MembershipStatus.choices, default=MembershipStatus.INCOMPLETE
    )
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=8)
    anchor_day = models.PositiveSmallIntegerField(default=1)
    gateway = models.CharField(
        max_length=20, blank=True, help_text="How the member pays; empty: the default."
    )
    subscription = models.ForeignKey(
        GatewaySubscription, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    cancel_at_period_end = models.BooleanField(default=False)
    halted_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=12, choices=EndReason.choices, blank=True)
    churn_reason = models.CharField(max_length=8, choices=ChurnReason.choices, blank=True)
    churn_note = models.CharField(max_length=500, blank=True)
    told_until = models.DateTimeField(
        null=True, blank=True, help_text="The end of period that the member was told of."
    )

    objects: ClassVar[Any] = ByMember.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["period_end"], condition=Q(status__in=LIVE), name="memberships_live_by_end"),
            models.Index(fields=["user", "-created_at"], name="memberships_of_user"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(status__in=LIVE), name="memberships_one_live"
            ),
            models.CheckConstraint(
                condition=Q(status__in=MembershipStatus.values), name="memberships_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["incomplete", "cancelled", "expired"])
                | Q(period_end__isnull=False, started_at__isnull=False),
                name="memberships_paid_has_a_period",
            ),
            models.CheckConstraint(
                condition=Q(period_end=None) | Q(period_end__gt=F("period_start")),
                name="memberships_period_forward",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["cancelled", "expired"], ended_at__isnull=False)
                | Q(status__in=LIVE, ended_at=None),
                name="memberships_end_dated",
            ),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="memberships_price"),
            models.CheckConstraint(condition=Q(anchor_day__range=(1, 31)), name="memberships_anchor_day"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} of {self.user}"


class InvoiceKind(models.TextChoices):
    FIRST = "first", "First period"
    RENEWAL = "renewal", "Renewal"
    UPGRADE = "upgrade", "Upgrade"


class InvoiceStatus(models.TextChoices):
    OPEN = "open", "To pay"
    PAID = "paid", "Paid"
    VOID = "void", "Void"
    REFUNDED = "refunded", "Refunded"


class MembershipInvoice(Record):
    """What one period (or the step up to a better plan) costs; at most one is to pay.

    The paper with a number is payments' invoice of `payment_id`. `old_plan` and
    `old_period_end` are what a refunded upgrade goes back to.
    """

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="invoices")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    old_plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    old_period_end = models.DateTimeField(null=True, blank=True)
    kind = models.CharField(max_length=8, choices=InvoiceKind.choices)
    status = models.CharField(max_length=8, choices=InvoiceStatus.choices, default=InvoiceStatus.OPEN)
    price_minor = models.BigIntegerField(help_text="Of the period.")
    credit_minor = models.BigIntegerField(default=0, help_text="For what is left of the period before.")
    currency = models.CharField(max_length=3)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    payment_id = models.UUIDField(null=True, blank=True, unique=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    class OfMembership(ScopedQuerySet["MembershipInvoice"]):
        owner_path = "membership__user"

    objects: ClassVar[Any] = OfMembership.as_manager()

    class Meta:
        indexes = [models.Index(fields=["membership", "-created_at"], name="memberships_invoices_of")]
        constraints = [
            models.UniqueConstraint(
                fields=["membership"], condition=Q(status="open"), name="memberships_one_open_invoice"
            ),
            models.CheckConstraint(
                condition=Q(status__in=InvoiceStatus.values), name="memberships_invoice_status_known"
            ),
            models.CheckConstraint(
                condition=Q(price_minor__gt=0) & Q(credit_minor__gte=0), name="memberships_invoice_amounts"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "void"]) | Q(paid_at__isnull=False),
                name="memberships_invoice_paid_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.plan}"

    @property
    def keeps_cycle(self) -> bool:
        """Is it a step up for the rest of a cycle that the gateway charges?"""
        return self.kind == InvoiceKind.UPGRADE and self.period_end == self.old_period_end is not None

    @property
    def due_minor(self) -> int:
        """What is to pay; nothing where the credit covers the price."""
        return max(0, int(self.price_minor - self.credit_minor))
