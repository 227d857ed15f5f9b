"""`python -m demo`: walk the journey against http://localhost:$PORT (or the address given)."""

from __future__ import annotations

import os
import sys

import httpx

from demo.client import Refused
from demo.journey import Journey
from demo.paper import say


def main() -> int:
    base = sys.argv[1] if len(sys.argv) > 1 else f"http://localhost:{os.environ.get('PORT') or 8000}"
    try:
        with Journey(base) as journey:
            journey.walk()
    except httpx.ConnectError:
        say(f"Nothing answers at {base}. Start it first: make run")
        return 1
    except Refused as problem:
        say(f"\nThe server refused what it should have done: {problem}\n{problem.body}")
        return 1
    return 0


sys.exit(main())
