"""`messenger up`: everything on one machine, as child processes that are started again when they die."""

import asyncio
import contextlib
import ctypes
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer

from api.cli import check_key, fill
from api.demo import DEMO_PASSWORD, DEMO_SIGN_INS, register_lines
from api.kit.cluster import DatabaseUrls
from api.migrate import migrate
from api.providers.simulator import SimulatorError
from api.settings import Settings

START_SECONDS = 60.0
STOP_SECONDS = 12.0
RESTART_PAUSE_SECONDS = 1.0
POLL_SECONDS = 0.05

_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """A process of ours. It gets no terminal signals of its own: we stop it, in order."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603  # Our own commands.
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # This process has no other threads when it starts them.
        )

    @property
    def exit_code(self) -> int | None:
        return None if self.process is None else self.process.poll()

    def stop(self, *, until: float) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _die_with_parent() -> None:
    """On Linux the kernel ends a child whose parent was killed, so a killed `up` leaves no port taken."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Interrupted(Exception):
    """Ctrl-C or SIGTERM."""


def _interrupt(_signal: int, _frame: object) -> None:
    raise Interrupted


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    """A signal is delivered afterwards: raised inside an event loop it could be taken for something else."""
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)


def run_everything(settings: Settings, urls: DatabaseUrls) -> int:
    """Returns the exit code once a signal has stopped it all, or 1 when something did not start."""
    ports = {"MESSENGER_PORT": settings.port}
    if not settings.is_production:
        ports["MESSENGER_SIMULATOR_PORT"] = settings.simulator_port
    for name, port in ports.items():
        if _is_taken(port):
            typer.echo(f"messenger: port {port} is taken. Stop what uses it, or set {name}.", err=True)
            return 1
    messenger = str(Path(sys.executable).parent / "messenger")
    simulator = Child(
        "simulator",
        [
            *(sys.executable, "-m", "simulator", "--port", str(settings.simulator_port)),
            *("--state", str(settings.data_dir / "simulator.sqlite3")),
            # Whatever the public address is, this carrier reaches the service here.
            *("--api-url", f"http://127.0.0.1:{settings.port}"),
        ],
    )
    children = [
        *([] if settings.is_production else [simulator]),
        Child("api", [messenger, "serve"]),
        Child("worker", [messenger, "worker"]),
    ]
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _interrupt)
    try:
        migrate(urls.owner)
        with _signals_wait():
            asyncio.run(check_key(settings, urls))
        if settings.demo:
            with _signals_wait():
                asyncio.run(fill(settings, urls))
        for child in children:
            child.start()
        if not _wait_for(f"http://127.0.0.1:{settings.port}/readyz", children):
            return 1
        if not settings.is_production:
            if not _wait_for(f"{settings.simulator_url}/healthz", children):
                return 1
            with _signals_wait():
                asyncio.run(register_lines(settings, urls.app))
        _print_welcome(settings)
        _watch(children)
    except Interrupted:
        typer.echo("\nStopping …", err=True)
    except SimulatorError as error:
        typer.echo(f"messenger: {error}", err=True)
        return 1
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        until = time.monotonic() + STOP_SECONDS
        for child in reversed(children):
            child.stop(until=until)
    return 0


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _wait_for(url: str, children: Sequence[Child]) -> bool:
    """Until `url` answers 200. False when a child died or the time is up, with a line that says so."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        for child in children:
            if child.exit_code is not None:
                typer.echo(f"messenger: the {child.name} process ended with exit code {child.exit_code}.", err=True)
                return False
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # Our own address; an error status raises.
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(POLL_SECONDS)
    typer.echo(f"messenger: {url} did not answer within {START_SECONDS:.0f} seconds.", err=True)
    return False


def _watch(children: Sequence[Child]) -> None:
    """Starts again what dies, until a signal comes."""
    while True:
        time.sleep(RESTART_PAUSE_SECONDS)
        for child in children:
            if child.exit_code is not None:
                typer.echo(
                    f"messenger: the {child.name} process died ({child.exit_code}); starting it again.", err=True
                )
                child.start()


def _print_welcome(settings: Settings) -> None:
    lines = [
        "",
        f"  Messenger Center   http://127.0.0.1:{settings.port}",
        *(
            []
            if settings.is_production
            else [f"  Handsets           {settings.simulator_url}   (play the parents here)"]
        ),
        f"  API reference      http://127.0.0.1:{settings.port}/docs",
    ]
    if settings.demo:
        width = max(len(each.email) for each in DEMO_SIGN_INS)
        lines += ["", f"  Sign in to the business “demo” with the password {DEMO_PASSWORD} as"]
        lines += [f"    {each.email:<{width}}   {each.may}" for each in DEMO_SIGN_INS]
    lines += ["", "  Ctrl-C stops everything.", ""]
    typer.echo("\n".join(lines))
