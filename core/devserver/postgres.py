"""One PostgreSQL cluster on disk: made, started after whatever happened to it, stopped."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from core.devserver.binaries import DevServerError
from core.devserver.folders import open_to_strangers, short_temporary_folder
from core.devserver.orphans import alive, kill, survivors

if TYPE_CHECKING:
    from collections.abc import Sequence

DATABASE = "revsync"
SOCKET_PATH_LIMIT = 100  # bytes; Linux ends at 107, macOS at 103
SOCKET_LINE = 4  # of postmaster.pid: the first socket folder
START_SECONDS = 60


@dataclass(frozen=True)
class Postgres:
    """One cluster on disk. The caller holds its gate while it calls any of this."""

    home: Path  # data/, gate, users
    given_binaries: Path
    fsync: bool

    @property
    def data(self) -> Path:
        return self.home / "data"

    @cached_property
    def account(self) -> pwd.struct_passwd | None:
        """Whom the server runs as, if not as us: PostgreSQL refuses root, so the owner of the data or nobody."""
        if os.geteuid() != 0:
            return None
        owner = self.data.stat().st_uid if self.data.exists() else 0
        return pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")

    @cached_property
    def binaries(self) -> Path:
        """The binaries, copied beside the data if the server's account can't reach them where they are."""
        source = self.given_binaries.parent
        if self.account is None or open_to_strangers(self.given_binaries):
            return self.given_binaries
        copy = self.home / "pgsql"
        if _stamp(copy) != _stamp(source):
            draft = self.home / "pgsql.new"
            for stale in (copy, draft):
                shutil.rmtree(stale, ignore_errors=True)
            shutil.copytree(source, draft, symlinks=True)
            subprocess.run(["chmod", "-R", "a+rX", draft], check=True)  # noqa: S607 -- wherever it is
            draft.rename(copy)
        return copy / self.given_binaries.name

    def start(self) -> Path:
        """Start the server, after whatever the last one left behind; returns its socket folder."""
        if not self.data.exists():
            self._create()
        self._clear_leftovers()
        sockets = self._socket_folder()
        options = ["-c", "listen_addresses=", "-k", str(sockets), "-p", "5432", "-c", "max_connections=200"]
        options += ["-c", "synchronous_commit=off"]
        if not self.fsync:
            options += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        log = self.data / "server.log"
        wait = ["-w", "-t", str(START_SECONDS)]
        try:
            self._run("pg_ctl", *wait, "-D", self.data, "-l", log, "-o", shlex.join(options), "start")
        except DevServerError as failure:
            raise DevServerError(f"{failure}\n" + "\n".join(lines_of(log)[-8:])) from None
        made = self._run("createdb", "-h", sockets, "-U", "postgres", DATABASE, check=False)
        if made and "already exists" not in made:
            raise DevServerError(f"PostgreSQL refused to create {DATABASE}: {made}")
        return sockets

    def stop(self) -> None:
        lines = lines_of(self.data / "postmaster.pid")
        if lines:
            self._run("pg_ctl", "-w", "-D", self.data, "-m", "fast", "stop", check=False)
            self._forget_socket(lines)

    def sockets_if_ready(self) -> Path | None:
        """The folder of the running server's socket, None when none answers; waits for one that starts up."""
        for _ in range(START_SECONDS * 10):
            lines = lines_of(self.data / "postmaster.pid")
            if len(lines) <= SOCKET_LINE:
                return None
            asked: list[str | Path] = [self.binaries / "pg_isready", "-q", "-h", lines[SOCKET_LINE]]
            answer = subprocess.run(asked, check=False, env=_clean_env()).returncode
            if answer != 1:  # 1: alive, but refusing while it starts or recovers
                return None if answer else Path(lines[SOCKET_LINE])
            time.sleep(0.1)
        return None

    def _create(self) -> None:
        """Make the cluster under another name first, so that an interrupted initdb is never taken for one."""
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self.account:
            os.chown(draft, self.account.pw_uid, self.account.pw_gid)
        # The machine's locale would otherwise decide what lower() does.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if int(self._run("postgres", "--version").split()[2].split(".")[0]) < 17:
            locale = ["--locale=C.UTF-8"]
        common = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        self._run("initdb", "-D", draft, *common, *locale)
        draft.rename(self.data)

    def _clear_leftovers(self) -> None:
        """After a kill -9: nothing of the old server may still hold the data files, nor its lock files remain."""
        pid_file = self.data / "postmaster.pid"
        lines = lines_of(pid_file)
        if not lines:
            return
        if int(lines[0]) in {process.pid for process in self._processes()}:
            self.stop()  # alive, but deaf: its socket was deleted
        kill(
            survivors(self._processes(), seconds=10)
        )  # backends see that their parent is gone within moments
        pid_file.unlink(missing_ok=True)
        self._forget_socket(lines)

    def _processes(self) -> list[psutil.Process]:
        """The living processes of this cluster: a PostgreSQL process works in its data folder."""
        found = []
        for process in psutil.process_iter(["name"]):
            with contextlib.suppress(psutil.Error):
                if process.info["name"] == "postgres" and Path(process.cwd()) == self.data and alive(process):
                    found.append(process)
        return found

    def _socket_folder(self) -> Path:
        """The data folder, which nobody else may enter, or one like it where the path is short enough."""
        path = str(self.data / ".s.PGSQL.5432.lock")
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT and "," not in path:  # a comma separates folders there
            return self.data
        folder = Path(short_temporary_folder())
        if self.account:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)
        return folder

    def _forget_socket(self, pid_file_lines: Sequence[str]) -> None:
        if len(pid_file_lines) <= SOCKET_LINE:
            return
        folder = Path(pid_file_lines[SOCKET_LINE])
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (folder / name).unlink(missing_ok=True)
        if folder != self.data:
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _run(self, program: str, *arguments: str | Path, check: bool = True) -> str:
        """Run one of the binaries as the server's account; its output, read from a file.

        Never from a pipe: the server inherits it and the caller would wait for ever. In a session of its own,
        or a Ctrl-C in the terminal stops the database before those who use it.
        """
        account = self.account
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [self.binaries / program, *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.binaries,
                env=_clean_env(),
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
        if check and done.returncode:
            raise DevServerError(f"{program} failed: {text}")
        return text


def _stamp(installation: Path) -> tuple[int, int] | None:
    with contextlib.suppress(FileNotFoundError):
        server = (installation / "bin" / "postgres").stat()
        return server.st_size, int(server.st_mtime)
    return None


def _clean_env() -> dict[str, str]:
    """Ours without PGPORT and the like, which server and tools would obey, and with English messages."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def lines_of(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except FileNotFoundError:
        return []
