"""What the garage lets the assistant know."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chat.ports import Block, Fact, Pattern, PlainKnowledge, Tool, knowledge
from garage.knowing import facts
from garage.knowing.answers import PATTERNS
from garage.models import Vehicle
from users.models import User

OF_A_VEHICLE = {"type": "object", "properties": {"vehicle_id": {"type": "string", "format": "uuid"}}}


class GarageKnowledge(PlainKnowledge):
    order = 10

    def blocks(self, user: User) -> Sequence[Block]:
        vehicles = facts.vehicles_of(user)
        if not vehicles:
            return []
        return [
            Block("vehicles", [facts.about_vehicle(vehicle) for vehicle in vehicles]),
            Block("reminders", [fact for _, fact in facts.reminders(vehicles)]),
            Block("service_history", facts.services(vehicles)),
            Block("changes", facts.mods(vehicles)),
            Block("documents", facts.documents(vehicles)),
            Block("ecu_backups_and_flashes", [*facts.backups(vehicles), *facts.flashes(vehicles)]),
            Block("fuel", facts.fuel_ups(vehicles)),
        ]

    def patterns(self) -> Sequence[Pattern]:
        return PATTERNS

    def tools(self) -> Sequence[Tool]:
        return [
            Tool("get_vehicles", "The vehicles of this person with engine, ECU and odometer.", _vehicles),
            Tool(
                "get_service_history", "The last 20 services, of one vehicle or all.", _services, OF_A_VEHICLE
            ),
            Tool(
                "get_reminders",
                "What is due, of one vehicle or all, the most urgent first.",
                _reminders,
                OF_A_VEHICLE,
            ),
        ]


def _vehicles(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
    return [facts.about_vehicle(vehicle) for vehicle in facts.vehicles_of(user)]


def _services(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
    return facts.services(_chosen(user, arguments), most=20)


def _reminders(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
    return [fact for _, fact in facts.reminders(_chosen(user, arguments))]


def _chosen(user: User, arguments: Mapping[str, Any]) -> list[Vehicle]:
    """The vehicle that is named, if it is this person's; all without a name."""
    vehicles = facts.vehicles_of(user)
    wanted = arguments.get("vehicle_id")
    if not wanted:
        return vehicles
    try:
        chosen = UUID(str(wanted))
    except ValueError:
        return []
    return [vehicle for vehicle in vehicles if vehicle.pk == chosen]


knowledge.register("garage", GarageKnowledge())
