"""`python -m bench [section...]`: a private PostgreSQL, the same data for all, and what each request costs."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import pkgutil
import tempfile
from pathlib import Path

import psycopg

import bench.sections
from bench.growth import slopes
from bench.measure import measure, report
from bench.peers import Peer, limit, plain, product
from core.devserver import cluster, forget


def main() -> None:
    known = [module.name for module in pkgutil.iter_modules(bench.sections.__path__)]
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="section", help=f"of {', '.join(known)} (default: all)"
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument(
        "--requests", type=int, default=200, help="to each application in a round (default: 200)"
    )
    parser.add_argument(
        "--growth", action="store_true", help="only: tunes among 10,000 and among a million (five minutes)"
    )
    options = parser.parse_args()
    if unknown := set(options.sections) - set(known):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        folder = Path(place, "postgres")
        stack.callback(forget, folder)
        url = stack.enter_context(cluster(folder))
        if options.growth:
            alone = stack.enter_context(product(url, Path(place, "files")))
            print(slopes(alone, rounds=options.rounds, requests=options.requests), flush=True)
            return
        peers = start(stack, url, Path(place, "files"))
        for name in options.sections or known:
            section = importlib.import_module(f"bench.sections.{name}")
            print(f"\n{name}: filling in the data", flush=True)
            if hasattr(section, "compare"):  # a comparison of its own, not of requests
                for line in section.compare(peers, rounds=options.rounds):
                    print(line, flush=True)
                continue
            for peer in peers:
                if peer.name != "limit":
                    peer.reconnect()
                    section.fill(peer)
            peers[-1].tokens, peers[-1].data = peers[1].tokens, peers[1].data
            for peer in peers[:2]:  # as autovacuum would have by tomorrow
                with psycopg.connect(peer.database, autocommit=True) as connection:
                    connection.execute("VACUUM ANALYZE")
                    connection.execute("CHECKPOINT")
            print(f"{options.rounds} rounds of {options.requests} requests each", flush=True)
            print(
                report(measure(section.CASES, peers, rounds=options.rounds, requests=options.requests)),
                flush=True,
            )
            if also := getattr(section, "also", None):
                print(also(*peers[:2]), flush=True)


def start(stack: contextlib.ExitStack, url: str, files: Path) -> list[Peer]:
    """The product, plain and limit, in this order; the last two share a database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE plain")
    beside = url.replace("/revsync?", "/plain?")
    return [stack.enter_context(one) for one in (product(url, files), plain(beside), limit(beside))]


if __name__ == "__main__":
    main()
