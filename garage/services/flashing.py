"""Flash jobs: asked for, gated, told of by the phone, ended by the clock when nobody tells."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from procrastinate.contrib.django import app

from core import audit, clock, hub
from core.errors import Invalid, NotFound
from core.ids import uuid7
from core.rls import as_system
from garage.errors import FlashBlocked, FlashUnderWay
from garage.flash_states import after
from garage.models import FlashEvent, FlashJob, FlashState, FlashStep, FlashWaiver, Vehicle
from garage.models.flashing import LIVE
from garage.ports import FlashRequest, Objection, acknowledged, flash_gates, flash_sources
from garage.selectors.backups import baseline_for
from garage.services.flash_files import chunks_of, stored, what_to_write

WRITING = (FlashState.IN_PROGRESS, FlashState.VERIFYING, FlashState.RESTORING)
WAITING = (FlashState.QUEUED, FlashState.READY)
_MOVES = ("state", "detail", "restore_backup", "started_at", "finished_at")
OVER = (
    FlashState.COMPLETED,
    FlashState.FAILED,
    FlashState.RESTORED,
    FlashState.CANCELLED,
    FlashState.EXPIRED,
)


# -- Asking


def queue_flash(
    *,
    user: Any,
    vehicle: Vehicle,
    source: Mapping[str, Any],
    safety_report_id: UUID | None = None,
    acknowledgement: str = "",
    id: UUID | None = None,  # noqa: A002 -- the column's name
) -> FlashJob:
    """A new job, or the one that a request with this id made before. Nothing is made when anything objects.

    Runs in the transaction under way. Raises Invalid, what the source raises (404, 409), FlashUnderWay (409),
    FlashBlocked (423).
    """
    if id and (before := FlashJob.objects.visible_to(user).filter(pk=id).first()):
        return before
    plug = flash_sources.get(source["kind"])
    if plug is None:
        raise Invalid(fields={"source": {"kind": [f"Choose one of: {', '.join(flash_sources)}."]}})
    file = plug.file_for(user, vehicle, source["id"])
    if FlashJob.objects.live().filter(vehicle=vehicle, state__in=LIVE).exists():
        raise FlashUnderWay
    asked = FlashRequest(user, vehicle, source["kind"], source["id"], file, safety_report_id, acknowledgement)
    waivers = demand_no_objection(asked)
    job = FlashJob(
        id=id or uuid7(),
        owner=user,
        vehicle=vehicle,
        source_kind=asked.source_kind,
        source_id=asked.source_id,
        file_id=file.stored_file,
        sha256=file.sha256,
        size=file.size,
        label=file.label[:200],
        ecu_expected=dict(file.ecu_expected),
        safety_report_id=safety_report_id,
        acknowledgement=acknowledgement or _said_before(user, safety_report_id),
        expires_at=clock.now() + settings.FLASH_JOB_LIFETIME,
    )
    job.save(force_insert=True)
    _spend(waivers, job)
    _tell(job, sha256=job.sha256, acknowledged=bool(job.acknowledgement))
    app.configure_task("garage.prepare_flash").defer(job_id=str(job.pk))
    return job


def _said_before(user: Any, report_id: UUID | None) -> str:
    if report_id is None:
        return ""
    return next(filter(None, (plug.words(user, report_id) for plug in acknowledged.values())), "")


def demand_no_objection(asked: FlashRequest) -> list[FlashWaiver]:
    """Ask all gates; the waivers of staff that were needed. Raises FlashBlocked with every objection that stands."""
    objections = [found for gate in flash_gates.values() for found in gate.objections(asked)]
    granted = {waiver.code: waiver for waiver in _waivers(asked.vehicle)} if objections else {}
    standing = [found for found in objections if not (found.waivable and found.code in granted)]
    if standing:
        raise FlashBlocked(fields={"gates": [_shown(found) for found in standing]})
    return [granted[found.code] for found in objections]


def _shown(found: Objection) -> dict[str, Any]:
    return {"code": found.code, "message": found.message, "detail": found.detail}


def _waivers(vehicle: Vehicle) -> list[FlashWaiver]:
    rows = FlashWaiver.objects.live().filter(vehicle=vehicle, used_by=None, expires_at__gt=clock.now())
    return list(rows)


def _spend(waivers: list[FlashWaiver], job: FlashJob) -> None:
    if not waivers:
        return
    with as_system("waivers are staff's; this one is used up now"):
        FlashWaiver.objects.filter(pk__in=[waiver.pk for waiver in waivers]).update(used_by=job)
    audit.record(
        "flash.waived", actor=job.owner_id, target=job.pk, codes=sorted(waiver.code for waiver in waivers)
    )


# -- Getting ready


def prepare_flash(job_id: UUID) -> None:
    """Read the file once and compare it with what was checked; then the job is ready. Outside of a transaction.

    Raises FileUnavailable (try again); a file that has changed fails the job.
    """
    with as_system("the job prepares for whoever owns it"):
        job = FlashJob.objects.live().filter(pk=job_id, state=FlashState.QUEUED).first()
    if job is None or job.expires_at <= clock.now():
        return
    wanted = what_to_write(job)
    chunks_of(stored(wanted.file_id), wanted.sha256)
    get_ready(job_id)


def get_ready(job_id: UUID) -> FlashJob:
    """The job, ready if it was queued."""
    with as_system("the job prepares for whoever owns it"):
        job: FlashJob = FlashJob.objects.select_for_update().get(pk=job_id)
        if job.state == FlashState.QUEUED:
            job.state = FlashState.READY
            job.save(update_fields=["state"])
            _tell(job)
    return job


# -- Hearing from the phone


def owned_job(user: Any, job_id: UUID, *, lock: bool = False) -> FlashJob:
    """Raises NotFound."""
    rows = FlashJob.objects.visible_to(user)
    job = (
        rows.select_for_update(of=("self",)) if lock else rows.select_related("restore_backup")
    ).filter(pk=job_id).first()  # fmt: skip
    if job is None:
        raise NotFound
    return job


@transaction.atomic
def advance_flash(
    *,
    user: Any,
    job_id: UUID,
    event: str,
    client_event_id: str,
    percent: int | None = None,
    detail: str = "",
) -> tuple[FlashJob, bool]:
    """The job after one word of the phone, and whether it moved. A repeat changes nothing.

    Raises NotFound; FlashUnderWay when a failed job would be restored while another one is live.
    """
    job = owned_job(user, job_id, lock=True)
    told = FlashEvent.objects.filter(job=job, client_event_id=client_event_id).first()
    if told is not None:
        return job, False
    moved = _move(job, FlashStep(event), percent, detail)
    FlashEvent.objects.create(
        owner_id=job.owner_id,
        job=job,
        client_event_id=client_event_id,
        event=event,
        percent=percent,
        detail=detail,
        applied=moved,
        state=job.state,
    )
    job.heard_at = clock.now()
    job.save(update_fields=[*_MOVES, "percent", "heard_at"])
    _tell(job, event=event, percent=job.percent)
    return job, moved


def _move(job: FlashJob, step: FlashStep, percent: int | None, detail: str) -> bool:
    """Bring the word into the job; whether it told anything new."""
    before = (job.state, job.percent)
    new = after(FlashState(job.state), step)
    if step == FlashStep.PROGRESS and percent is not None:
        job.percent = max(job.percent, percent)
    if new != job.state:
        _enter(job, new, detail)
    return before != (job.state, job.percent)


def _enter(job: FlashJob, state: FlashState, detail: str = "") -> None:
    now = clock.now()
    job.state = state
    if detail:
        job.detail = detail
    if state in {*WRITING, FlashState.COMPLETED, FlashState.FAILED, FlashState.RESTORED}:
        job.started_at = job.started_at or now
    job.finished_at = now if state in OVER else None
    if state == FlashState.COMPLETED:
        job.percent = 100
    if state in {FlashState.FAILED, FlashState.RESTORING}:
        job.restore_backup = job.restore_backup or baseline_for(job.vehicle_id)


def _tell(job: FlashJob, **data: Any) -> None:
    """Audit, and whoever watches this job (on commit)."""
    audit.record(f"flash.{job.state}", actor=job.owner_id, target=job.pk, vehicle=str(job.vehicle_id), **data)
    frame = {
        "type": "FLASH",
        "jobId": str(job.pk),
        "vehicleId": str(job.vehicle_id),
        "status": str(job.state),
        "percent": job.percent,
        "detail": job.detail,
        "restoreBackupId": str(job.restore_backup_id) if job.restore_backup_id else None,
    }
    hub.publish(f"flash:{job.pk}", frame)


# -- Ending by the clock


def expire_flashes() -> int:
    """Jobs that nobody began in time expire; those whose phone fell silent have failed. How many ended."""
    now = clock.now()
    silent = Q(state__in=WRITING, heard_at__lt=now - settings.FLASH_SILENCE)
    unbegun = Q(state__in=WAITING, expires_at__lte=now)
    with as_system("jobs of all riders"):
        jobs = list(FlashJob.objects.select_for_update(skip_locked=True).filter(silent | unbegun)[:500])
        for job in jobs:
            if job.state in WAITING:
                _enter(job, FlashState.EXPIRED)
            else:
                _enter(job, FlashState.FAILED, "The phone has not been heard of.")
            job.save(update_fields=_MOVES)
            _tell(job)
    return len(jobs)
