"""python -m safety.evaluation --seed N [--count N] [--write docs/safety-evaluation.md] [--tunes ../shared/tunes]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from safety.evaluation.generator import generate
from safety.evaluation.measure import measure, third_party
from safety.evaluation.page import page


def _bar(done: int, of: int) -> None:
    filled = 30 * done // of
    sys.stderr.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done}/{of} tunes")
    sys.stderr.flush()
    if done == of:
        sys.stderr.write("\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="safety.evaluation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60, help="generated tunes")
    parser.add_argument("--write", type=Path, help="file for the page")
    parser.add_argument(
        "--tunes", type=Path, default=Path("../shared/tunes"), help="folder of third-party tunes"
    )
    parser.add_argument("--missed", action="store_true", help="name the files of every miss and alarm")
    options = parser.parse_args(arguments)
    samples = [*third_party(options.tunes), *generate(options.count, options.seed)]
    results = measure(samples, options.seed, options.tunes, _bar)
    text = page(results)
    sys.stdout.write(text)
    if options.missed:
        for title, counts in (
            ("plain", results.with_base),
            ("small", results.small),
            ("alone", results.alone),
            ("alarms", results.alarms),
        ):
            for kind, count in counts.items():
                if count.missed:
                    sys.stdout.write(f"{title} / {kind}: {'; '.join(count.missed)}\n")
    if options.write is not None:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
