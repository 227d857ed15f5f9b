"""Those who make tunes: their public profile, how they were verified, and what people say of them."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q

from core import clock
from core.models import Record
from core.querysets import ScopedQuerySet

# The prior of a rating: as if everybody had five reviews of 3.5 already (a Bayesian mean), so that one
# enthusiast does not beat fifty customers.
PRIOR_WEIGHT, PRIOR_SUM = 5, 17.5


def bayesian(total: str = "rating_sum", number: str = "rating_count") -> Any:
    """(prior + sum) / (prior weight + count), 1 to 5, as an expression over one row."""
    return (F(total) + PRIOR_SUM) / (F(number) + float(PRIOR_WEIGHT))


class Speciality(models.TextChoices):
    REMAP = "remap", "ECU remap"
    DYNO = "dyno", "Dyno"
    FUEL_INJECTION = "fuel_injection", "Fuel injection"
    CARBURETTOR = "carburettor", "Carburettor"
    TURBO = "turbo", "Turbo and supercharger"
    E85 = "e85", "Ethanol fuels"
    RACE = "race", "Race"
    TOURING = "touring", "Touring"
    TWO_STROKE = "two_stroke", "Two-stroke"
    DIAGNOSTICS = "diagnostics", "Diagnostics"
    STANDALONE_ECU = "standalone_ecu", "Standalone ECU"
    ELECTRIC = "electric", "Electric"


class TunerRole(models.TextChoices):
    TUNER = "TUNER", "Tuner"
    CREATOR = "CREATOR", "Creator"


class Verification(models.TextChoices):
    VERIFIED = "verified", "Verified"
    LAPSED = "lapsed", "A certification expired"
    SUSPENDED = "suspended", "Suspended by staff"


class TunerQuerySet(ScopedQuerySet["TunerProfile"]):
    """Verified profiles are public; any other is seen by its owner only."""

    owner_path = "user"

    def history_of(self, user: Any) -> "TunerQuerySet":
        return self.filter(self.scope(user))

    def scope(self, user: Any) -> Q:
        return Q(user=user) | self.verified_now() if user.is_authenticated else self.verified_now()

    def verified_now(self) -> Q:
        today = clock.now().date()
        lasting = Q(verified_until=None) | Q(verified_until__gte=today)
        return Q(status=Verification.VERIFIED, deleted_at=None) & lasting

    def listed(self) -> "TunerQuerySet":
        return self.filter(self.verified_now())


class TunerProfile(Record):
    """Made when the first application is approved, so that it holds nothing but what everybody may read."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    business = models.CharField(max_length=120)
    bio = models.TextField(max_length=4000, blank=True)
    location = models.CharField(max_length=120, blank=True)
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    specialities = ArrayField(
        models.CharField(max_length=20, choices=Speciality.choices), default=list, blank=True, size=12
    )
    role = models.CharField(max_length=10, choices=TunerRole.choices, default=TunerRole.TUNER)
    status = models.CharField(max_length=10, choices=Verification.choices, default=Verification.VERIFIED)
    verified_at = models.DateTimeField(default=clock.now)
    verified_until = models.DateField(
        null=True, blank=True, help_text="The earliest expiry of a certification."
    )
    suspended_reason = models.CharField(max_length=300, blank=True)
    # Kept by a trigger on the reviews; `score` follows by itself.
    rating_sum = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    rating_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    score = models.GeneratedField(
        expression=bayesian(),
        output_field=models.FloatField(),
        db_persist=True,
        verbose_name="Bayesian rating",
    )
    document = models.GeneratedField(
        expression=SearchVector("business", "location", config="simple", weight="A")
        + SearchVector("business", "bio", "location", config="english", weight="B"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects: ClassVar[Any] = TunerQuerySet.as_manager()

    class Meta:
        verbose_name = "tuner"
        constraints = [
            models.CheckConstraint(
                condition=Q(lat=None, lng=None) | Q(lat__range=(-90, 90), lng__range=(-180, 180)),
                name="tuners_point_on_earth",
            ),
            models.CheckConstraint(condition=~Q(business=""), name="tuners_business_named"),
            models.CheckConstraint(
                condition=Q(rating_sum__gte=F("rating_count")) & Q(rating_sum__lte=F("rating_count") * 5),
                name="tuners_rating_plausible",
            ),
        ]
        indexes = [
            GinIndex(fields=["document"], name="tuners_document"),
            GinIndex(fields=["specialities"], name="tuners_specialities"),
            models.Index(fields=["-score", "-id"], name="tuners_by_score"),
            models.Index(fields=["lat", "lng"], name="tuners_near"),
        ]

    def __str__(self) -> str:
        return self.business

    @property
    def verified(self) -> bool:
        """Verified now: staff said so, and no certification has expired since."""
        lasting = self.verified_until is None or self.verified_until >= clock.now().date()
        return self.status == Verification.VERIFIED and self.deleted_at is None and lasting

    @property
    def rating(self) -> float | None:
        """The plain mean of the visible reviews, two decimals; None without any."""
        return round(self.rating_sum / self.rating_count, 2) if self.rating_count else None


class ApplicationStatus(models.TextChoices):
    SUBMITTED = "submitted", "Submitted"
    APPROVED = "approved", "Approved"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ByUser(ScopedQuerySet[Any]):
    owner_path = "user"


class TunerApplication(Record):
    """What somebody sends to become a verified tuner, or to stay one. submitted -> approved|refused|withdrawn."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, choices=TunerRole.choices, default=TunerRole.TUNER)
    business = models.CharField(max_length=120)
    bio = models.TextField(max_length=4000, blank=True)
    location = models.CharField(max_length=120, blank=True)
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    specialities = ArrayField(
        models.CharField(max_length=20, choices=Speciality.choices), default=list, blank=True, size=12
    )
    statement = models.TextField(
        max_length=4000, blank=True, help_text="For the people who decide; not shown."
    )
    status = models.CharField(
        max_length=10, choices=ApplicationStatus.choices, default=ApplicationStatus.SUBMITTED
    )
    reason = models.CharField(max_length=500, blank=True, help_text="What the applicant is told.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ByUser.as_manager()

    class Meta:
        verbose_name = "application"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(status="submitted"), name="tuners_one_open_application"
            ),
            models.CheckConstraint(
                condition=Q(lat=None, lng=None) | Q(lat__range=(-90, 90), lng__range=(-180, 180)),
                name="tuners_applicant_on_earth",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["submitted", "withdrawn"]) | Q(decided_at__isnull=False),
                name="tuners_decision_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business} ({self.get_status_display().lower()})"


class CertificationKind(models.TextChoices):
    BUSINESS = "business", "Business registration"
    TRAINING = "training", "Training"
    MANUFACTURER = "manufacturer", "Manufacturer or tool maker"
    INSURANCE = "insurance", "Liability insurance"
    IDENTITY = "identity", "Identity"
    OTHER = "other", "Other"


class Checked(models.TextChoices):
    PENDING = "pending", "Not looked at"
    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Refused"


class TunerCertification(Record):
    """One document behind an application. Only its owner and staff ever read the file."""

    application = models.ForeignKey(TunerApplication, on_delete=models.CASCADE, related_name="certifications")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=CertificationKind.choices)
    title = models.CharField(max_length=160)
    issuer = models.CharField(max_length=160, blank=True)
    number = models.CharField(max_length=80, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    file_id = models.UUIDField(help_text="The stored file; private.")
    status = models.CharField(max_length=10, choices=Checked.choices, default=Checked.PENDING)
    reason = models.CharField(max_length=300, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ByUser.as_manager()

    class Meta:
        verbose_name = "certification"
        constraints = [
            models.UniqueConstraint(fields=["application", "file_id"], name="tuners_document_once"),
            models.CheckConstraint(
                condition=Q(status="pending") | Q(reviewed_at__isnull=False), name="tuners_check_dated"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ReviewQuerySet(ScopedQuerySet["TunerReview"]):
    """Everybody reads reviews that staff did not hide; an author also reads their own hidden one."""

    owner_path = "author"

    def history_of(self, user: Any) -> "ReviewQuerySet":
        return self.filter(self.scope(user))

    def scope(self, user: Any) -> Q:
        public = Q(hidden_reason="")
        return public | Q(author=user) if user.is_authenticated else public


class TunerReview(Record):
    """One a person and tuner, by the right of a purchase or a finished visit."""

    tuner = models.ForeignKey(TunerProfile, on_delete=models.CASCADE, related_name="reviews")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    right_kind = models.CharField(max_length=40, editable=False)
    right_id = models.UUIDField(editable=False)
    rating = models.PositiveSmallIntegerField()
    text = models.TextField(max_length=4000, blank=True)
    reply = models.TextField(max_length=4000, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    hidden_reason = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = "review"
        constraints = [
            models.UniqueConstraint(fields=["tuner", "author"], name="tuners_one_review"),
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="tuners_one_to_five"),
        ]
        indexes = [models.Index(fields=["tuner", "-created_at", "-id"], name="tuners_reviews_of")]

    def __str__(self) -> str:
        return f"{self.rating} of 5"
