"""What gateways told us, the timeline of a payment, and the sandbox gateway's own memory. Staff and system only."""

from django.db import models
from django.db.models import Q

from core import clock
from core.ids import uuid7
from payments.models.money import Payment


class WebhookEvent(models.Model):
    """A verified webhook, stored before anything else is done with it; retried until handled."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        HANDLED = "handled", "Handled"
        IGNORED = "ignored", "Nothing to do"
        FAILED = "failed", "Fails again and again"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gateway = models.CharField(max_length=20)
    event_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=60)
    raw = models.BinaryField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField(default=clock.now)
    handled_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(default=clock.now)
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="webhooks"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="payments_event_once")]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(state__in=["pending", "failed"]),
                name="payments_events_to_do",
            )
        ]

    def __str__(self) -> str:
        return self.kind


class PaymentEvent(models.Model):
    """One line of a payment's timeline; inserted only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(default=clock.now)
    kind = models.CharField(max_length=40)
    source = models.CharField(max_length=20, help_text="verify, webhook, reconcile, staff, timer, api")
    detail = models.CharField(max_length=300, blank=True)
    actor = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["payment", "at"], name="payments_timeline")]

    def __str__(self) -> str:
        return self.kind


class SandboxOrder(models.Model):
    """The sandbox gateway's side of an order: what a real gateway would keep at its own place."""

    id = models.CharField(max_length=40, primary_key=True)
    receipt = models.CharField(max_length=40, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.id


class SandboxPayment(models.Model):
    id = models.CharField(max_length=40, primary_key=True)
    order = models.ForeignKey(SandboxOrder, on_delete=models.CASCADE, related_name="payments")
    status = models.CharField(max_length=12)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    card = models.JSONField(default=dict, blank=True, help_text="What the payer says to have paid with.")
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.id


class SandboxRefund(models.Model):
    id = models.CharField(max_length=40, primary_key=True)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.CASCADE, related_name="refunds")
    key = models.CharField(max_length=80, unique=True)
    amount_minor = models.BigIntegerField()
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.id
