"""What the workshop keeps: places, the catalogue, bookings, and who waits or saves."""

from appointments.models.booking import (
    Allocation,
    Appointment,
    AppointmentLine,
    CalendarToken,
    PaymentMethod,
    Reminder,
    ServicePlace,
    Source,
    Status,
    StatusChange,
)
from appointments.models.catalogue import Service, ServiceCategory, ServicePrice, ShopState
from appointments.models.offers import Offer, OfferRedemption, WaitlistEntry, WaitlistOffer
from appointments.models.places import (
    Closure,
    Location,
    OpeningException,
    OpeningRule,
    Resource,
    ResourceKind,
)

__all__ = [
    "Allocation",
    "Appointment",
    "AppointmentLine",
    "CalendarToken",
    "Closure",
    "Location",
    "Offer",
    "OfferRedemption",
    "OpeningException",
    "OpeningRule",
    "PaymentMethod",
    "Reminder",
    "Resource",
    "ResourceKind",
    "Service",
    "ServiceCategory",
    "ServicePlace",
    "ServicePrice",
    "ShopState",
    "Source",
    "Status",
    "StatusChange",
    "WaitlistEntry",
    "WaitlistOffer",
]
