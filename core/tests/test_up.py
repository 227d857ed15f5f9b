"""What `make run` promises of its processes, with a small server in the place of the big one."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from core.devserver.orphans import MARK, alive, end_marked, survivors
from core.devserver.run import fingerprint, prepared, refuse_taken

ROOT = Path(__file__).parents[2]


@pytest.fixture
def port():
    """A free one below those that the system gives to outgoing connections: nobody takes it between two lines."""
    for number in random.sample(range(20000, 32000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", number))
            return number
    raise AssertionError("no free port")


@contextlib.contextmanager
def serving(project, port):
    """A process that serves as `manage.py up` does: a reloader whose child holds the port."""
    server = f"""
        import subprocess, sys
        subprocess.run([sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1"], stderr=subprocess.DEVNULL)
    """
    parent = """
        import sys
        from pathlib import Path
        from core.devserver.run import serve
        serve([sys.executable, "-c", sys.argv[1]], Path(sys.argv[2]))
    """
    command = [sys.executable, "-c", textwrap.dedent(parent), textwrap.dedent(server), str(project)]
    with subprocess.Popen(command, cwd=project, env=os.environ | {"PYTHONPATH": str(ROOT)}) as process:
        try:
            wait_until(lambda: taken(port))
            yield process
        finally:
            process.kill()


def taken(port):
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children_of(pid):
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK, "").startswith(f"{pid}:"):
                found.append(process)
    return found


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_tells_it_to_stop_nothing_stays_behind(told, tmp_path, port):
    with serving(tmp_path, port) as parent:
        assert len(children_of(parent.pid)) == 2
        parent.send_signal(told)
        assert parent.wait(timeout=20) == 0
    assert children_of(parent.pid) == []
    assert not taken(port)


def test_the_next_run_ends_what_a_killed_one_left_and_nothing_else(tmp_path, port):
    with serving(tmp_path, port) as parent:
        assert end_marked(tmp_path, ours=False) == 0
        parent.kill()
        parent.wait()
    assert taken(port)
    assert end_marked(tmp_path / "another project", ours=False) == 0
    assert end_marked(tmp_path, ours=False) == 2
    assert children_of(parent.pid) == []
    refuse_taken("127.0.0.1", port)


HEADLESS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="how a process dies is Linux's own")
def test_a_process_whose_first_thread_has_died_is_not_gone():
    with subprocess.Popen([sys.executable, "-c", HEADLESS]) as child:
        process = psutil.Process(child.pid)
        wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE)
        assert alive(process)
        child.kill()
        assert survivors([process], seconds=10) == []


def test_a_taken_port_is_named(port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(SystemExit, match=f"make run PORT={port + 1}"):
            refuse_taken("127.0.0.1", port)


def test_what_is_prepared_is_prepared_again_after_a_change(tmp_path):
    project, stamp = tmp_path / "project", tmp_path / "stamp"
    (project / "app").mkdir(parents=True)
    (project / "app" / "__init__.py").touch()
    (project / "manage.py").write_text("print(open('says').read())")
    (project / "says").write_text("alice")
    assert prepared(project, stamp).strip() == "alice"
    (project / "says").write_text("bob")
    assert prepared(project, stamp).strip() == "alice"
    (project / "app" / "hooks.py").write_text("demo = 1")
    assert prepared(project, stamp).strip() == "bob"
    (project / "says").write_text("tara")
    assert prepared(project, None).strip() == "tara"


def test_a_failed_preparation_is_not_remembered(tmp_path):
    (tmp_path / "manage.py").write_text("raise SystemExit(3)")
    with pytest.raises(SystemExit, match="3"):
        prepared(tmp_path, tmp_path / "stamp")
    assert not (tmp_path / "stamp").exists()
    assert fingerprint(tmp_path) == fingerprint(tmp_path)
