"""`messenger up`: everything on one machine, as child processes that are started again when they die."""

import asyncio
import contextlib
import os
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
from api.database_urls import DatabaseUrls
from api.kit.liveness import BEAT_VARIABLE
from api.kit.process import die_with_parent
from api.migrate import migrate
from api.providers.simulator.control import SimulatorError
from api.settings import Settings
from demo import DEMO_PASSWORD, DEMO_SIGN_INS, register_lines

START_SECONDS = 60.0
STOP_SECONDS = 12.0
SIMULATOR_STOP_SECONDS = 3.0
RESTART_PAUSE_SECONDS = 1.0
POLL_SECONDS = 0.05


MAX_HANG_MARGIN_SECONDS = 3.0
"""A hung process ends itself, with a traceback. One that cannot, such as a stopped one, is killed so much later."""

PAUSED_SECONDS = 3.0
"""Between two looks lies a second. If it is longer than this, `up` was stopped itself, or the machine was."""


@dataclass
class Child:
    """A process of ours. It gets no terminal signals of its own: we stop it, in order."""

    name: str
    command: Sequence[str]
    patience: float | None = None
    """It says on a pipe that it turns (`api/kit/liveness.py`). It is hung when it has not for so many seconds."""
    process: subprocess.Popen[bytes] | None = field(default=None)
    _pipe: int | None = field(default=None)
    _alive_until: float = field(default=0.0)

    def start(self) -> None:
        environment = dict(os.environ)
        passed: tuple[int, ...] = ()
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        if self.patience is not None:
            self._pipe, write = os.pipe()
            os.set_blocking(self._pipe, False)
            environment[BEAT_VARIABLE], passed = str(write), (write,)
        self.process = subprocess.Popen(  # noqa: S603  # Our own commands.
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=passed,
            env=environment,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # This process has no other threads when it starts them.
        )
        for each in passed:
            os.close(each)
        self._alive_until = time.monotonic() + START_SECONDS

    @property
    def exit_code(self) -> int | None:
        return None if self.process is None else self.process.poll()

    @property
    def is_hung(self) -> bool:
        """Whether it has said nothing for too long. A new one has `START_SECONDS` to begin."""
        if self._pipe is None or self.patience is None:
            return False
        heard = False
        with contextlib.suppress(BlockingIOError):
            while os.read(self._pipe, 4096):
                heard = True
        now = time.monotonic()
        if heard:
            self._alive_until = now + self.patience
        return now > self._alive_until

    def forgive(self) -> None:
        """Whatever it has not said until now: its time begins anew."""
        if self.patience is not None:
            self._alive_until = max(self._alive_until, time.monotonic() + self.patience)

    def terminate(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)

    def wait(self, *, seconds: float) -> None:
        """Until it has ended. One that has not by then is killed."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=max(0.1, seconds))
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """With the processes that it has started: they are in its session."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


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
    ports = {
        "MESSENGER_PORT": settings.port,
        "MESSENGER_SIMULATOR_PORT": None if settings.is_production else settings.simulator_port,
        "MESSENGER_WORKER_PORT": settings.worker_port,
        "MESSENGER_METRICS_PORT": settings.metrics_port,
    }
    for name, port in ports.items():
        if port is not None and _is_taken(port):
            typer.echo(f"messenger: port {port} is taken. Stop what uses it, or set {name}.", err=True)
            return 1
    messenger = str(Path(sys.executable).parent / "messenger")
    patience = settings.hang_seconds + min(settings.hang_seconds, MAX_HANG_MARGIN_SECONDS) or None
    # The supervisor of several API processes waits for each that is stopped, and says nothing meanwhile.
    api_processes = settings.workers + 1 if settings.workers > 1 else 1
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
        Child("api", [messenger, "serve"], patience=patience and patience * api_processes),
        Child("worker", [messenger, "worker"], patience=patience),
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
        _stop(children)
    return 0


def _stop(children: Sequence[Child]) -> None:
    """The simulator last: what a worker finishes, it posts there. A hung process takes no time from the others."""
    simulator, *ours = children
    until = time.monotonic() + STOP_SECONDS
    for child in ours:
        child.terminate()
    for child in ours:
        child.wait(seconds=until - time.monotonic())
    simulator.terminate()
    simulator.wait(seconds=SIMULATOR_STOP_SECONDS)


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
    """Starts again what dies or hangs, until a signal comes."""
    turned = time.monotonic()
    while True:
        time.sleep(RESTART_PAUSE_SECONDS)
        slept, turned = time.monotonic() - turned, time.monotonic()
        for child in children:
            if slept > PAUSED_SECONDS:
                # Perhaps they were stopped together with it: that is no hang.
                child.forgive()
            if child.exit_code is None and child.is_hung:
                typer.echo(f"messenger: the {child.name} process hangs; killing it.", err=True)
                child.kill()
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
