"""A small warm pool of limited processes that read files in the service's stead.

    sandbox.read(data, name, definition)                   -> CalibrationMap
    sandbox.analyse(data, name, vehicle, baseline=...)     -> Report

Both are safe to call from many threads and after a fork. A task gets 10 s of CPU, 512 MB of address
space (one BLAS thread) and a wall-clock limit; a worker that breaks a limit, dies, or has done its
share of tasks is replaced. Workers are started afresh (never forked from a threaded service), talk
JSON over pipes, and end when the pipe from their parent closes.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from safety import engine
from safety.calibration import CalibrationMap
from safety.formats.base import LIMITS, Definition, sha256
from safety.problems import NotAnalysed, Refused
from safety.report.model import Report
from safety.sandbox_wire import WireError, encode, receive, send
from safety.thresholds import UnknownThreshold, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safety.vehicle import VehicleProfile

CPU_SECONDS: Final = 10
MEGABYTES: Final = 512
WALL_SECONDS: Final = 15.0
START_SECONDS: Final = 30.0
TASKS_EACH: Final = 500
_ROOT: Final = Path(__file__).resolve().parents[1]
_ONE_THREAD: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class SandboxUnavailable(RuntimeError):
    """No worker could be started, or all were busy for too long. Nothing is said about the file."""


class _Worker:
    """One process and its pipes; used by one thread at a time."""

    def __init__(self) -> None:
        environment = {"PATH": os.defpath, "PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8"}
        environment |= dict.fromkeys(_ONE_THREAD, "1")
        self.tasks = 0
        self.process = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
            [sys.executable, "-s", "-m", "safety.sandbox_worker", str(CPU_SECONDS), str(MEGABYTES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=environment,
            start_new_session=True,
        )
        if self.process.stdin is None or self.process.stdout is None:
            raise SandboxUnavailable("no pipes")
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self._in, False)
        try:
            receive(self._out, time.monotonic() + START_SECONDS)
        except WireError as error:
            self.end()
            raise SandboxUnavailable(f"a worker did not start: {error}") from None

    def ask(self, message: bytes, seconds: float) -> dict[str, Any]:
        """Raises WireError when the worker is gone, too slow or talks nonsense."""
        deadline = time.monotonic() + seconds
        self.tasks += 1
        send(self._in, message, deadline)
        return receive(self._out, deadline)[0]

    def end(self) -> None:
        """Kill and reap; the pipes are closed."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # what was left in a dead worker's pipe is of no use
        self.process.wait()


class Pool:
    """At most `size` workers, started when first needed."""

    def __init__(self, size: int = 2, wall_seconds: float = WALL_SECONDS) -> None:
        self._free: list[_Worker] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(size)
        self._wall = wall_seconds
        self._closed = False

    def ask(self, header: Mapping[str, Any], blobs: Sequence[bytes]) -> dict[str, Any]:
        """A worker's answer. Refused when the task broke a limit; SandboxUnavailable when none is to be had."""
        message = encode(header, blobs)
        if not self._places.acquire(timeout=2 * self._wall):
            raise SandboxUnavailable("all workers are busy")
        try:
            return self._ask(message)
        finally:
            self._places.release()

    def _ask(self, message: bytes) -> dict[str, Any]:
        with self._lock:
            worker = self._free.pop() if self._free else None
        if worker is not None and worker.process.poll() is not None:
            worker.end()
            worker = None
        worker = worker or _Worker()
        try:
            answer = worker.ask(message, self._wall)
        except WireError:
            worker.end()
            raise Refused(
                "too_expensive", "Reading the file took more time or memory than any real tune needs."
            ) from None
        except BaseException:
            worker.end()
            raise
        if answer.get("breach") or worker.tasks >= TASKS_EACH or self._closed:
            worker.end()
        else:
            with self._lock:
                self._free.append(worker)
        return answer

    def close(self) -> None:
        """End all idle workers; those at work end with their task."""
        self._closed = True
        with self._lock:
            workers, self._free = self._free, []
        for worker in workers:
            worker.end()


class _Shared:
    """The process-wide pool: made when first needed, forgotten in a forked child."""

    def __init__(self) -> None:
        self.pool: Pool | None = None
        self.lock = threading.Lock()

    def get(self) -> Pool:
        with self.lock:
            if self.pool is None:
                self.pool = Pool()
                atexit.register(self.pool.close)
            return self.pool

    def forget(self) -> None:
        """In a forked child: the workers belong to the parent, and its locks may be held."""
        self.pool, self.lock = None, threading.Lock()


_shared = _Shared()
os.register_at_fork(after_in_child=_shared.forget)


def close() -> None:
    """End the shared pool's workers; the next call starts new ones."""
    pool = _shared.pool
    if pool is not None:
        pool.close()
    _shared.forget()


def _check_size(*blobs: bytes) -> None:
    """Before anything is copied into a pipe."""
    if any(len(blob) > LIMITS.record_bytes for blob in blobs):
        raise Refused("too_large", f"The file is larger than {LIMITS.record_bytes} bytes.")


def _raise_problem(answer: Mapping[str, Any]) -> None:
    if "refused" in answer:
        raise Refused(*map(str, answer["refused"]))
    if "not_analysed" in answer:
        raise NotAnalysed(*map(str, answer["not_analysed"]))
    if "unknown_threshold" in answer:
        raise UnknownThreshold(str(answer["unknown_threshold"]))


def read(
    data: bytes, name: str, definition: Definition | None = None, *, pool: Pool | None = None
) -> CalibrationMap:
    """Parse a tune in a limited process. Raises Refused, NotAnalysed or SandboxUnavailable."""
    blobs = [data] if definition is None else [data, definition.data]
    _check_size(*blobs)
    header = {"task": "read", "name": name, "definition": definition.name if definition else ""}
    answer = (pool or _shared.get()).ask(header, blobs)
    _raise_problem(answer)
    try:
        found = CalibrationMap.from_dict(answer["map"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Refused("too_expensive", "Reading the file gave no usable answer.") from None
    if found.sha256 != sha256(data):
        raise Refused("too_expensive", "Reading the file gave an answer about another one.")
    return found


def analyse(
    data: bytes,
    name: str,
    vehicle: VehicleProfile,
    *,
    definition: Definition | None = None,
    baseline: tuple[bytes, str] | None = None,
    baseline_definition: Definition | None = None,
    baseline_kind: str | None = None,
    overrides: Mapping[str, Value] | None = None,
    pool: Pool | None = None,
) -> Report:
    """Read and analyse in a limited process, as `engine.analyse_files` does here.

    A file that is refused, not understood or too expensive gives a report. Raises UnknownThreshold for a
    wrong override and SandboxUnavailable when no worker is to be had.
    """
    parts: dict[str, tuple[bytes, str]] = {"tune": (data, name)}
    if definition is not None:
        parts["definition"] = (definition.data, definition.name)
    if baseline is not None:
        parts["baseline"] = baseline
    if baseline_definition is not None:
        parts["baseline_definition"] = (baseline_definition.data, baseline_definition.name)
    header = {
        "task": "analyse",
        "parts": list(parts),
        "names": {part: value[1] for part, value in parts.items()},
        "vehicle": vehicle.to_dict(),
        "baseline_kind": baseline_kind,
        "overrides": dict(overrides or {}),
    }
    blobs = [value[0] for value in parts.values()]
    try:
        _check_size(*blobs)
        answer = (pool or _shared.get()).ask(header, blobs)
        _raise_problem(answer)
        return Report.from_stored(answer["report"])
    except Refused as problem:
        return engine.refused(problem, data, vehicle)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, UnknownThreshold):
            raise
        broken = Refused("too_expensive", "Reading the file gave no usable answer.")
        return engine.refused(broken, data, vehicle)
