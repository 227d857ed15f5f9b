"""From the bench to the shelf: what stands in the way, moderation, retirement."""

from dataclasses import asdict
from uuid import UUID

from django.conf import settings
from django.db import transaction

from core import audit, clock
from core.jobs import enqueue
from core.models import StoredFile
from core.notes import notify
from core.renderers import FreeMap
from core.rls import as_system, as_user
from marketplace.errors import PublishBlocked, StateConflict
from marketplace.models import FileState, Tune, TuneStatus, TuneVersion
from marketplace.ports import Objection, publish_gates
from marketplace.services.versions import own_tune, read_facts
from tuners.services import demand_verified
from users.models import User


def publish_tune(*, owner: User, tune_id: UUID) -> Tune:
    """Put the newest version on the shelf, or into the moderation queue; repeating changes nothing.

    Call it outside of transactions: a file that nobody could read yet is read now. Raises NotFound,
    TunerNotVerified (403), PublishBlocked (409) with every objection.
    """
    _read_pending(owner, tune_id)
    _prepare_own(owner, tune_id)
    with as_user(owner):
        tune = own_tune(owner, tune_id)
        demand_verified(owner)
        version = newest(tune)
        if tune.status == TuneStatus.PUBLISHED and version is not None and version.published_at:
            return tune
        objections = [*_own_objections(tune, version)]
        if version is not None:
            objections += _of_gates(tune, version)
        if [one for one in objections if not one.review] or version is None:
            raise PublishBlocked(fields={"gates": [_told(one) for one in objections]})
        if objections or (settings.MARKETPLACE_REVIEW_ALL and tune.status == TuneStatus.DRAFT):
            return _queue(tune, objections)
        return _shelve(tune, version)


def retire_tune(*, owner: User, tune_id: UUID) -> Tune:
    """Take it off the shelf; those who own it keep it. Raises NotFound, StateConflict."""
    with transaction.atomic():
        tune = own_tune(owner, tune_id)
        if tune.status == TuneStatus.RETIRED:
            return tune
        if tune.status != TuneStatus.PUBLISHED:
            raise StateConflict("Only a published tune can be retired.")
        tune.status = TuneStatus.RETIRED
        tune.save(update_fields=["status"])
    return tune


def approve_tune(*, tune: Tune, staff: User) -> Tune:
    """A moderator lets a waiting tune pass, but for what has to be mended.

    Raises StateConflict, PublishBlocked, TunerNotVerified. The gates look first: a no-op unless something has
    changed since the tune was sent here, so the admin's own transaction around it does no harm.
    """
    with as_system("staff moderate other people's tunes"):
        waiting = newest(tune)
    if waiting is not None:
        prepare_version(tune, waiting)
    with as_system("staff moderate other people's tunes"):
        locked = Tune.objects.select_for_update(of=("self",)).select_related("tuner").get(pk=tune.pk)
        if locked.status != TuneStatus.IN_REVIEW:
            raise StateConflict("Only a waiting tune can be approved.")
        demand_verified(locked.tuner.user_id)
        version = newest(locked)
        if version is None or version.state == FileState.UNREADABLE:
            raise PublishBlocked
        if hard := [one for one in _of_gates(locked, version) if not one.review]:
            raise PublishBlocked(hard[0].message, fields={"gates": [_told(one) for one in hard]})
        audit.record("tune.approve", actor=staff.pk, target=locked.pk)
        shelved = _shelve(locked, version)
        notify(
            locked.tuner.user_id, "tune_approved", "Your tune is published", locked.title, tune_id=locked.pk
        )
    return shelved


def refuse_tune(*, tune: Tune, staff: User, reason: str) -> None:
    """Back to the drafts, with the reason that the tuner reads. Raises StateConflict."""
    with as_system("staff moderate other people's tunes"):
        locked = Tune.objects.select_for_update(of=("self",)).select_related("tuner").get(pk=tune.pk)
        if locked.status != TuneStatus.IN_REVIEW:
            raise StateConflict("Only a waiting tune can be refused.")
        locked.status = TuneStatus.DRAFT
        locked.moderation_reason = reason
        locked.save(update_fields=["status", "moderation_reason"])
        audit.record("tune.refuse", actor=staff.pk, target=locked.pk, reason=reason)
        notify(locked.tuner.user_id, "tune_refused", "Your tune was not accepted", reason, tune_id=locked.pk)


def newest(tune: Tune) -> TuneVersion | None:
    """The newest version of a tune, published or not."""
    version: TuneVersion | None = tune.versions.filter(deleted_at=None).order_by("-number").first()
    return version


def _read_pending(owner: User, tune_id: UUID) -> None:
    with as_user(owner):
        version = newest(own_tune(owner, tune_id))
        if version is None or version.state != FileState.PENDING:
            return
        file = StoredFile.objects.get(pk=version.file_id)
    facts = read_facts(file)
    with as_user(owner):
        TuneVersion.objects.filter(pk=version.pk, state=FileState.PENDING).update(**facts)


def prepare_version(tune: Tune, version: TuneVersion) -> None:
    """Let the gates look at a readable version; outside of transactions. Raises Unavailable."""
    if version.state == FileState.READABLE:
        for gate in publish_gates.values():
            gate.prepare(tune, version)


def prepare_later(version_id: UUID) -> None:
    """A head start after an upload: publishing then waits for nothing. Raises Unavailable."""
    with as_system("the gates look at whoever's version"):
        version = TuneVersion.objects.select_related("tune").filter(pk=version_id).first()
    if version is not None:
        prepare_version(version.tune, version)


def _prepare_own(owner: User, tune_id: UUID) -> None:
    with as_user(owner):
        tune = own_tune(owner, tune_id)
        demand_verified(owner)
        version = newest(tune)
    if version is not None and not (tune.status == TuneStatus.PUBLISHED and version.published_at):
        prepare_version(tune, version)


def _of_gates(tune: Tune, version: TuneVersion) -> list[Objection]:
    return [found for gate in publish_gates.values() for found in gate.objections(tune, version)]


def _own_objections(tune: Tune, version: TuneVersion | None) -> list[Objection]:
    found = []
    if version is None:
        found.append(Objection("no_version", "Upload a file first."))
    elif version.state == FileState.UNREADABLE:
        found.append(
            Objection("file_unreadable", version.detail or "This file can't be read as an ECU file.")
        )
    if not tune.fits.filter(deleted_at=None).exists():
        found.append(Objection("no_compatibility", "Say which vehicles this tune is for."))
    return found


def _told(objection: Objection) -> dict[str, object]:
    return asdict(objection) | {"detail": FreeMap(objection.detail)}


def _queue(tune: Tune, objections: list[Objection]) -> Tune:
    """A published tune stays on the shelf with its old version until somebody looks at the new one."""
    reason = " ".join(one.message for one in objections)[:500] or "Waiting for a moderator."
    if tune.status == TuneStatus.DRAFT:
        tune.status = TuneStatus.IN_REVIEW
    elif tune.status != TuneStatus.IN_REVIEW:
        raise PublishBlocked(fields={"gates": [_told(one) for one in objections]})
    tune.moderation_reason = reason
    tune.save(update_fields=["status", "moderation_reason"])
    return tune


def _shelve(tune: Tune, version: TuneVersion) -> Tune:
    now = clock.now()
    is_update = tune.published_at is not None and version.published_at is None
    if version.published_at is None:
        version.published_at = now
        version.save(update_fields=["published_at"])
    tune.status = TuneStatus.PUBLISHED
    tune.published_at = tune.published_at or now
    tune.moderation_reason = ""
    tune.save(update_fields=["status", "published_at", "moderation_reason"])
    if is_update:
        enqueue("marketplace.tell_owners", version_id=str(version.pk))
    return tune
