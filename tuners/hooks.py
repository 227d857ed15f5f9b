"""What tuners plugs into other apps."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from core import clock
from core.ports import dashboard_cards, demo_worlds, file_holders, personal_data
from tuners.models import (
    ApplicationStatus,
    Speciality,
    TunerApplication,
    TunerCertification,
    TunerProfile,
    TunerReview,
    Verification,
)

SOON = timedelta(days=30)


class TunersCard:
    title = "Tuners"

    def rows(self) -> list[tuple[str, str]]:
        waiting = TunerApplication.objects.filter(status=ApplicationStatus.SUBMITTED)
        ending = TunerProfile.objects.listed().filter(verified_until__lte=(clock.now() + SOON).date())
        return [
            ("Verified", str(TunerProfile.objects.listed().count())),
            ("Applications to decide", str(waiting.count())),
            ("Ending within 30 days", str(ending.count())),
        ]

    def chart(self) -> Mapping[str, Any] | None:
        return None


class TunersData:
    """A person's applications, certifications, profile and reviews."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        return {
            "tuner_profile": list(
                TunerProfile.objects.filter(user_id=user_id).values(
                    "business", "bio", "location", "lat", "lng", "specialities", "status", "verified_at"
                )
            ),
            "tuner_applications": list(
                TunerApplication.objects.filter(user_id=user_id).values(
                    "business", "bio", "location", "lat", "lng", "statement", "status", "reason", "created_at"
                )
            ),
            "tuner_certifications": list(
                TunerCertification.objects.filter(user_id=user_id).values(
                    "kind", "title", "issuer", "number", "expires_on", "file_id", "status"
                )
            ),
            "tuner_reviews": list(
                TunerReview.objects.filter(author_id=user_id).values(
                    "tuner__business", "rating", "text", "created_at"
                )
            ),
        }

    def erase(self, user_id: UUID) -> None:
        """Words and papers go; what was bought stays with its buyers, and stars stay counted."""
        now = clock.now()
        TunerProfile.objects.filter(user_id=user_id).update(
            business="Former tuner",
            bio="",
            location="",
            lat=None,
            lng=None,
            specialities=[],
            status=Verification.SUSPENDED,
            suspended_reason="Account erased",
            deleted_at=now,
        )
        TunerApplication.objects.filter(user_id=user_id).delete()
        TunerReview.objects.filter(author_id=user_id).update(text="")


class CertificationFiles:
    """The papers of an application are kept while it exists."""

    def holds(self, file_id: UUID) -> bool:
        return bool(TunerCertification.objects.filter(file_id=file_id, deleted_at=None).exists())


class DemoTuners:
    """Tara is verified and has a workshop in Pune."""

    def fill(self, world: dict[str, Any]) -> None:
        profile, _ = TunerProfile.objects.get_or_create(
            user=world["tara"],
            defaults={
                "business": "Tara Tuning",
                "bio": "Fuel and ignition maps made on our own dyno, one bike at a time.",
                "location": "Pune",
                "lat": 18.5204,
                "lng": 73.8567,
                "specialities": [Speciality.REMAP, Speciality.DYNO, Speciality.TOURING],
            },
        )
        world["tara_tuner"] = profile


dashboard_cards.register("tuners", TunersCard())
personal_data.register("tuners", TunersData())
file_holders.register("tuners.certifications", CertificationFiles())
demo_worlds.register("tuners", DemoTuners())
