"""Booking: a wish becomes an appointment, or a refusal that leaves no trace."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from appointments.errors import NoShop, NotAtHome, NotIncluded
from appointments.models import (
    Appointment,
    AppointmentLine,
    Location,
    PaymentMethod,
    Service,
    ServicePlace,
    Source,
    Status,
)
from appointments.selectors.bookings import KIND
from appointments.selectors.hours import local_day
from appointments.selectors.pricing import Priced, job_of, price, share
from appointments.services.commission import decide
from appointments.services.guard import Wanted, allocate, claim, demand_bounded, guarded, lock
from appointments.services.offers import demand_offer, redeem
from appointments.services.reminders import plan_reminders
from appointments.services.story import tell
from appointments.services.waitlist import settle_wish
from core import clock
from core.refs import Ref
from core.rls import as_system
from garage.models import Vehicle, VehicleModel
from payments.errors import MoreRewardsThanDue
from payments.models import Payment
from payments.selectors import payment_payload
from payments.services import open_order, present_order
from users.models import User
from users.ports import benefits

INCLUDED = "included_services"  # the benefit: codes of the services that a membership includes
DISCOUNT = "service_discount_bps"  # the benefit: hundredths of a percent off every service
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Customer:
    """Who comes: a person with an account, or a guest who says name and phone."""

    user: User | None = None
    name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants. `location` None: the default shop; `start` is an instant."""

    services: Sequence[Service]
    start: datetime
    location: Location
    vehicle: Vehicle | None = None
    vehicle_model: VehicleModel | None = None
    service_location: str = ServicePlace.SHOP
    address: str = ""
    payment_method: str = PaymentMethod.CASH
    offer_id: UUID | None = None
    rewards_minor: int = 0
    notes: str = ""
    field: str = "services"  # the name under which the services came

    @property
    def model(self) -> VehicleModel | None:
        return self.vehicle.vehicle_model if self.vehicle else self.vehicle_model


@dataclass(frozen=True, slots=True)
class Desk:
    """What staff may decide beyond a customer: notice and horizon, bay and technician."""

    actor: UUID | None = None
    bay_id: UUID | None = None
    technician_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """`token` opens a guest's booking; nobody can show it again."""

    appointment: Appointment
    payment: dict[str, Any] | None
    token: str = ""


def book(wish: Wish, customer: Customer, *, desk: Desk | None = None) -> Booked:
    """One transaction under the shop's lock, then the gateway's order outside of it.

    Call it outside of transactions. Raises SlotNotOffered, ServiceNotPriced, NotAtHome (400), SlotUnavailable,
    OfferNotValid, NotIncluded (409), Busy (503), and what payments raises.
    """
    token = "" if customer.user or desk else secrets.token_urlsafe(32)

    def deed() -> tuple[Appointment, Payment | None]:
        with as_system("the calendar must see everybody's bookings"):
            return _book(wish, customer, desk, token)

    appointment, payment = guarded(deed)
    return Booked(appointment, _presented(payment), token)


def _presented(payment: Payment | None) -> dict[str, Any] | None:
    """The counter needs no order at a gateway: staff may book in a transaction of their own."""
    if payment is None:
        return None
    return payment_payload(payment) if payment.gateway == "cash" else present_order(payment)


def default_shop() -> Location:
    """The shop of a booking that names none. Raises NoShop (409)."""
    rows = Location.objects.live().filter(active=True).order_by("-is_default", "created_at")[:2]
    shops: list[Location] = list(rows)
    if not shops or (len(shops) > 1 and not shops[0].is_default):
        raise NoShop
    return shops[0]


def token_hash(token: str) -> str:
    """A token has 256 random bits: one round is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _book(
    wish: Wish, customer: Customer, desk: Desk | None, token: str
) -> tuple[Appointment, Payment | None]:
    demand_bounded(wish.start)
    location = lock(wish.location.pk)
    at_home = wish.service_location == ServicePlace.HOME
    if at_home and (away := [service.name for service in wish.services if not service.at_home]):
        raise NotAtHome(away)
    model = wish.model
    priced = price(
        wish.services,
        location=location,
        vehicle_model_id=model.pk if model else None,
        day=local_day(location, wish.start),
        field=wish.field,
    )
    minutes = sum(line.minutes for line in priced)
    wanted = Wanted(
        wish.start,
        at_home=at_home,
        lenient=desk is not None,
        bay_id=desk.bay_id if desk else None,
        technician_id=desk.technician_id if desk else None,
        user_id=customer.user.pk if customer.user else None,
    )
    places = claim(location, job_of(minutes, wish.services), wanted)
    appointment = _insert(wish, customer, desk, location, priced)
    if token:
        appointment.guest_token_hash = token_hash(token)
        appointment.save(update_fields=["guest_token_hash"])
    allocate(location, appointment, places)
    tell(appointment, "", actor=desk.actor if desk else customer.user.pk if customer.user else None)
    held = appointment.status == Status.PENDING_PAYMENT
    payment = _order(appointment, wish, customer.user)
    if payment and payment.captured_at:  # rewards paid for all of it
        appointment.refresh_from_db()
    if not held:
        plan_reminders(appointment)
    settle_wish(appointment)
    return appointment, payment


def _insert(
    wish: Wish,
    customer: Customer,
    desk: Desk | None,
    location: Location,
    priced: list[Priced],
) -> Appointment:
    """The row and its lines, at the prices of this moment."""
    full = sum(line.price_minor for line in priced)
    offer, discount = None, 0
    model = wish.model
    if wish.payment_method == PaymentMethod.MEMBERSHIP:
        _demand_included(customer.user, wish.services)
        discount = full
    elif wish.offer_id is not None:
        offer, discount = demand_offer(
            wish.offer_id,
            user=customer.user,
            location=location,
            vehicle_type_id=model.vehicle_type_id if model else None,
            total_minor=full,
        )
    else:
        discount = share(full, _member_discount(customer.user))
    commission = decide(location, customer.user, full - discount)
    discount += commission.off_minor
    total = full - discount
    due = _due(location, wish.payment_method, total) if desk is None else 0
    status = Status.PENDING_PAYMENT if due else first_status(location, desk is not None)
    minutes = timedelta(minutes=sum(line.minutes for line in priced))
    appointment: Appointment = Appointment.objects.create(
        reference="RS-" + "".join(secrets.choice(ALPHABET) for _ in range(8)),
        location=location,
        user=customer.user,
        customer_name=customer.name,
        customer_phone=customer.phone,
        customer_email=customer.email,
        vehicle=wish.vehicle,
        vehicle_model=model,
        start_at=wish.start,
        end_at=wish.start + minutes,
        service_location=wish.service_location,
        address=wish.address,
        status=status,
        hold_expires_at=clock.now() + settings.BOOKING_HOLD if due else None,
        payment_method=wish.payment_method,
        total_minor=total,
        discount_minor=discount,
        due_minor=due,
        payee_id=commission.payee_id,
        commission_bps=commission.bps,
        commission_free_minor=commission.off_minor,
        currency=location.currency,
        policy=location.policy(),
        notes=wish.notes,
        source=Source.STAFF if desk else Source.APP if customer.user else Source.GUEST,
    )
    _insert_lines(appointment, priced, discount, location)
    if offer is not None and customer.user is not None:
        redeem(offer, customer.user, appointment, discount - commission.off_minor)
    return appointment


def _insert_lines(appointment: Appointment, priced: list[Priced], discount: int, location: Location) -> None:
    shares = split(discount, [line.price_minor for line in priced])
    AppointmentLine.objects.bulk_create(
        AppointmentLine(
            appointment=appointment,
            service=line.service,
            code=line.service.code,
            name=line.service.name,
            minutes=line.minutes,
            price_minor=line.price_minor,
            discount_minor=part,
            tax_minor=line.tax_minor,
            position=position,
        )
        for position, (line, part) in enumerate(zip(priced, shares, strict=True))
    )


def split(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """An amount over weights, the sum exact: the largest remainders get the odd units; no part above its weight
    while the amount is not above their sum.
    """
    total = sum(weights)
    if total == 0:
        return [0] * len(weights)
    parts = [amount_minor * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-(amount_minor * weights[index] % total), index))
    for index in order[: amount_minor - sum(parts)]:
        parts[index] += 1
    return parts


def first_status(location: Location, by_staff: bool = False) -> Status:
    """Of a booking that needs no payment, or is paid."""
    return Status.PENDING if location.confirm_by_hand and not by_staff else Status.CONFIRMED


def _due(location: Location, method: str, total: int) -> int:
    """What must be paid to keep the time: the deposit of the shop; without one, all of it when paying online."""
    if location.deposit_bps:
        return share(total, location.deposit_bps)
    return total if method == PaymentMethod.RAZORPAY else 0


def _demand_included(user: User | None, services: Sequence[Service]) -> None:
    plug = benefits.get(INCLUDED)
    included = set(plug.value_for(user) or ()) if plug and user else set()
    if any(service.code not in included for service in services):
        raise NotIncluded


def _member_discount(user: User | None) -> int:
    """What a membership takes off, in hundredths of a percent; an offer takes its place."""
    plug = benefits.get(DISCOUNT)
    return min(10_000, int(plug.value_for(user) or 0)) if plug and user else 0


def _order(appointment: Appointment, wish: Wish, payer: User | None) -> Payment | None:
    """What is due now is paid online; the rest at the counter. Rewards pay of what is due first."""
    target, rewards = Ref(KIND, appointment.pk), wish.rewards_minor
    if appointment.due_minor:
        return open_order(payer=payer, target=target, rewards_minor=rewards)
    if appointment.total_minor and wish.payment_method == PaymentMethod.CASH:
        return open_order(payer=payer, target=target, gateway="cash", rewards_minor=rewards)
    if rewards:
        raise MoreRewardsThanDue(fields={"rewards_minor": ["0 is due."]})
    return None
