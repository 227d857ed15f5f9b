"""Double-entry books in minor units. Debit is positive, credit negative; nothing is ever changed or deleted."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core import clock
from core.ids import uuid7
from core.querysets import ScopedQuerySet
from payments.models.money import Payment


class AccountKind(models.TextChoices):
    ASSET = "asset", "Asset"
    LIABILITY = "liability", "Liability"
    INCOME = "income", "Income"
    EXPENSE = "expense", "Expense"


class LedgerAccount(models.Model):
    """Where money is or whose it is: `gateway:razorpay`, `customer_funds`, `income:tune_purchase`,
    `payee:<user id>`. The owner may read its lines.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=AccountKind.choices)
    owner_id = models.UUIDField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=AccountKind.values), name="payments_account_kind_known"
            )
        ]

    def __str__(self) -> str:
        return self.code


class JournalEntry(models.Model):
    """One fact: (`source`, `kind`) is unique, so that a repeated fact books nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    description = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "journal entries"
        constraints = [models.UniqueConstraint(fields=["source", "kind"], name="payments_entry_once")]
        indexes = [models.Index(fields=["-at"], name="payments_entry_by_time")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.description}"


class PostingQuerySet(ScopedQuerySet["Posting"]):
    """The lines of one's own accounts."""

    def scope(self, user: Any) -> Q:
        return Q(account__owner_id=user.pk)


class Posting(models.Model):
    """One line of an entry. A deferred trigger holds: the lines of an entry sum to zero in each currency."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="postings")
    amount_minor = models.BigIntegerField(help_text="Minor units; debit positive, credit negative.")
    currency = models.CharField(max_length=3)

    objects: ClassVar[Any] = PostingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="payments_posting_not_zero"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="payments_posting_currency"
            ),
        ]
        indexes = [models.Index(fields=["account", "currency"], name="payments_posting_of_account")]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}"


class InvoiceSeries(models.Model):
    """The last number given in a year; its row lock makes the numbers gapless."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "invoice series"

    def __str__(self) -> str:
        return str(self.year)


class Invoice(models.Model):
    """Numbered in the settling transaction; the text is a snapshot, so that it never changes again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="invoice")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    issued_at = models.DateTimeField(default=clock.now)
    buyer = models.CharField(max_length=200, blank=True)
    seller = models.JSONField(default=dict)
    lines = models.JSONField(default=list)
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="payments_invoice_number_once")
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """As printed: `2026-000042`."""
        return f"{self.year}-{self.number:06d}"
