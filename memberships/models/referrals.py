"""Codes, who came by whom, and what rewards were given."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from core.models import Record
from core.querysets import ScopedQuerySet
from memberships.models.members import ByMember


class ReferralCode(Record):
    """What somebody gives to friends. Each person has one `own` code; staff may add vanity codes, that may end.

    Stored in capitals; unique in any case. An erased person's code is a tombstone and opens nothing.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=24)
    own = models.BooleanField(default=False, editable=False, help_text="The random one that everybody gets.")
    expires_at = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(default=True)

    objects: ClassVar[Any] = ByMember.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Upper("code"), name="memberships_code_once"),
            models.UniqueConstraint(fields=["user"], condition=Q(own=True), name="memberships_one_own_code"),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Z0-9][A-Z0-9-]{2,22}[A-Z0-9]$"), name="memberships_code_shape"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ReferralStatus(models.TextChoices):
    """The allowed moves stand in memberships/states.py and in a database trigger."""

    PENDING = "pending", "Waiting for a first payment"
    QUALIFIED = "qualified", "Qualified"
    CREDITED = "credited", "Credited"
    REVERSED = "reversed", "Taken back"
    REJECTED = "rejected", "Rejected"


class Referral(Record):
    """Somebody came by somebody's code; once in a life.

    `phone_hash` and `device_hashes` are keyed hashes of what the newcomer came with: they outlive an erased account,
    so that one phone is not referred twice. `payment_id` is the first payment, `judged_by` the person who decided.
    """

    referrer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    referred = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    code = models.ForeignKey(ReferralCode, on_delete=models.SET_NULL, null=True, related_name="+")
    code_text = models.CharField(max_length=24)
    status = models.CharField(max_length=10, choices=ReferralStatus.choices, default=ReferralStatus.PENDING)
    reasons = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    note = models.CharField(max_length=300, blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    phone_hash = models.CharField(max_length=64, blank=True)
    device_hashes = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    payment_id = models.UUIDField(null=True, blank=True)
    qualified_at = models.DateTimeField(null=True, blank=True)
    credit_after = models.DateTimeField(null=True, blank=True)
    credited_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Rejected or taken back.")

    class OfReferrer(ScopedQuerySet["Referral"]):
        owner_path = "referrer"

    objects: ClassVar[Any] = OfReferrer.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["referrer", "-created_at", "-id"], name="memberships_referrals_of"),
            models.Index(
                fields=["credit_after"], condition=Q(status="qualified"), name="memberships_to_credit"
            ),
            models.Index(
                fields=["payment_id"], condition=Q(payment_id__isnull=False), name="memberships_by_payment"
            ),
            models.Index(fields=["phone_hash"], condition=~Q(phone_hash=""), name="memberships_by_phone"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["referred"], name="memberships_referred_once"),
            models.CheckConstraint(condition=~Q(referrer=F("referred")), name="memberships_not_oneself"),
            models.CheckConstraint(
                condition=Q(status__in=ReferralStatus.values), name="memberships_referral_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["qualified", "credited", "reversed"]) | Q(payment_id__isnull=False),
                name="memberships_qualified_by_a_payment",
            ),
            models.CheckConstraint(
                condition=~Q(status="rejected") | ~Q(reasons=[]), name="memberships_rejected_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.referred} by {self.referrer}"


class GrantReason(models.TextChoices):
    REFERRER = "referrer", "Brought a friend"
    REFERRED = "referred", "Came by a friend"
    GOODWILL = "goodwill", "Goodwill"


class RewardGrant(Record):
    """Rewards that were given, and until when they can be spent. The balance is the ledger's, not ours.

    `taken_minor` is what of it ran out or was taken back; `closed_at` says that this was looked into.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=8, choices=GrantReason.choices)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=80, unique=True, editable=False)
    note = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField()
    taken_minor = models.BigIntegerField(default=0)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ByMember.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(closed_at=None), name="memberships_grants_to_expire"
            ),
            models.Index(fields=["user", "expires_at"], name="memberships_grants_of"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="memberships_grant_positive"),
            models.CheckConstraint(
                condition=Q(taken_minor__gte=0) & Q(taken_minor__lte=F("amount_minor")),
                name="memberships_taken_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}, {self.user}"
