"""The limited process: reads hostile files so that the service does not have to.

Started as `python -m safety.sandbox_worker` with pipes; answers one message with one message until its
input ends, which it does when the parent dies. Limits: CPU seconds for each task, address space, no
core, no files written, few descriptors; no sockets, no processes, no files opened outside of Python's
own folders (an audit hook), and where the system allows it a network namespace of its own. On macOS
the kernel does not enforce RLIMIT_AS and has no namespaces: there the CPU and wall-clock limits and
the audit hook remain.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from safety import engine
from safety.formats.base import Definition
from safety.problems import NotAnalysed, Refused
from safety.sandbox_wire import WireError, encode, receive, send
from safety.thresholds import UnknownThreshold
from safety.vehicle import VehicleProfile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # linux/sched.h
_FORBIDDEN: Final = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.", "ctypes.",
    "shutil.", "os.remove", "os.rename", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.kill", "webbrowser.",
    "urllib.", "ftplib.", "smtplib.",
)  # fmt: skip
_WRITE_FLAGS: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


class Forbidden(PermissionError):
    """The worker tried what parsing never needs."""


def main() -> int:
    """Serve until the input ends. Arguments: CPU seconds and megabytes."""
    cpu_seconds, megabytes = int(sys.argv[1]), int(sys.argv[2])
    source, sink = os.dup(0), os.dup(1)
    with open(os.devnull, "r+b") as null:  # noqa: PTH123 -- a stray print must not reach the protocol
        os.dup2(null.fileno(), 0)
        os.dup2(null.fileno(), 1)
    _warm_up()
    _leave_network()
    _limit(megabytes)
    sys.addaudithook(_audit)
    send(sink, encode({"ready": True}), None)
    while True:
        try:
            header, blobs = receive(source, None)
        except WireError:
            return 0
        _allow_cpu(cpu_seconds)
        try:
            answer = _serve(header, blobs)
        except MemoryError:
            answer = {"refused": ["too_expensive", "The file needs more memory than a tune may."]}
        send(sink, encode(answer), None)


def _warm_up() -> None:
    """Load what is loaded late, before the doors close."""
    with contextlib.suppress(NotAnalysed, Refused):
        engine.read(b'<msq xmlns="http://www.msefi.com/:msq"/>', "warm.msq")
    with contextlib.suppress(NotAnalysed, Refused):
        engine.read(b":00000001FF\n", "warm.hex", Definition(b"<roms/>", "warm.xml"))
    engine.refused(Refused("empty", ""), b"", VehicleProfile())


def _leave_network() -> None:
    """An empty network namespace, where the system lets an ordinary user have one."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None, use_errno=True)
            libc.unshare(_NEW_USER | _NEW_NET)


def _limit(megabytes: int) -> None:
    """A limit that the system does not know is skipped."""
    size = megabytes * 1024 * 1024
    for name, value in (("RLIMIT_AS", size), ("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", 0), ("RLIMIT_NOFILE", 64)):
        kind = getattr(resource, name, None)
        if kind is not None:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (value, value))


def _allow_cpu(seconds: int) -> None:
    """Its share for one task on top of what was used so far; beyond it the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)


def _own_folders() -> tuple[str, ...]:
    """Where Python may load from, as the audit hook sees paths: absolute text."""
    folders = {Path(path) for path in sys.path if path} | {
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(__file__).parent,
    }
    return tuple(str(folder) for folder in folders if folder.is_absolute())


_FOLDERS: Final = _own_folders()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise Forbidden(event)
    if event == "open":
        path, _, flags = arguments
        writing = isinstance(flags, int) and bool(flags & _WRITE_FLAGS)
        if writing or not isinstance(path, str) or not path.startswith(_FOLDERS):
            raise Forbidden("open")


def _serve(header: Mapping[str, Any], blobs: Sequence[bytes]) -> dict[str, Any]:
    """One task. Whatever a file brings about becomes an answer."""
    try:
        answer: dict[str, Any] = _task(header, blobs)
    except Refused as problem:
        answer = {"refused": [problem.reason_code, problem.message]}
    except NotAnalysed as problem:
        answer = {"not_analysed": [problem.reason_code, problem.message]}
    except UnknownThreshold as problem:
        answer = {"unknown_threshold": str(problem)}
    except RecursionError:
        answer = {"refused": ["nested", "The file is nested too deeply."]}
    except Forbidden:
        answer = {"refused": ["forbidden", "Reading the file tried to leave its limits."], "breach": True}
    return answer


def _task(header: Mapping[str, Any], blobs: Sequence[bytes]) -> dict[str, Any]:
    if header["task"] == "read":
        definition = Definition(blobs[1], header["definition"]) if len(blobs) > 1 else None
        return {"map": engine.read(blobs[0], header["name"], definition).to_dict()}
    return {"report": _analyse(header, blobs).to_stored()}


def _analyse(header: Mapping[str, Any], blobs: Sequence[bytes]) -> engine.Report:
    named = dict(zip(header["parts"], blobs, strict=True))

    def definition(part: str) -> Definition | None:
        return Definition(named[part], header["names"][part]) if part in named else None

    baseline = (named["baseline"], header["names"]["baseline"]) if "baseline" in named else None
    return engine.analyse_files(
        named["tune"],
        header["names"]["tune"],
        VehicleProfile.from_dict(header["vehicle"]),
        definition=definition("definition"),
        baseline=baseline,
        baseline_definition=definition("baseline_definition"),
        baseline_kind=header["baseline_kind"],
        overrides=header["overrides"],
    )


if __name__ == "__main__":
    sys.exit(main())
