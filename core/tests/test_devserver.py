"""The private PostgreSQL: joined, shared, left, killed, and found again. No Django database is used here."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from core.devserver import DevServerError, cluster, companion, forget

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder():
    """One cluster for the whole module; as root it lands outside pytest's own folder, which `nobody` can't enter."""
    with tempfile.TemporaryDirectory() as place:
        yield Path(place, "pg")
        forget(Path(place, "pg"))


def ask(url, question="SELECT count(*) FROM pg_database WHERE datname = 'revsync'"):
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchone()[0]


def server_pid(folder):
    lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    return int(lines[0])


def is_down(folder):
    return not (folder / "data" / "postmaster.pid").exists()


@contextlib.contextmanager
def another_user(folder, then="input()"):
    """Another process that enters the cluster, says so, does `then`, and leaves."""
    script = f"""
        import os, sys
        from pathlib import Path
        from core.devserver import cluster
        with cluster(Path(sys.argv[1]), fsync=False) as url:
            print(url, flush=True)
            {then}
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield process
        process.stdin.close()


def test_the_first_user_starts_it_and_the_last_one_stops_it(folder):
    with another_user(folder) as other:
        theirs = other.stdout.readline().strip()
        with cluster(folder, fsync=False) as url:
            assert url == theirs
            assert ask(url) == 1
            pid = server_pid(folder)
            other.communicate("\n", timeout=10)
            assert server_pid(folder) == pid
            assert ask(url) == 1
    assert is_down(folder)


def test_six_at_once_share_one_server(folder):
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(another_user(folder)) for _ in range(6)]
        urls = {other.stdout.readline() for other in others}
        assert len(urls) == 1
        assert ask(urls.pop().strip()) == 1
    assert is_down(folder)


def test_it_keeps_its_data(folder):
    with cluster(folder, fsync=False) as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with cluster(folder, fsync=False) as url:
        assert ask(url, "SELECT answer FROM kept") == 42


def test_a_killed_user_leaves_the_server_to_the_next_one(folder):
    with another_user(folder) as other:
        other.stdout.readline()
        pid = server_pid(folder)
        other.kill()
        other.wait(timeout=10)
    with cluster(folder, fsync=False) as url:
        assert server_pid(folder) == pid
        assert ask(url) == 1
    assert is_down(folder)


def test_a_killed_server_is_started_again(folder):
    with cluster(folder, fsync=False):
        first = server_pid(folder)
        os.kill(first, signal.SIGKILL)
        gone(first)
        with cluster(folder, fsync=False) as url:
            assert server_pid(folder) != first
            assert ask(url) == 1
    assert is_down(folder)


def gone(pid):
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(folder):
    """After a crash of the machine the number in postmaster.pid may belong to anybody: here, to us."""
    with cluster(folder, fsync=False):
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    lines[0] = str(os.getpid())
    (folder / "data" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    with cluster(folder, fsync=False) as url:
        assert ask(url) == 1


def test_a_server_whose_socket_was_swept_away_is_replaced(folder):
    with cluster(folder, fsync=False):
        first = server_pid(folder)
        (folder / "data" / ".s.PGSQL.5432").unlink()
        with cluster(folder, fsync=False) as url:
            assert server_pid(folder) != first
            assert ask(url) == 1


def test_a_stranger_in_the_environment_does_not_lead_it_astray(folder, monkeypatch):
    monkeypatch.setenv("PGPORT", "6543")
    with cluster(folder, fsync=False) as url:
        assert ask(url) == 1


def test_a_long_path_gets_a_short_socket():
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    folder = place / ("a long way " * 10) / "pg"
    try:
        with cluster(folder, fsync=False) as url:
            assert ask(url) == 1
            sockets = Path(ask(url, "SHOW unix_socket_directories"))
            assert not sockets.is_relative_to(place)
            assert sockets.stat().st_mode & 0o077 == 0
        assert not sockets.exists()
    finally:
        forget(folder)
        shutil.rmtree(place)


def test_what_is_in_use_is_not_deleted(folder):
    with cluster(folder, fsync=False) as url:
        with pytest.raises(DevServerError, match="in use"):
            forget(folder)
        assert ask(url) == 1


def test_a_companion_ends_with_its_owner(tmp_path):
    script = """
        import os, pathlib
        from core.devserver import redis_server
        with redis_server() as url:
            print(url, flush=True)
            input()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    ) as owner:  # fmt: skip
        path = owner.stdout.readline().strip().removeprefix("unix://").removesuffix("?db=0")
        servers = [
            one for one in psutil.process_iter(["cmdline"]) if path in " ".join(one.info["cmdline"] or [])
        ]
        assert Path(path).exists()
        owner.kill()
    _, alive = psutil.wait_procs(servers, timeout=5)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
    shutil.rmtree(Path(path).parent, ignore_errors=True)


def test_a_companion_that_never_answers_is_refused_with_its_own_words():
    said = [sys.executable, "-c", "print('out of cheese', flush=True); input()"]
    with (
        pytest.raises(DevServerError, match="out of cheese"),
        companion(said, ready=lambda: False, seconds=0.5),
    ):
        raise AssertionError
