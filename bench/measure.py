"""Rounds of requests, one application after the other, so that a noisy neighbour meets them all."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.peers import Peer, cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ATTEMPTS = 3


class Request(NamedTuple):
    method: str
    path: str
    body: Any
    token: str


@dataclass(frozen=True)
class Case:
    """One kind of request; `ask(peer, number)` makes the next one."""

    name: str
    ask: Callable[[Peer, int], Request]
    status: int
    goal: float  # times less processor time than plain, at least
    peers: frozenset[str] = frozenset({"product", "plain"})


@dataclass
class Result:
    """Of one case: microseconds of processor a request and seconds of each request, by application."""

    case: Case
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def ratios(self, of: str, to: str) -> list[float]:
        """Round by round: what `of` costs, in units of what `to` costs."""
        return [one / other for one, other in zip(self.cpu[of], self.cpu[to], strict=True)]


def measure(cases: Sequence[Case], peers: Sequence[Peer], *, rounds: int, requests: int) -> list[Result]:
    """All cases in `rounds` rounds of `requests` requests to each application; a first round only warms up."""
    results = [Result(case) for case in cases]
    sent = 0
    for number in range(rounds + 1):
        for result in results:
            for peer in peers if number % 2 else reversed(peers):
                if peer.name not in result.case.peers:
                    continue
                cpu, seconds = one_round(result.case, peer, sent, requests)
                sent += requests
                if number:
                    result.cpu[peer.name].append(cpu)
                    result.seconds[peer.name] += seconds
    return results


def one_round(case: Case, peer: Peer, first: int, requests: int) -> tuple[float, list[float]]:
    """Microseconds of processor a request, and how long each took.

    Raises RuntimeError when an answer has the wrong status, or when processes end at each attempt: their time
    would be missing.
    """
    for _ in range(ATTEMPTS):
        peer.reconnect()
        send(case, peer, [case.ask(peer, first)])  # who rested while others were measured wakes up
        todo = [case.ask(peer, first + number) for number in range(requests)]
        watched = peer.processes()
        before = cpu_seconds(watched)
        seconds = send(case, peer, todo)
        if watched <= (now := peer.processes()):  # one that came has cost all that it has used
            return (cpu_seconds(now) - before) / requests * 1e6, seconds
    raise RuntimeError(f"{peer.name}: its processes end while it is measured")


def send(case: Case, peer: Peer, todo: Sequence[Request]) -> list[float]:
    """Seconds of each request. Raises RuntimeError at a wrong status."""
    seconds = []
    for request in todo:
        status, text, took = peer.ask(*request)
        if status != case.status:
            raise RuntimeError(
                f"{peer.name}: {request.method} {request.path} answered {status}: {text[:500]!r}"
            )
        seconds.append(took)
    return seconds


def report(results: Sequence[Result]) -> str:
    """The table for a person: costs, ratios with their range over the rounds, latencies."""
    lines = [
        f"{'':<18}{'CPU us a request':^27}{'times plain':^24}{'goal':>6}{'of limit':>10}   {'p50 / p99 ms'}",
        f"{'':<18}{'plain':>9}{'product':>9}{'limit':>9}{'':^24}{'':>6}{'':>10}   {'plain':<16}{'product'}",
    ]
    for result in results:
        middle = {name: statistics.median(values) for name, values in result.cpu.items()}
        ratios = result.ratios("plain", "product")
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        share = f"{statistics.median(result.ratios('limit', 'product')):.2f}" if "limit" in middle else "-"
        costs = "".join(
            f"{middle[name]:>9.0f}" if name in middle else f"{'-':>9}"
            for name in ("plain", "product", "limit")
        )
        lines.append(
            f"{result.case.name:<18}{costs}{ratio:^24}{result.case.goal:>6.1f}{share:>10}   "
            f"{latency(result.seconds['plain']):<16}{latency(result.seconds['product'])}"
        )
    return "\n".join(lines)


def latency(seconds: Sequence[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return f"{cuts[49] * 1e3:.2f} / {cuts[98] * 1e3:.2f}"
