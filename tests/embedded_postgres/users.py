"""Processes that use the embedded PostgreSQL, for tests that kill them.

Run as a program, this module is such a process: it starts or joins the server of the folder in its first argument,
prints a line of JSON, then obeys `release` and `fork` on standard input, and ends with it.
"""

import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from api.embedded_postgres.binaries import Account
from api.embedded_postgres.cluster import Cluster
from api.embedded_postgres.errors import EmbeddedPostgresError
from api.embedded_postgres.locks import SHARED
from api.embedded_postgres.run import start
from tests.support.processes import is_alive
from tests.support.statements import execute, fetch_value

PROJECT = Path(__file__).resolve().parent.parent.parent
PYTHONPATH = os.pathsep.join([str(PROJECT), str(Path(asyncpg.__file__).parent.parent)])
"""For an interpreter in which neither this project nor its packages are installed."""
PATIENCE_SECONDS = 30.0


@dataclass
class User:
    """A process that uses the server of a data folder."""

    process: subprocess.Popen[str]
    cluster: Cluster

    @classmethod
    def begin(
        cls,
        data_dir: Path,
        *,
        fsync: bool = False,
        account: Account | None = None,
        python: str = sys.executable,
        environment: dict[str, str] | None = None,
    ) -> "User":
        """Does not wait for the server, so that several can begin at once."""
        before = (environment or {}).get("PYTHONPATH")
        process = subprocess.Popen(
            [python, "-m", __name__, str(data_dir), "fsync" if fsync else "no-fsync"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env=os.environ
            | (environment or {})
            | {"PYTHONPATH": PYTHONPATH if before is None else before + os.pathsep + PYTHONPATH},
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
        return cls(process, Cluster(data_dir))

    def report(self) -> dict[str, Any]:
        """The next line of the process. Blocks."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the process ended with {self.process.wait()}"
        report: dict[str, Any] = json.loads(line)
        return report

    def tell(self, word: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return self.report()

    def leave(self) -> None:
        """Ends the process without releasing the server."""
        self.process.communicate(timeout=PATIENCE_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_SECONDS)


Begin = Callable[..., User]
"""`User.begin` with the data folder of the test."""


def write_row(url: str, text: str) -> None:
    execute(url, "CREATE TABLE IF NOT EXISTS kept (text text)", f"INSERT INTO kept VALUES ('{text}')")


def read_row(url: str) -> object:
    return fetch_value(url, "SELECT text FROM kept")


def wait_until_guard_ends(cluster: Cluster) -> None:
    with cluster.guard_lock() as lock:
        lock.acquire(SHARED, deadline=time.monotonic() + PATIENCE_SECONDS)


def guard_pids(cluster: Cluster) -> set[int]:
    """The processes whose command line is that of this folder's guard: one, unless it is just starting."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # It has just gone.
            if b"api.embedded_postgres.guard" in command and os.fsencode(cluster.data_dir) in command:
                found.add(int(folder.name))
    return {pid for pid in found if is_alive(pid)}


def kill_guard(cluster: Cluster) -> int:
    (pid,) = guard_pids(cluster)
    kill_and_wait(pid)
    return pid


def kill_and_wait(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_alive(pid), f"the death of {pid}")


def until(condition: Callable[[], bool], what: str) -> None:
    """Polls the condition. Fails the test with `what` after `PATIENCE_SECONDS`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.01)


def ordinary_account() -> Account:
    """An account that a test which runs as root can start processes as."""
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def python_for(account: Account) -> str | None:
    """An interpreter that the account can run with this project, or None: the test run may be private to root."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            tried = subprocess.run(
                [candidate, "-c", f"import asyncpg, {__name__}"],
                check=False,
                capture_output=True,
                cwd="/",
                env=os.environ | {"PYTHONPATH": PYTHONPATH},
                user=account.uid,
                group=account.gid,
                extra_groups=[],
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return candidate
    return None


def main(data_dir: Path, *, fsync: bool) -> None:
    def tell(**fields: object) -> None:
        print(json.dumps(fields), flush=True)

    try:
        postgres = start(data_dir, fsync=fsync)
    except EmbeddedPostgresError as error:
        tell(error=str(error), kind=type(error).__name__)
        return
    tell(
        url=postgres.url,
        owner_url=postgres.owner_url,
        admin_url=postgres.admin_url,
        pid=postgres.server_pid(),
    )
    for line in sys.stdin:
        if line.strip() == "release":
            postgres.release()
            tell(released=True)
        elif line.strip() == "fork":
            child = os.fork()
            if child == 0:
                time.sleep(PATIENCE_SECONDS * 4)
                os._exit(0)
            tell(child=child)


if __name__ == "__main__":
    main(Path(sys.argv[1]), fsync=sys.argv[2] == "fsync")
