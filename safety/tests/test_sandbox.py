"""The limited process: same answers, hard limits, no doors, and a pool that heals itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from safety import engine, sandbox
from safety.problems import NotAnalysed, Refused
from safety.tests.conftest import expected
from safety.tests.hostile import TUNES
from safety.thresholds import UnknownThreshold
from safety.vehicle import VehicleProfile

ROOT = Path(__file__).resolve().parents[2]
NAME = "car_5cyl_turbo_petrol_2_adv_high_load_plus8.msq"
VEHICLE = VehicleProfile.from_dict(expected()[NAME]["vehicle"])


@pytest.fixture(scope="module")
def pool():
    pool = sandbox.Pool(size=2)
    yield pool
    pool.close()


def test_reads_what_the_engine_reads(pool, synthetic):
    data, name = synthetic(NAME)
    assert sandbox.read(data, name, pool=pool).to_dict() == engine.read(data, name).to_dict()


def test_analyses_as_the_engine_does(pool, synthetic):
    base = synthetic(expected()[NAME]["baseline"])
    inside = sandbox.analyse(*synthetic(NAME), VEHICLE, baseline=base, pool=pool)
    here = engine.analyse_files(*synthetic(NAME), VEHICLE, baseline=base)
    assert inside.to_stored() == here.to_stored()
    assert inside.verdict == "confirm"


def test_an_image_with_its_definition(pool, rom):
    definition = engine.Definition(*rom("definition.xdf"))
    found = sandbox.read(*rom("rom_stock.hex"), definition, pool=pool)
    assert (found.image.checksum_ok, found.number("rev_limit")) == (True, 10500.0)


def test_problems_cross_the_border(pool):
    with pytest.raises(Refused) as refused:
        sandbox.read(TUNES["external entity"][1], "a.msq", pool=pool)
    assert refused.value.reason_code == "doctype"
    with pytest.raises(NotAnalysed):
        sandbox.read(TUNES["zip bomb"][1], "a.msq", pool=pool)
    assert sandbox.analyse(TUNES["truncated"][1], "a.msq", VEHICLE, pool=pool).verdict == "block"


def test_a_wrong_override_is_the_callers_mistake(pool, synthetic):
    with pytest.raises(UnknownThreshold):
        sandbox.analyse(*synthetic(NAME), VEHICLE, overrides={"no_such_limit": 1.0}, pool=pool)


@pytest.mark.parametrize("kind", sorted(TUNES))
def test_hostile_tune_in_the_sandbox(kind, pool):
    name, data = TUNES[kind]
    start = time.monotonic()
    report = sandbox.analyse(data, name, VEHICLE, pool=pool)
    assert time.monotonic() - start < 2.5
    assert report.to_dict() == engine.analyse_files(data, name, VEHICLE).to_dict()


def test_a_worker_that_dies_is_replaced(synthetic):
    pool = sandbox.Pool(size=1)
    data, name = synthetic(NAME)
    sandbox.read(data, name, pool=pool)
    first = pool._free[0].process
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert sandbox.read(data, name, pool=pool).family == "speeduino"
    assert pool._free[0].process.pid != first.pid
    pool.close()


def test_a_worker_that_is_too_slow_is_ended_and_replaced(synthetic):
    pool = sandbox.Pool(size=1)
    data, name = synthetic(NAME)
    sandbox.read(data, name, pool=pool)
    first = pool._free[0].process
    os.kill(first.pid, signal.SIGSTOP)  # as if it hung
    pool._wall = 0.3
    with pytest.raises(Refused) as problem:
        sandbox.read(data, name, pool=pool)
    assert problem.value.reason_code == "too_expensive"
    assert first.returncode == -signal.SIGKILL
    pool._wall = 15.0
    assert sandbox.read(data, name, pool=pool).family == "speeduino"
    pool.close()


def test_a_worker_is_replaced_after_its_share(synthetic, monkeypatch):
    monkeypatch.setattr(sandbox, "TASKS_EACH", 2)
    pool = sandbox.Pool(size=1)
    data, name = synthetic(NAME)
    sandbox.read(data, name, pool=pool)
    first = pool._free[0].process
    sandbox.read(data, name, pool=pool)
    assert (pool._free, first.returncode) == ([], -signal.SIGKILL)
    pool.close()


def test_many_threads_share_two_workers(pool, synthetic):
    data, name = synthetic(NAME)
    answers = []

    def work():
        answers.append(sandbox.read(data, name, pool=pool).sha256)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    assert len(set(answers)) == 1
    assert len(pool._free) <= 2


def _in_worker(code: str) -> str:
    """Run code behind the worker's doors, in a process of its own."""
    text = (
        "import sys\nfrom safety import sandbox_worker as w\nw._warm_up()\nw._limit(512)\nw._allow_cpu(1)\n"
        f"sys.addaudithook(w._audit)\ntry:\n    {code}\nexcept (w.Forbidden, MemoryError) as e:\n    print(type(e).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.stdout.strip() or str(done.returncode)


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket()",
        "open('/tmp/x', 'w')",
        "open('/etc/passwd')",
        "__import__('os').system('id')",
        "__import__('os').fork()",
        "__import__('subprocess').run(['id'])",
        "__import__('os').remove('/tmp/x')",
        "__import__('os').execv('/bin/true', ['true'])",
    ],
)
def test_every_door_is_closed(code):
    assert _in_worker(code) == "Forbidden"


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is not enforced elsewhere")
def test_memory_is_limited():
    assert _in_worker("x = bytearray(700 * 1024 * 1024)") == "MemoryError"


def test_cpu_is_limited():
    assert _in_worker("exec('while True: pass')") == str(-signal.SIGXCPU)


def test_workers_end_when_their_parent_is_killed(synthetic, tmp_path):
    code = (
        "import sys, time\nfrom safety import sandbox\n"
        f"pool = sandbox.Pool(1)\nsandbox.read(open({str(ROOT / 'safety/tests/data/synthetic_msq' / NAME)!r}, 'rb').read(), 'a.msq', pool=pool)\n"
        "print(pool._free[0].process.pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(worker)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")
