"""What the assistant may know of visits and of the workshop."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from appointments.models import Appointment, Location, Service, ServicePrice, Status
from appointments.states import LIVE
from chat.assistant.wording import stem, tokens
from chat.ports import Block, Fact, Pattern, PlainKnowledge, Question, Reply, Source, Tool, words
from core import clock
from payments.amounts import money
from users.models import User

API: Final = "/api/v1/appointments/"
ROWS: Final = 5
SHOPS: Final = 5
ENDED: Final = (Status.COMPLETED, Status.CANCELLED, Status.NO_SHOW)
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def coming(user: User) -> list[Fact]:
    """What holds a time ahead, the next one first."""
    rows = Appointment.objects.visible_to(user).filter(status__in=LIVE, end_at__gte=clock.now())
    return [_visit(row) for row in _whole(rows).order_by("start_at")[:ROWS]]


def past(user: User) -> list[Fact]:
    """The newest first."""
    rows = Appointment.objects.visible_to(user).filter(status__in=ENDED)
    return [_visit(row) for row in _whole(rows).order_by("-start_at")[:ROWS]]


def _whole(rows: Any) -> Any:
    return rows.select_related("location", "vehicle").prefetch_related("lines")


def _visit(row: Appointment) -> Fact:
    local = row.start_at.astimezone(row.location.zone)
    what = ", ".join(line.name for line in row.lines.all()) or "Appointment"
    bike = f" for {row.vehicle}" if row.vehicle else ""
    verb = "is" if row.status in LIVE else "was"
    text = (
        f"Appointment {row.reference} ({what}){bike} at {row.location.name} {verb} on {local:%A}, {local.day} "
        f"{local:%B %Y} at {local:%H:%M} local time: {row.get_status_display().lower()}, total "
        f"{money(row.total_minor, row.currency)}."
    )
    return Fact(text, Source("appointment", str(row.pk), f"Appointment {row.reference}", f"{API}{row.pk}/"))


def shops() -> list[Fact]:
    """Where the shops are and when they are open, every week."""
    found = []
    for shop in (
        Location.objects.live()
        .filter(active=True)
        .prefetch_related("rules")
        .order_by("-is_default", "name")[:SHOPS]
    ):
        hours = [
            f"{DAYS[rule.weekday]} {rule.opens:%H:%M}-{rule.closes:%H:%M}"
            for rule in shop.rules.all()
            if rule.deleted_at is None and rule.valid_to is None
        ]
        phone = f", phone {shop.phone}" if shop.phone else ""
        text = (
            f"{shop.name}: {shop.address}{phone}. Open {', '.join(hours) or 'by appointment'} (local time)."
        )
        found.append(Fact(text, Source("shop", str(shop.pk), shop.name, "/api/v1/shop-locations/")))
    return found


def prices(question: Question) -> list[Fact]:
    """What the services that a question names cost at the default shop, for any vehicle."""
    shop = Location.objects.live().filter(active=True).order_by("-is_default", "name").first()
    if shop is None:
        return []
    rows = ServicePrice.objects.live().filter(location=shop, vehicle_model=None, currency=shop.currency)
    rows = rows.filter(service__active=True, service__deleted_at=None, valid_from=None, valid_to=None)
    found = []
    for row in rows.select_related("service").order_by("service__name"):
        service: Service = row.service
        if ({stem(word) for word in tokens(service.name)} - _VAGUE) & question.words:
            text = (
                f"{service.name} at {shop.name} costs {money(row.price_minor, row.currency)} and takes "
                f"{row.minutes or service.minutes} minutes; some models differ."
            )
            found.append(Fact(text, Source("service", str(service.pk), service.name, "/api/v1/services/")))
    return found


_VAGUE: Final = frozenset({"and", "with", "report", "both", "three", "change", "run", "check"})


def _said(found: Sequence[Fact]) -> Reply | None:
    return (
        Reply("\n".join(fact.text for fact in found), tuple(fact.source for fact in found)) if found else None
    )


def _coming(question: Question) -> Reply | None:
    return _said(coming(question.user)) or Reply("You have no appointment ahead.")


def _past(question: Question) -> Reply | None:
    return _said(past(question.user)) or Reply("You have had no appointment yet.")


def _shops(question: Question) -> Reply | None:
    return _said(shops())


def _prices(question: Question) -> Reply | None:
    return _said(prices(question))


_VISIT: Final = words("appointment appointments booking bookings booked visit visits slot")
PATTERNS: Final = (
    Pattern(
        "next appointment",
        (_VISIT,),
        _coming,
        likes=words("next when upcoming my have do is what time scheduled tomorrow week confirmed status any workshop where"),
        unlike=words("last past previous history had was were been cancelled"),
    ),
    Pattern(
        "past appointments",
        (_VISIT, words("last past previous history had was were been earlier cancelled")),
        _past,
        likes=words("when my what workshop did"),
    ),
    Pattern(
        "shop",
        (words("shop workshop garage store location open opening hours close closes address phone"),
         words("open opens opening hours close closes closed where address phone located location number call")),
        _shops,
        likes=words("when is time today you sunday saturday weekend the"),
        unlike=words("my plate vin"),
    ),
    Pattern(
        "prices",
        (words("price prices cost costs much charge charges fee rate"),
         words("service oil filter dyno flash brake suspension tyre tyres tire tires inspection annual change run setup")),
        _prices,
        likes=words("how does do for you at shop workshop an the"),
        unlike=words("spent spend year month last my paid"),
    ),
)  # fmt: skip


def _appointments(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
    return [*coming(user), *past(user)]


class WorkshopKnowledge(PlainKnowledge):
    order = 30

    def blocks(self, user: User) -> Sequence[Block]:
        return [Block("next_appointments", coming(user)), Block("past_appointments", past(user)[:3])]

    def patterns(self) -> Sequence[Pattern]:
        return PATTERNS

    def tools(self) -> Sequence[Tool]:
        return [Tool("get_appointments", "Coming and past appointments of this person.", _appointments)]
