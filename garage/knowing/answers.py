"""Questions about a garage, answered from its records."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final

from chat.assistant.wording import stem, tokens
from chat.ports import Fact, Pattern, Question, Reply, words
from core import clock
from garage.knowing import facts
from garage.models import Vehicle
from garage.selectors.log import costs_of
from payments.amounts import money

YEAR: Final = timedelta(days=365)
NO_VEHICLE: Final = "There is no vehicle in your garage yet. Add one, and I can tell you about it."
Told = Callable[[Question, Sequence[Vehicle]], Sequence[Fact]]


def said(found: Iterable[Fact], head: str = "") -> Reply | None:
    rows = list(found)
    if not rows:
        return None
    text = "\n".join(row.text for row in rows)
    return Reply(f"{head}\n{text}" if head else text, tuple(dict.fromkeys(row.source for row in rows)))


def about(tell: Told, nothing: str) -> Callable[[Question], Reply | None]:
    """An answer about the vehicles that are meant; `nothing` where there is no such record ("": ask elsewhere)."""

    def answer(question: Question) -> Reply | None:
        vehicles = facts.meant(question, facts.vehicles_of(question.user))
        if not vehicles:
            return Reply(NO_VEHICLE)
        if (reply := said(tell(question, vehicles))) or not nothing:
            return reply
        return Reply(nothing, tuple(facts.about_vehicle(vehicle).source for vehicle in vehicles[:3]))

    return answer


def about_each(column: Callable[[Vehicle], str], nothing: str) -> Callable[[Question], Reply | None]:
    """One sentence a vehicle; `column` answers "" where it says nothing."""

    def tell(question: Question, vehicles: Sequence[Vehicle]) -> Sequence[Fact]:
        found = ((vehicle, column(vehicle)) for vehicle in vehicles)
        return [Fact(text, facts.about_vehicle(vehicle).source) for vehicle, text in found if text]

    return about(tell, nothing)


def _matching(question: Question, found: Sequence[Fact]) -> Sequence[Fact]:
    """Those whose title shares a word with the question ("oil"), all when none does."""
    named = [
        fact
        for fact in found
        if {stem(word) for word in tokens(fact.source.title)} & question.words - _COMMON
    ]
    return named or found


_PAPERS: Final = frozenset(
    {"insurance", "tax", "registration", "licence", "license", "puc", "permit", "policy", "toll"}
)
_COMMON: Final = frozenset({"service", "of", "and", "change", "for", "the", "a", "in", "due", "next", "last"})


def _due(question: Question, vehicles: Sequence[Vehicle]) -> Sequence[Fact]:
    rows = facts.reminders(vehicles)
    if {"overdue", "late", "missed"} & question.words:
        return [fact for word, fact in rows if word == "overdue"] or _nothing_overdue(rows)
    found = [fact for _, fact in rows]
    if {"service", "maintenance"} & question.words:
        found = [fact for fact in found if not _PAPERS & set(tokens(fact.source.title))] or found
    return _matching(question, found)[:5]


def _nothing_overdue(rows: Sequence[tuple[str, Fact]]) -> Sequence[Fact]:
    return [Fact(f"Nothing is overdue. {fact.text}", fact.source) for _, fact in rows[:1]]


def _last_service(question: Question, vehicles: Sequence[Vehicle]) -> Sequence[Fact]:
    return _matching(question, facts.services(vehicles))[:1]


def _history(question: Question, vehicles: Sequence[Vehicle]) -> Sequence[Fact]:
    return _matching(question, facts.services(vehicles))


def _all(question: Question, vehicles: Sequence[Vehicle]) -> Sequence[Fact]:
    return [facts.about_vehicle(vehicle) for vehicle in vehicles]


def _costs(question: Question, vehicles: Sequence[Vehicle]) -> Sequence[Fact]:
    named = [*facts.mods(vehicles), *facts.services(vehicles)]
    if (found := list(_matching(question, named))) != named:
        return found
    last = clock.now().date()
    found = []
    for vehicle in vehicles:
        costs = costs_of(vehicle.pk, last - YEAR, last)
        for row in costs.totals:
            way = f" over {facts.km(costs.distance_km)}" if costs.distance_km else ""
            parts = {"service": 0, "fuel": 0, "parts": 0}
            for month in costs.months:
                if month.currency == row["currency"]:
                    parts["service"] += month.service_minor
                    parts["fuel"] += month.fuel_minor
                    parts["parts"] += month.mods_minor
            split = ", ".join(
                f"{name} {money(value, row['currency'])}" for name, value in parts.items() if value
            )
            total = money(row["total_minor"], row["currency"])
            text = f"{vehicle} cost {total} in the last 12 months{way}: {split}."
            found.append(Fact(text, facts.about_vehicle(vehicle).source))
    return found


def _fuel(question: Question, vehicles: Sequence[Vehicle]) -> Sequence[Fact]:
    return facts.fuel_ups(vehicles, most=3 if {"consumption", "economy"} & question.words else 1)


def _odometer(vehicle: Vehicle) -> str:
    return (
        f"The odometer of {vehicle} stands at {facts.km(vehicle.odometer_km)}."
        if vehicle.odometer_km is not None
        else ""
    )


def _engine(vehicle: Vehicle) -> str:
    engine = facts.engine_of(vehicle)
    return f"The engine of {vehicle}: {engine}." if engine else ""


def _ecu(vehicle: Vehicle) -> str:
    ecu = facts.ecu_of(vehicle)
    return f"The ECU of {vehicle} is {ecu}." if ecu else ""


def _plate(vehicle: Vehicle) -> str:
    return f"The licence plate of {vehicle} is {vehicle.license_plate}." if vehicle.license_plate else ""


def _vin(vehicle: Vehicle) -> str:
    if not vehicle.vin:
        return ""
    return f"The VIN of {vehicle} ends in {vehicle.vin[-4:]}; the whole of it stands in your garage."


def _fuel_type(vehicle: Vehicle) -> str:
    return f"{vehicle} runs on {vehicle.get_fuel_type_display().lower()}." if vehicle.fuel_type else ""


def _model(vehicle: Vehicle) -> str:
    of = f" of {vehicle.year}" if vehicle.year else ""
    return f"{vehicle} is a {vehicle.make} {vehicle.model}{of}."


PATTERNS: Final = (
    Pattern(
        "what is due",
        (
            words(
                "next due when upcoming soon overdue late missed need needs needed coming remind reminder reminders expire "
                "expires expiry expiration renew renewal until miss"
            ),
            words(
                "service maintenance servicing reminder reminders due overdue oil filter valve valves clearance insurance "
                "inspection chain tyre tyres tire tires brake brakes fluid coolant plug plugs tax puc renew renewal "
                "upcoming check"
            ),
        ),
        about(_due, "No reminder says that anything is due."),
        likes=words("bike motorcycle car vehicle km kilometres date anything week month"),
        unlike=words("last appointment appointments booking history document mean means"),
    ),
    Pattern(
        "last service",
        (
            words("last latest previous recent recently when ago"),
            words(
                "service serviced servicing oil filter maintenance changed change inspection valve chain brake tyre"
            ),
        ),
        about(_last_service, "No service record is in your garage yet."),
        likes=words("done had did was bike car motorcycle vehicle"),
        unlike=words("next due appointment fuel tank"),
    ),
    Pattern(
        "service history",
        (
            words("history records record log past done all list serviced"),
            words("service services servicing maintenance work repair repairs history workshop"),
        ),
        about(_history, "No service record is in your garage yet."),
        likes=words("bike car motorcycle vehicle full complete been"),
        unlike=words("appointment fuel next due"),
    ),
    Pattern(
        "vehicles",
        (
            words("vehicle vehicles bike bikes garage motorcycle motorcycles car cars scooter machines own"),
            words("what which list have many garage own tell about details facts vehicles bikes"),
        ),
        about(_all, NO_VEHICLE),
        likes=words("my do there are registered added"),
    ),
    Pattern(
        "odometer",
        (
            words(
                "odometer mileage odo kilometres kilometers kilometrage clocked reading distance driven ridden km far"
            ),
        ),
        about_each(_odometer, "No odometer reading is noted yet."),
        likes=words("current far bike car stand total many run what"),
        unlike=words("due next consumption per cost costs"),
    ),
    Pattern(
        "engine",
        (
            words(
                "engine displacement cc cylinders cylinder redline compression stroke aspiration turbo capacity rpm "
                "injector injectors motor"
            ),
        ),
        about_each(_engine, "Your garage says nothing about the engine yet."),
        likes=words("size big max maximum spec specs specification bike what how many has"),
        unlike=words("light oil mean means misfire knock code"),
    ),
    Pattern(
        "ecu",
        (words("ecu firmware calibration software controller"),),
        about_each(_ecu, "Your garage does not say which ECU is fitted."),
        likes=words("which what fitted version family bike has installed have"),
        unlike=words("backup backed flash flashed mean means"),
    ),
    Pattern(
        "mods",
        (
            words(
                "mod mods modification modifications modified exhaust upgrade upgrades aftermarket parts fitted"
            ),
        ),
        about(lambda question, vehicles: facts.mods(vehicles), "No change to a vehicle is noted."),
        likes=words("what which list changes installed bike have part"),
    ),
    Pattern(
        "consumption",
        (
            words("consumption economy fuel petrol mpg litres liters drink thirsty kmpl tank"),
            words("consumption economy much many average use uses per mpg litres liters drink thirsty kmpl"),
        ),
        about(_fuel, "Two full tanks have to be noted before a consumption is known."),
        likes=words("100 km bike car last"),
        unlike=words("cost costs spent type kind pressure"),
    ),
    Pattern(
        "last fuel-up",
        (
            words("last latest when where recent"),
            words("fuel fuelled fueled refuel refuelled tank filled fill petrol pump"),
        ),
        about(_fuel, "No fuel-up is noted yet."),
        likes=words("up did station"),
    ),
    Pattern(
        "costs",
        (
            words("cost costs spent spend spending expense expenses money paid expensive total"),
            words(
                "bike car motorcycle vehicle year month cost costs spent spend spending expenses expense running fuel parts"
            ),
        ),
        about(_costs, "No costs are noted in the last 12 months."),
        likes=words("much how have far running total last maintenance"),
        unlike=words("tune tunes appointment service oil change dyno price membership"),
    ),
    Pattern(
        "documents",
        (
            words(
                "document documents papers paper paperwork insurance registration warranty manual certificate puc licence license"
            ),
        ),
        about(lambda question, vehicles: _matching(question, facts.documents(vehicles)), ""),
        likes=words("expire expires expiry valid have where my show"),
        unlike=words("plate number"),
    ),
    Pattern(
        "backup",
        (words("backup backups backed saved stock"), words("backup backups backed ecu map original stock")),
        about(lambda question, vehicles: facts.backups(vehicles), "No ECU backup is stored yet."),
        likes=words("have is do there when last"),
    ),
    Pattern(
        "flashes",
        (words("flash flashes flashed flashing reflash reflashed"),),
        about(lambda question, vehicles: facts.flashes(vehicles), "No flash was asked for yet."),
        likes=words("status last job jobs when did history done bike state"),
        unlike=words("mean means how what safe"),
    ),
    Pattern(
        "plate",
        (
            words("plate plates registration license licence number"),
            words("plate plates registration number"),
        ),
        about_each(_plate, "No licence plate is noted."),
        likes=words("what bike car vehicle license licence"),
        unlike=words("phone part expire expires document"),
    ),
    Pattern(
        "vin",
        (words("vin chassis frame"),),
        about_each(_vin, "No VIN is noted."),
        likes=words("what number bike car"),
    ),
    Pattern(
        "fuel type",
        (words("petrol diesel gasoline electric fuel"), words("type kind run runs use take takes which or")),
        about_each(_fuel_type, "Your garage does not say which fuel it takes."),
        likes=words("what bike car does"),
        unlike=words("much consumption last filter pump cost"),
    ),
    Pattern(
        "model",
        (
            words("model year make old built age brand"),
            words("bike car motorcycle vehicle it mine scooter my"),
        ),
        about_each(_model, NO_VEHICLE),
        likes=words("what which is how was"),
        unlike=words("spent cost costs service"),
    ),
)
