"""Subscriptions at the gateway, and money that goes out to payees."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.models import Record
from core.querysets import ScopedQuerySet
from core.refs import Ref


class SubscriptionStatus(models.TextChoices):
    CREATED = "created", "Waiting for the first payment"
    AUTHENTICATED = "authenticated", "Authorised"
    ACTIVE = "active", "Active"
    PENDING = "pending", "Payment failed, tried again"
    HALTED = "halted", "Halted"
    PAUSED = "paused", "Paused"
    CANCELLED = "cancelled", "Cancelled"
    COMPLETED = "completed", "Completed"
    EXPIRED = "expired", "Expired"


class GatewaySubscription(Record):
    """A standing order at the gateway for a thing that is paid again and again (a membership).

    `gateway_plan_id` and `amount_minor` are those of the newest cycle that we heard of.
    """

    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    gateway = models.CharField(max_length=20)
    gateway_subscription_id = models.CharField(max_length=64)
    gateway_plan_id = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=200)
    status = models.CharField(
        max_length=14, choices=SubscriptionStatus.choices, default=SubscriptionStatus.CREATED
    )
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    short_url = models.CharField(max_length=300, blank=True)
    terms = models.JSONField(
        default=dict,
        blank=True,
        help_text="What its payer agreed to: amounts a period by plan at the gateway.",
    )
    next_gateway_plan_id = models.CharField(
        max_length=64,
        blank=True,
        help_text="The plan that the gateway was asked to charge from the next cycle on.",
    )

    class Subscriptions(ScopedQuerySet["GatewaySubscription"]):
        owner_path = "user"

    objects: ClassVar[Any] = Subscriptions.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "gateway_subscription_id"], name="payments_subscription_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=SubscriptionStatus.values), name="payments_subscription_status_known"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_subscription_amount"),
        ]

    def __str__(self) -> str:
        return self.description

    @property
    def target(self) -> Ref:
        return Ref(self.subject_kind, self.subject_id)

    def agreed(self, gateway_plan_id: str) -> int:
        """What a cycle of that plan costs, minor units; of an unknown one what the newest cycle does."""
        return int(self.terms.get(gateway_plan_id, self.amount_minor))


class PayoutAccount(Record):
    """Where a payee's money goes: a linked account at a gateway that can transfer. Verified by staff."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    gateway = models.CharField(max_length=20)
    gateway_account_id = models.CharField(max_length=64)
    label = models.CharField(max_length=80, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    class Accounts(ScopedQuerySet["PayoutAccount"]):
        owner_path = "user"

    objects: ClassVar[Any] = Accounts.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(deleted_at=None), name="payments_one_live_payout_account"
            )
        ]

    def __str__(self) -> str:
        return self.label or self.gateway_account_id


class PayoutStatus(models.TextChoices):
    SCHEDULED = "scheduled", "Scheduled"
    PROCESSING = "processing", "Processing"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    REVERSED = "reversed", "Reversed"


class Payout(Record):
    """Cleared earnings on their way to a payee. The ledger is debited when it is scheduled."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(PayoutAccount, on_delete=models.PROTECT, related_name="payouts")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=12, choices=PayoutStatus.choices, default=PayoutStatus.SCHEDULED)
    key = models.CharField(max_length=80, unique=True)
    gateway_transfer_id = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=200, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    reversed_minor = models.BigIntegerField(default=0, help_text="Come back, or asked to.")

    class Payouts(ScopedQuerySet["Payout"]):
        owner_path = "user"

    objects: ClassVar[Any] = Payouts.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_payout_positive"),
            models.CheckConstraint(
                condition=Q(status__in=PayoutStatus.values), name="payments_payout_status_known"
            ),
            models.CheckConstraint(
                condition=Q(reversed_minor__gte=0, reversed_minor__lte=F("amount_minor")),
                name="payments_payout_back_at_most_once",
            ),
        ]

    def __str__(self) -> str:
        return f"Payout to {self.account}"

    @property
    def left_minor(self) -> int:
        """What can still be fetched back."""
        return self.amount_minor - self.reversed_minor


class PayoutReversal(Record):
    """A payout, or a part of it, on its way back: before a refund that its payee can't cover, or asked for by staff."""

    class Status(models.TextChoices):
        REQUESTED = "requested", "Requested"
        PROCESSED = "processed", "Processed"
        FAILED = "failed", "Failed"

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="reversals")
    refund = models.ForeignKey("Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.REQUESTED)
    key = models.CharField(max_length=80, unique=True)
    gateway_reversal_id = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Reversals(ScopedQuerySet["PayoutReversal"]):
        owner_path = "payout__user"

    objects: ClassVar[Any] = Reversals.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_reversal_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["requested", "processed", "failed"]),
                name="payments_reversal_status_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(status="requested"), name="payments_reversals_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()}: {self.reason}"

    @property
    def currency(self) -> str:
        return self.payout.currency
