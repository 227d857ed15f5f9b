"""Somebody's garage: the list, one vehicle, a new one, a changed one."""

from typing import Any

from bench.measure import Case, Request
from bench.peers import Peer

PATH = "/api/v1/garage/vehicles/"
OWNERS, EACH = 40, 5
PASSWORD = "a-long-way-home-77"  # noqa: S105 -- of people who live for a minute
MAKES = [
    ("KTM", "690 SMC R"),
    ("Yamaha", "MT-07"),
    ("BMW", "M52 Coupe"),
    ("Mazda", "MX-5"),
    ("Ford", "Ranger"),
]


def vehicle(number: int) -> dict[str, Any]:
    make, model = MAKES[number % len(MAKES)]
    return {
        "nickname": f"Number {number}",
        "make": make,
        "model": model,
        "year": 1995 + number % 30,
        "license_plate": f"RS-{number:05}",
        "odometer_km": 1000.5 + number,
        "fuel_type": "petrol",
        "notes": "Bought from the first owner, serviced every year.",
    }


def fill(peer: Peer) -> None:
    """Owners with five vehicles each; as many again, without any, are those who create."""
    tokens, vehicles = [], []
    for number in range(OWNERS * 2):
        person = {"email": f"owner{number}@bench.example", "password": PASSWORD}
        peer.demand("POST", "/api/v1/auth/register/", person | {"name": f"Owner {number}"})
        tokens.append(peer.demand("POST", "/api/v1/auth/login/", person)["access_token"])
    for number in range(OWNERS * EACH):
        made = peer.demand("POST", PATH, vehicle(number), tokens[number % OWNERS])
        vehicles.append(made["id"])
    peer.data["vehicles"] = vehicles
    peer.tokens = tokens


def list_of_five(peer: Peer, number: int) -> Request:
    return Request("GET", PATH, None, peer.tokens[number % OWNERS])


def detail(peer: Peer, number: int) -> Request:
    chosen = peer.data["vehicles"][number % (OWNERS * EACH)]
    return Request("GET", f"{PATH}{chosen}/", None, peer.tokens[number % OWNERS])


def create(peer: Peer, number: int) -> Request:
    return Request("POST", PATH, vehicle(number), peer.tokens[OWNERS + number % OWNERS])


def patch(peer: Peer, number: int) -> Request:
    chosen = peer.data["vehicles"][number % (OWNERS * EACH)]
    return Request(
        "PATCH", f"{PATH}{chosen}/", {"odometer_km": 2000.5 + number}, peer.tokens[number % OWNERS]
    )


CASES = [
    Case("list of 5", list_of_five, 200, goal=3.5, peers=frozenset({"product", "plain", "limit"})),
    Case("detail", detail, 200, goal=3.0),
    Case("create", create, 201, goal=2.5),
    Case("patch", patch, 200, goal=2.5),
]
