"""What is sold: plans with their benefits as data."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from core.models import Record
from core.querysets import ScopedQuerySet
from memberships.benefits import problems
from memberships.calendar import INTERVAL_CHOICES, INTERVALS


def known_benefits(value: Any) -> None:
    if found := problems(value):
        raise ValidationError(found)


class PlanQuerySet(ScopedQuerySet["Plan"]):
    """Everybody may read all live plans, with an account or without."""

    def history_of(self, user: Any) -> "PlanQuerySet":
        return self.all()


class Plan(Record):
    """A tier at a price. Members keep the price they joined at until their next renewal."""

    code = models.SlugField(
        max_length=40, unique=True, help_text="Other apps know the tier by it; never changed."
    )
    name = models.CharField(max_length=80)
    description = models.TextField(max_length=2000, blank=True)
    rank = models.PositiveSmallIntegerField(help_text="A higher rank is an upgrade.")
    price_minor = models.BigIntegerField(help_text="A period's price in minor units, tax included.")
    currency = models.CharField(max_length=3, default="INR")
    tax_bps = models.PositiveSmallIntegerField(
        default=0, help_text="The tax inside the price, in hundredths of a percent."
    )
    interval = models.CharField(max_length=8, choices=INTERVAL_CHOICES, default="month")
    benefits = models.JSONField(default=dict, blank=True, validators=[known_benefits])
    active = models.BooleanField(default=True, help_text="Can be joined; members of a retired plan stay.")

    objects: ClassVar[Any] = PlanQuerySet.as_manager()

    class Meta:
        ordering = ["rank", "price_minor"]
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="memberships_plan_price"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="memberships_plan_currency"
            ),
            models.CheckConstraint(condition=Q(tax_bps__lte=10_000), name="memberships_plan_tax"),
            models.CheckConstraint(condition=Q(interval__in=INTERVALS), name="memberships_plan_interval"),
        ]

    def __str__(self) -> str:
        return self.name


class PlanAtGateway(models.Model):
    """A plan as a gateway with subscriptions knows it. A new price is a new one there; old ones keep charging."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="at_gateways")
    gateway = models.CharField(max_length=20)
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=8)
    gateway_plan_id = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "plans at gateways"
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "gateway", "price_minor", "currency", "interval"],
                name="memberships_plan_at_gateway_once",
            )
        ]

    def __str__(self) -> str:
        return self.gateway_plan_id
