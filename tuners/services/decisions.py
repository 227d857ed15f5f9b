"""What staff decide. The roles TUNER and CREATOR come from here and from nowhere else."""

from core import audit, clock
from core.notes import notify
from core.rls import as_system
from tuners.errors import ApplicationDecided, CertificationsOpen
from tuners.models import (
    ApplicationStatus,
    Checked,
    TunerApplication,
    TunerCertification,
    TunerProfile,
    TunerRole,
    Verification,
)
from users.models import Role, User

WHY = "staff decide about other people's applications"
SHOWN = ("business", "bio", "location", "lat", "lng", "specialities")  # what an approval makes public


def check_certification(
    *, certification: TunerCertification, staff: User, accepted: bool, reason: str = ""
) -> TunerCertification:
    """Accept or refuse one document while its application is open. Raises ApplicationDecided (409)."""
    with as_system(WHY):
        application = _locked(certification.application_id)
        if application.status != ApplicationStatus.SUBMITTED:
            raise ApplicationDecided
        certification.status = Checked.ACCEPTED if accepted else Checked.REFUSED
        certification.reason = reason
        certification.reviewed_by = staff
        certification.reviewed_at = clock.now()
        certification.save(update_fields=["status", "reason", "reviewed_by", "reviewed_at"])
        audit.record(
            "tuner.certification", actor=staff.pk, target=certification.pk, outcome=certification.status
        )
    return certification


def approve(*, application: TunerApplication, staff: User) -> TunerProfile:
    """Verify the applicant: profile, role, and an end at the earliest expiry of an accepted certification.

    Raises ApplicationDecided, CertificationsOpen (409).
    """
    with as_system(WHY):
        locked = _locked(application.pk)
        if locked.status != ApplicationStatus.SUBMITTED:
            raise ApplicationDecided
        papers = list(locked.certifications.all())
        if any(paper.status == Checked.PENDING for paper in papers):
            raise CertificationsOpen
        ends = [paper.expires_on for paper in papers if paper.status == Checked.ACCEPTED and paper.expires_on]
        profile, _ = TunerProfile.objects.update_or_create(
            user_id=locked.user_id,
            defaults={
                **{name: getattr(locked, name) for name in SHOWN},
                "role": locked.role,
                "status": Verification.VERIFIED,
                "verified_at": clock.now(),
                "verified_until": min(ends, default=None),
                "suspended_reason": "",
                "deleted_at": None,
            },
        )
        _decide(locked, staff, ApplicationStatus.APPROVED, "")
        _grant(locked.user_id, locked.role)
        notify(
            locked.user_id,
            "tuner_verified",
            "You are a verified tuner",
            "You can publish tunes now.",
            tuner_id=profile.pk,
        )
    return profile


def refuse(*, application: TunerApplication, staff: User, reason: str) -> None:
    """Say no, with the reason that the applicant reads. An existing profile stays as it is."""
    with as_system(WHY):
        locked = _locked(application.pk)
        if locked.status != ApplicationStatus.SUBMITTED:
            raise ApplicationDecided
        _decide(locked, staff, ApplicationStatus.REFUSED, reason)
        notify(locked.user_id, "tuner_refused", "Your application was not accepted", reason)


def suspend(*, profile: TunerProfile, staff: User, reason: str) -> None:
    """Take the verification away: nothing can be published, the profile is not listed, the role ends."""
    with as_system(WHY):
        locked = TunerProfile.objects.select_for_update().get(pk=profile.pk)
        if locked.status == Verification.SUSPENDED:
            return
        locked.status = Verification.SUSPENDED
        locked.suspended_reason = reason
        locked.save(update_fields=["status", "suspended_reason"])
        _take_back(locked.user_id)
        audit.record("tuner.suspend", actor=staff.pk, target=locked.pk, reason=reason)
        notify(locked.user_id, "tuner_suspended", "Your tuner profile is suspended", reason)


def reinstate(*, profile: TunerProfile, staff: User) -> None:
    """End a suspension. A certification that expired meanwhile still counts."""
    with as_system(WHY):
        locked = TunerProfile.objects.select_for_update().get(pk=profile.pk)
        if locked.status != Verification.SUSPENDED:
            return
        locked.status = Verification.VERIFIED
        locked.suspended_reason = ""
        locked.save(update_fields=["status", "suspended_reason"])
        if locked.verified:
            _grant(locked.user_id, locked.role)
        audit.record("tuner.reinstate", actor=staff.pk, target=locked.pk)


def lapse_expired() -> int:
    """Mark profiles whose certification has expired and take their role back; how many. `verified` knew already."""
    with as_system("the timer acts for all"):
        over = list(
            TunerProfile.objects.select_for_update(skip_locked=True).filter(
                status=Verification.VERIFIED, verified_until__lt=clock.now().date()
            )[:500]
        )
        for profile in over:
            profile.status = Verification.LAPSED
            profile.save(update_fields=["status"])
            _take_back(profile.user_id)
            notify(
                profile.user_id,
                "tuner_lapsed",
                "A certification has expired",
                "Send a new one to publish tunes again.",
            )
    return len(over)


def _locked(application_id: object) -> TunerApplication:
    found: TunerApplication = TunerApplication.objects.select_for_update().get(pk=application_id)
    return found


def _decide(application: TunerApplication, staff: User, status: str, reason: str) -> None:
    application.status = status
    application.reason = reason
    application.decided_by = staff
    application.decided_at = clock.now()
    application.save(update_fields=["status", "reason", "decided_by", "decided_at"])
    audit.record("tuner.decide", actor=staff.pk, target=application.pk, outcome=status)


def _grant(user_id: object, role: str) -> None:
    """An administrator stays one."""
    User.objects.filter(pk=user_id, role__in=[Role.RIDER, *TunerRole.values]).update(role=role)


def _take_back(user_id: object) -> None:
    User.objects.filter(pk=user_id, role__in=TunerRole.values).update(role=Role.RIDER)
