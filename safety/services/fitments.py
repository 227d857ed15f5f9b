"""Versions on sale against each kind of vehicle that their tuner declares, and again when the rules change."""

from collections.abc import Callable
from uuid import UUID

from django.db.models import Prefetch

from core import audit, clock
from core.errors import DomainError
from core.rls import as_system
from marketplace.models import Compatibility, FileState, TuneVersion
from safety.engine import RULESET_VERSION, Report
from safety.models import FitmentReport
from safety.profiles import DeclaredProfile, declared_profiles
from safety.selectors import unchecked_versions
from safety.services.analysing import Case, digest_of, in_the_sandbox
from safety.services.definitions import matching
from safety.services.subjects import read_subject

MOST_PROFILES = 16  # kinds of vehicle that one version is judged for
BATCH = 50  # versions of one job

Progress = Callable[[int, int], None]


def declared(version_id: UUID) -> tuple[TuneVersion, list[DeclaredProfile]]:
    """A version and the kinds of vehicle that it is declared for. Needs a role that may see both."""
    fits = Compatibility.objects.filter(deleted_at=None).select_related("vehicle_model__vehicle_type")
    version: TuneVersion = (
        TuneVersion.objects.select_related("tune")
        .prefetch_related(Prefetch("tune__fits", fits))
        .get(pk=version_id)
    )
    return version, declared_profiles(version, list(version.tune.fits.all()))


def check_version(version_id: UUID) -> int:
    """Judge a version for every declared kind of vehicle that today's rules have not judged; how many that were.

    Call it outside of transactions. What is no longer declared is forgotten. Raises AnalyserBusy, FileUnavailable.
    """
    with as_system("the house judges what tuners offer"):
        version, profiles = declared(version_id)
    if version.state == FileState.UNREADABLE:
        return 0
    profiles = profiles[:MOST_PROFILES]
    subject = read_subject(version)
    definition = matching(subject.data, subject.name)
    with as_system("the house judges what tuners offer"):
        rows = FitmentReport.objects.live().filter(
            version=version,
            ruleset_version=RULESET_VERSION,
            definition_sha256=digest_of(definition),
        )
        done = set(rows.values_list("profile_digest", flat=True))
    todo = [profile for profile in profiles if profile.digest not in done]
    found = {
        profile.digest: in_the_sandbox(Case(subject, profile.facts, definition, None), None, None)
        for profile in todo
    }
    with as_system("the house keeps what it found"):
        TuneVersion.objects.select_for_update().get(pk=version_id)  # one writer at a time
        for profile in todo:
            _keep(version, profile, found[profile.digest], digest_of(definition))
        kept = FitmentReport.objects.live().filter(version=version)
        kept.exclude(profile_digest__in=[profile.digest for profile in profiles]).tombstone()
        kept.update(checked_at=clock.now())
    return len(todo)


def rerun(after: UUID | None = None, *, batch: int = BATCH) -> tuple[int, UUID | None]:
    """Judge the next live versions that are due: how many, and the last one's id (None: there are no more)."""
    with as_system("the house judges what is on sale"):
        rows = unchecked_versions()
        if after is not None:
            rows = rows.filter(pk__gt=after)
        ids = list(rows.values_list("pk", flat=True)[:batch])
    for version_id in ids:
        try:
            check_version(version_id)
        except DomainError as problem:  # one that can't be read now must not keep the others waiting
            audit.record("safety.check_failed", target=version_id, outcome=problem.code)
    return len(ids), ids[-1] if len(ids) == batch else None


def _keep(version: TuneVersion, profile: DeclaredProfile, found: Report, definition_sha256: str) -> None:
    now = clock.now()
    body = found.to_dict()
    columns = {
        "label": profile.label,
        "profile": profile.facts.to_dict(),
        "definition_sha256": definition_sha256,
        "ruleset_version": found.ruleset_version,
        "engine_version": found.engine_version,
        "verdict": found.verdict,
        "score": found.score,
        "coverage": found.coverage,
        "body": body,
        "checked_at": now,
    }
    rows = FitmentReport.objects.live().filter(version=version, profile_digest=profile.digest)
    before = rows.first()
    if before is None:
        FitmentReport.objects.create(version=version, profile_digest=profile.digest, **columns)
        return
    if before.verdict != found.verdict:
        columns |= {"previous_verdict": before.verdict, "changed_at": now}
        audit.record(
            "safety.verdict_changed",
            target=before.pk,
            before=before.verdict,
            after=found.verdict,
            ruleset=found.ruleset_version,
        )
    rows.update(**columns)


def seen(report: FitmentReport, staff_id: UUID) -> None:
    """Staff have looked at a changed verdict: it leaves the list."""
    audit.record("safety.change_seen", actor=staff_id, target=report.pk, before=report.previous_verdict)
    FitmentReport.objects.filter(pk=report.pk).update(previous_verdict="", changed_at=None)
