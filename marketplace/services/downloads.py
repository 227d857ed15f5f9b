"""Handing out the file: counted, audited, by an address that lives for minutes."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from core import audit
from core.clientip import client_ip
from core.errors import DomainError, NotFound
from core.files.services import signed_download
from core.models import StoredFile
from core.rls import as_system, as_user
from marketplace.errors import DownloadLimit, PurchaseUnpaid, RightEnded, RightSuspended
from marketplace.models import Download, Entitlement, EntitlementStatus, Purchase, TuneVersion
from marketplace.models.buying import DownloadResult
from users.models import User


@dataclass(frozen=True, slots=True)
class Handed:
    """size: bytes; sha256: hex, for the phone to check; version: its number."""

    url: str
    sha256: str
    size: int
    version: int
    expires_at: datetime


def right_of_purchase(user: User, purchase_id: UUID) -> UUID:
    """The entitlement that a purchase gave. Raises NotFound, PurchaseUnpaid (409)."""
    with as_user(user):
        purchase = Purchase.objects.visible_to(user).filter(pk=purchase_id).first()
        if purchase is None:
            raise NotFound
        right = Entitlement.objects.visible_to(user).filter(purchase=purchase).first()
        if right is None:
            raise PurchaseUnpaid
    return right.pk  # type: ignore[no-any-return]


def right_to_tune(user: User, tune_id: UUID) -> UUID:
    """The best entitlement to a tune: an active one before an ended one. Raises NotFound."""
    with as_user(user):
        rights = list(Entitlement.objects.visible_to(user).filter(tune_id=tune_id))
    if not rights:
        raise NotFound
    order = [EntitlementStatus.ACTIVE, EntitlementStatus.SUSPENDED, EntitlementStatus.REVOKED]
    return min(rights, key=lambda right: (order.index(right.status), -right.downloads_left)).pk  # type: ignore[no-any-return]


def download_entitled(*, user: User, entitlement_id: UUID, request: HttpRequest) -> Handed:
    """One download of the newest published version. Refusals are kept too, so call it outside of transactions.

    Raises NotFound, RightEnded, RightSuspended (403), DownloadLimit (409).
    """
    with as_user(user):
        right = Entitlement.objects.select_for_update().filter(pk=entitlement_id, user=user).first()
        if right is None:
            raise NotFound
        version = newest_published(right.tune_id)
        refusal = _refusal(right)
        if refusal is None:
            right.download_count += 1
            right.save(update_fields=["download_count"])
        _keep(right, version, refusal, request)
    if refusal is not None:
        raise refusal
    with as_system("the file belongs to its tuner"):
        file = StoredFile.objects.get(pk=version.file_id)
    link = signed_download(file, filename=version.filename or f"tune-v{version.number}")
    return Handed(link.url, version.sha256, version.size, version.number, link.expires_at)


def newest_published(tune_id: UUID) -> TuneVersion:
    """The version that owners get. Raises NotFound."""
    rows = TuneVersion.objects.filter(tune_id=tune_id, published_at__isnull=False, deleted_at=None)
    version: TuneVersion | None = rows.order_by("-number").first()
    if version is None:
        raise NotFound
    return version


def renew_downloads(*, entitlement: Entitlement, staff: User, more: int = 10) -> None:
    """Staff give a right `more` downloads beyond those used."""
    with as_system("staff renew other people's rights"):
        locked = Entitlement.objects.select_for_update().get(pk=entitlement.pk)
        locked.download_limit = max(locked.download_limit, locked.download_count) + more
        locked.save(update_fields=["download_limit"])
        audit.record("entitlement.renew", actor=staff.pk, target=locked.pk, more=more)


def demand_active(right: Entitlement) -> None:
    """Raises RightEnded, RightSuspended (403)."""
    if right.status == EntitlementStatus.REVOKED:
        raise RightEnded
    if right.status == EntitlementStatus.SUSPENDED:
        raise RightSuspended


def _refusal(right: Entitlement) -> DomainError | None:
    try:
        demand_active(right)
    except DomainError as problem:
        return problem
    return DownloadLimit() if right.downloads_left == 0 else None


def _keep(
    right: Entitlement, version: TuneVersion, refusal: DomainError | None, request: HttpRequest
) -> None:
    result = DownloadResult.GRANTED
    if refusal is not None:
        result = DownloadResult.LIMIT if isinstance(refusal, DownloadLimit) else DownloadResult.ENDED
    address = client_ip(request).encode()
    Download.objects.create(
        entitlement=right,
        version=version,
        user_id=right.user_id,
        ip_hash=hmac.new(settings.FILES_KEY.encode(), address, hashlib.sha256).hexdigest()[:32],
        user_agent=request.headers.get("User-Agent", "")[:200],
        result=result,
    )
    audit.record("tune.download", actor=right.user_id, target=version.pk, outcome=result, request=request)


def right_for_vehicle(user: User, tune_id: UUID, vin: str) -> Entitlement:
    """The right that fits this vehicle best: of this VIN, else unbound, else any other. Raises NotFound."""
    rights = list(
        Entitlement.objects.select_related("tune").filter(user=user, tune_id=tune_id, deleted_at=None)
    )
    if not rights:
        raise NotFound

    def rank(right: Entitlement) -> tuple[bool, int]:
        wrong = right.vin not in {"", vin}
        return right.status != EntitlementStatus.ACTIVE, 2 if wrong else 0 if right.vin else 1

    best: Entitlement = min(rights, key=rank)
    return best
