"""How the demo talks to a person at a terminal."""

from __future__ import annotations

import sys
from typing import Any

PLAIN = not sys.stdout.isatty()
BOLD, DIM, GREEN, RED, YELLOW, END = (
    ("",) * 6 if PLAIN else ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[33m", "\033[0m")
)


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def chapter(title: str) -> None:
    say(f"\n{BOLD}{title}{END}")


def done(text: str, detail: str = "") -> None:
    say(f"  {GREEN}ok{END}  {text}{f'  {DIM}{detail}{END}' if detail else ''}")


def refused(text: str) -> None:
    say(f"  {RED}no{END}  {text}")


def progress(percent: int) -> None:
    """A bar that redraws itself on a terminal and prints quarters elsewhere."""
    filled = percent // 4
    bar = f"      [{'#' * filled}{'.' * (25 - filled)}] {percent:3d} %"
    if PLAIN:
        if percent % 25 == 0:
            say(bar)
    else:
        sys.stdout.write(f"\r{bar}{chr(10) if percent == 100 else ''}")
        sys.stdout.flush()


def finding(entry: dict[str, Any]) -> None:
    """One finding as a rider reads it: what, where, which cells, why, and how the limit was set."""
    place = entry["table"] or entry["scalar"]
    say(
        f"      {YELLOW}{entry['severity']:>8}{END}  {BOLD}{entry['title']}{END} in {place} [{entry['code']}]"
    )
    say(f"                {entry['explanation']}")
    cells = entry["cells"]
    if cells:
        say(f"                {len(cells)} cell{'s' if len(cells) > 1 else ''}:")
        for _row, _column, x, y, value, limit, baseline in cells[:4]:
            was = f", backup {baseline:g}" if baseline is not None else ""
            bound = f", limit {limit:g}" if limit is not None else ""
            say(f"                  at {x:g} rpm, load {y:g}: {value:g}{was}{bound}")
        if len(cells) > 4:
            say(f"                  and {len(cells) - 4} more")
    elif entry["value"] is not None:
        say(f"                value {entry['value']}, limit {entry['limit']} ({entry['limit_source']})")
