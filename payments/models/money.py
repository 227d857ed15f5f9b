"""Orders of ours, the money that came in for them, and the money that went back."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.models import Record
from core.querysets import ScopedQuerySet
from core.refs import Ref


class PaymentStatus(models.TextChoices):
    """The allowed moves stand in payments/states.py and in a database trigger."""

    CREATED = "created", "Waiting"
    AUTHORIZED = "authorized", "Authorised"
    CAPTURED = "captured", "Paid"
    PARTIALLY_REFUNDED = "partially_refunded", "Partly refunded"
    REFUNDED = "refunded", "Refunded"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"
    REVIEW = "review", "In review"
    DISPUTED = "disputed", "Disputed"
    CHARGED_BACK = "charged_back", "Charged back"


OPEN = (PaymentStatus.CREATED, PaymentStatus.AUTHORIZED, PaymentStatus.FAILED)
PAID = (PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED)


class PaymentQuerySet(ScopedQuerySet["Payment"]):
    owner_path = "user"


class Payment(Record):
    """What one payer owes for one thing (`target`), at one gateway; the snapshot of its quote included.

    `captured_minor` counts what was taken for it (second captures and mismatches aside), `refunded_minor` what
    of that went back; `amount_minor` is what the gateway is asked for, `rewards_minor` what the payer's rewards pay
    on top of it (payments/services/rewards.py). `honoured` is the payable's answer: null until asked.
    """

    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    subscription = models.ForeignKey(
        "payments.GatewaySubscription",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
    )
    gateway = models.CharField(max_length=20)
    gateway_plan_id = models.CharField(max_length=64, blank=True, help_text="Of a subscription's charge.")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=200)
    lines = models.JSONField(default=list, blank=True)
    payee_id = models.UUIDField(null=True, blank=True)
    commission_bps = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=20, choices=PaymentStatus.choices, default=PaymentStatus.CREATED)
    receipt = models.CharField(max_length=40, unique=True)
    gateway_order_id = models.CharField(max_length=64, null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    captured_at = models.DateTimeField(null=True, blank=True)
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    rewards_minor = models.BigIntegerField(default=0, help_text="Paid with rewards, on top of the amount.")
    rewards_back_minor = models.BigIntegerField(default=0)
    rewards_held = models.BooleanField(default=False, help_text="Taken from the payer's rewards account.")
    honoured = models.BooleanField(null=True, blank=True)
    review_reason = models.CharField(max_length=200, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    checks = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[Any] = PaymentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="payments_of_user"),
            models.Index(fields=["subject_kind", "subject_id"], name="payments_of_subject"),
            models.Index(
                fields=["next_check_at"], condition=Q(next_check_at__isnull=False), name="payments_to_check"
            ),
            models.Index(
                fields=["-captured_at"], condition=Q(captured_at__isnull=False), name="payments_by_day"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_amount_positive"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="payments_currency"),
            models.CheckConstraint(condition=Q(commission_bps__lte=10_000), name="payments_commission"),
            models.CheckConstraint(
                condition=Q(captured_minor__gte=0) & Q(captured_minor__lte=F("amount_minor")),
                name="payments_captured_in_bounds",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0) & Q(refunded_minor__lte=F("captured_minor")),
                name="payments_refund_never_above_paid",
            ),
            models.CheckConstraint(
                condition=Q(rewards_back_minor__gte=0) & Q(rewards_back_minor__lte=F("rewards_minor")),
                name="payments_rewards_back_in_bounds",
            ),
            models.CheckConstraint(
                condition=Q(status__in=PaymentStatus.values), name="payments_status_known"
            ),
            models.UniqueConstraint(fields=["gateway", "gateway_order_id"], name="payments_order_once"),
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id"],
                condition=Q(status__in=["created", "authorized", "failed"], subscription=None),
                name="payments_one_open_per_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.description} ({self.receipt[:8]})"

    @property
    def target(self) -> Ref:
        return Ref(self.subject_kind, self.subject_id)

    @property
    def left_minor(self) -> int:
        """What was taken and not given back."""
        return int(self.captured_minor - self.refunded_minor)

    @property
    def worth_minor(self) -> int:
        """The price of the thing: money and rewards together."""
        return int(self.amount_minor + self.rewards_minor)

    @property
    def worth_left_minor(self) -> int:
        """What was paid and not given back, money and rewards together."""
        rewards = self.rewards_minor - self.rewards_back_minor if self.captured_at else 0
        return int(self.left_minor + rewards)

    def money_in(self, worth_minor: int) -> int:
        """The money of a refund that gives `worth_minor` back, rewards in proportion; rounded up."""
        whole = self.worth_minor if self.captured_at else self.amount_minor
        return min(int(self.left_minor), -(-worth_minor * int(self.amount_minor) // whole))


class GatewayPaymentStatus(models.TextChoices):
    CREATED = "created", "Begun"
    FAILED = "failed", "Failed"
    AUTHORIZED = "authorized", "Authorised"
    CAPTURED = "captured", "Captured"


class GatewayPayment(Record):
    """One attempt to pay, as the gateway knows it (a card payment, a bundle of notes over the counter).

    `role` says what it is to us: it settles the order, it came on top (a second capture), or it differs from the
    order in amount or currency. `reserved_minor` counts refunds under way and done.
    """

    class Role(models.TextChoices):
        SETTLES = "settles", "Settles the order"
        EXTRA = "extra", "Came on top"
        MISMATCH = "mismatch", "Differs from the order"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    gateway = models.CharField(max_length=20)
    gateway_payment_id = models.CharField(max_length=64)
    status = models.CharField(max_length=12, choices=GatewayPaymentStatus.choices)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.SETTLES)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=40, blank=True)
    instrument = models.CharField(
        max_length=64,
        blank=True,
        help_text="A keyed hash of the card or account, where the gateway tells it.",
    )
    error = models.CharField(max_length=200, blank=True)
    reserved_minor = models.BigIntegerField(default=0)

    class Attempts(ScopedQuerySet["GatewayPayment"]):
        owner_path = "payment__user"

    objects: ClassVar[Any] = Attempts.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "gateway_payment_id"], name="payments_gateway_payment_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="payments_attempt_amount"),
            models.CheckConstraint(
                condition=Q(reserved_minor__gte=0) & Q(reserved_minor__lte=F("amount_minor")),
                name="payments_reserve_never_above_attempt",
            ),
            models.CheckConstraint(
                condition=Q(status__in=GatewayPaymentStatus.values), name="payments_attempt_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.gateway_payment_id


class RefundStatus(models.TextChoices):
    REQUESTED = "requested", "Requested"
    PROCESSING = "processing", "Processing"
    UNKNOWN = "unknown", "Outcome unknown"
    PROCESSED = "processed", "Processed"
    FAILED = "failed", "Failed"


class Refund(Record):
    """Money on its way back. `key` makes it one refund, however often it is asked for."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    attempt = models.ForeignKey(GatewayPayment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=12, choices=RefundStatus.choices, default=RefundStatus.REQUESTED)
    counts = models.BooleanField(
        default=True, help_text="Of the order's own money; else of what came on top."
    )
    key = models.CharField(max_length=80, unique=True)
    reason = models.CharField(max_length=200)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    gateway_refund_id = models.CharField(max_length=64, null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)

    class Refunds(ScopedQuerySet["Refund"]):
        owner_path = "payment__user"

    objects: ClassVar[Any] = Refunds.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["updated_at"],
                condition=Q(status__in=["requested", "processing", "unknown"]),
                name="payments_refunds_under_way",
            )
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_refund_positive"),
            models.CheckConstraint(
                condition=Q(status__in=RefundStatus.values), name="payments_refund_status_known"
            ),
            models.UniqueConstraint(
                fields=["attempt", "gateway_refund_id"], name="payments_gateway_refund_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Refund of {self.payment}"


class DisputeStatus(models.TextChoices):
    OPEN = "open", "Open"
    WON = "won", "Won"
    LOST = "lost", "Lost"
    CLOSED = "closed", "Closed"


class Dispute(Record):
    """A chargeback that the payer's bank asked for."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    gateway = models.CharField(max_length=20)
    gateway_dispute_id = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=8, choices=DisputeStatus.choices, default=DisputeStatus.OPEN)
    reason = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Disputes(ScopedQuerySet["Dispute"]):
        owner_path = "payment__user"

    objects: ClassVar[Any] = Disputes.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "gateway_dispute_id"], name="payments_dispute_once"),
            models.CheckConstraint(
                condition=Q(status__in=DisputeStatus.values), name="payments_dispute_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Dispute of {self.payment}"
