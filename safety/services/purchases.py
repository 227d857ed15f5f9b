"""After a purchase: the tune against the buyer's own vehicles."""

from uuid import UUID

from core.rls import as_system, as_user
from garage.models import Vehicle
from marketplace.fitment import judge
from marketplace.models import Compatibility, Purchase, PurchaseStatus
from marketplace.services.downloads import newest_published
from safety.models import SafetyReport
from safety.services.analysing import analyse, tell
from safety.services.subjects import read_subject

MOST_VEHICLES = 5


def analyse_purchase(purchase_id: UUID) -> list[SafetyReport]:
    """Reports on the tune for the vehicle of the purchase, or for the buyer's vehicles that it fits.

    The buyer hears of each. Raises AnalyserBusy, FileUnavailable: try again later.
    """
    with as_system("the job looks after whoever bought"):
        purchase = Purchase.objects.select_related("user", "vehicle").filter(pk=purchase_id).first()
        if purchase is None or purchase.status != PurchaseStatus.PAID:
            return []
        vehicles = _vehicles_of(purchase)
        version = newest_published(purchase.tune_id)
    if not vehicles:
        return []
    subject = read_subject(version)
    reports = [
        analyse(user=purchase.user, vehicle=vehicle, subject=subject, wait=True) for vehicle in vehicles
    ]
    with as_user(purchase.user_id):
        for report in reports:
            tell(report)
    return reports


def _vehicles_of(purchase: Purchase) -> list[Vehicle]:
    if purchase.vehicle is not None:
        return [purchase.vehicle] if purchase.vehicle.deleted_at is None else []
    fits = list(Compatibility.objects.filter(tune_id=purchase.tune_id, deleted_at=None))
    own = Vehicle.objects.live().filter(owner_id=purchase.user_id).order_by("-created_at")
    return [vehicle for vehicle in own if judge(vehicle, fits).verdict == "fits"][:MOST_VEHICLES]
