"""What changed since last time: nothing, ten rows, five hundred; one garage of 600 vehicles."""

from collections.abc import Callable
from urllib.parse import quote

from bench.measure import Case, Request
from bench.peers import Peer
from bench.sections.vehicles import PASSWORD, PATH, vehicle

PULL = "/api/v1/sync/pull/"
STEPS = {"500 rows": 100, "10 rows": 590, "nothing": 600}  # vehicles that the client has already


def fill(peer: Peer) -> None:
    """One person; marks of where a client stood are kept by the name of what it misses."""
    person = {"email": "collector@bench.example", "password": PASSWORD}
    peer.demand("POST", "/api/v1/auth/register/", person | {"name": "Collector"})
    token = peer.demand("POST", "/api/v1/auth/login/", person)["access_token"]
    peer.data["marks"], made = {}, {}
    for number in range(1, max(STEPS.values()) + 1):
        made = peer.demand("POST", PATH, vehicle(number), token)
        for name, count in STEPS.items():
            if number == count:
                peer.data["marks"][name] = mark(peer, token, made["updated_at"])
    peer.data["collector"] = token


def mark(peer: Peer, token: str, changed_at: str) -> int | str:
    """The product's cursor; plain has the instant of the last change."""
    if peer.name == "plain":
        return changed_at
    cursor: int = peer.demand("POST", PULL, {"collections": ["vehicles"]}, token)["cursor"]
    return cursor


def delta(name: str) -> Callable[[Peer, int], Request]:
    def ask(peer: Peer, _: int) -> Request:
        at, token = peer.data["marks"][name], peer.data["collector"]
        if peer.name == "plain":
            return Request("GET", f"{PATH}?since={quote(at)}", None, token)
        return Request("POST", PULL, {"cursor": at, "collections": ["vehicles"]}, token)

    return ask


CASES = [
    Case("nothing new", delta("nothing"), 200, goal=3.5),
    Case("10 rows", delta("10 rows"), 200, goal=3.5),
    Case("500 rows", delta("500 rows"), 200, goal=8.0),
]
