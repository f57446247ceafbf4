"""Programs around the service, started for real. The tests that use this run in a network namespace of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import make_url

from tests.deploy.prepare import PROJECT, find
from tests.support import postgres

HOST = "texts.example.com"
"""The name in the samples."""

PROXY_ADDRESS = "127.0.0.2"
CLIENT_ADDRESS = "127.0.0.4"
"""Where the tests' requests come from: neither the proxy's address nor the service's."""

API_PORTS = (8001, 8002)
WORKER_PORT = 9101
DATABASE_PORT = 5432
SECRET_KEY = "a key of the deployment tests, long enough"

PATIENCE_SECONDS = 60.0
MESSENGER = str(PROJECT / ".venv" / "bin" / "messenger")


def until(check: Callable[[], bool], what: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until `check` holds. Fails the test with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def program(name: str) -> str:
    found = find(name)
    assert found is not None, f"{name} is missing: run `make deploy-test`."
    return found


def run(*command: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """What the program printed. Fails the test with it, if the program fails."""
    done = subprocess.run(
        [program(str(command[0])), *command[1:]],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: exit status {done.returncode}\n{done.stdout}"
    return done.stdout


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, *, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Ends the program with SIGTERM."""
    with log.open("ab") as file:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Reachable:
    """The tests' database at a TCP port: its server listens on a socket that only its own user may open."""

    url: str
    owner_url: str

    @property
    def settings(self) -> dict[str, str]:
        """As in deploy/systemd/messenger.env.example."""
        return {
            "MESSENGER_ENVIRONMENT": "production",
            "MESSENGER_PUBLIC_URL": f"https://{HOST}",
            "MESSENGER_SECRET_KEY": SECRET_KEY,
            "MESSENGER_DATABASE_URL": self.url,
            "MESSENGER_TRUSTED_PROXIES": "127.0.0.1",
            "MESSENGER_HOST": "127.0.0.1",
            "MESSENGER_LOG_FORMAT": "json",
        }


@contextmanager
def reachable(database: postgres.Database, folder: Path) -> Iterator[Reachable]:
    address = f"{make_url(database.url).query['host']}/.s.PGSQL.5432"
    relay = [sys.executable, "-m", "tests.deploy.relay", str(DATABASE_PORT), address]
    with running(relay, folder / "relay.log"):
        until(_accepts, "the relay accepts connections")
        yield Reachable(url=_at_port(database.url), owner_url=_at_port(database.owner_url))


def _accepts() -> bool:
    try:
        socket.create_connection(("127.0.0.1", DATABASE_PORT)).close()
    except ConnectionError:
        return False
    return True


def _at_port(url: str) -> str:
    parts = make_url(url)
    return f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{DATABASE_PORT}/{parts.database}"


@contextmanager
def empty_database() -> Iterator[postgres.Database]:
    """A database that nothing has migrated."""
    database = postgres.clone_database("template0")
    try:
        yield database
    finally:
        postgres.drop_database(database)


@dataclass
class Apis:
    """Two API processes, one a port."""

    environment: dict[str, str]
    folder: Path
    processes: dict[int, subprocess.Popen[bytes]]

    @classmethod
    @contextmanager
    def started(cls, settings: Mapping[str, str], folder: Path) -> Iterator["Apis"]:
        apis = cls({**os.environ, **settings, "MESSENGER_DATA_DIR": str(folder / "data")}, folder, {})
        try:
            for port in API_PORTS:
                apis.start(port)
            for port in API_PORTS:
                apis.ready(port)
            yield apis
        finally:
            for process in apis.processes.values():
                process.terminate()
            for process in apis.processes.values():
                process.wait(20)

    def start(self, port: int) -> None:
        environment = {**self.environment, "MESSENGER_PORT": str(port), "MESSENGER_METRICS_PORT": f"1{port}"}
        with (self.folder / f"api-{port}.log").open("ab") as log:
            self.processes[port] = subprocess.Popen([MESSENGER, "serve"], env=environment, stdout=log, stderr=log)

    def ready(self, port: int) -> None:
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), f"the API on port {port} is ready")

    def kill(self, port: int) -> None:
        self.processes[port].send_signal(signal.SIGKILL)
        self.processes[port].wait()


def command(environment: Mapping[str, str], *arguments: str, stdin: str = "") -> str:
    """What `messenger …` printed."""
    done = subprocess.run(
        [MESSENGER, *arguments], env=environment, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
