"""`messenger up`: everything on one machine, in child processes that are restarted when they die or hang.

`api.cli` starts the embedded PostgreSQL before this. Its users restart it (decision 0007).
"""

import asyncio
import contextlib
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from queue import Empty, SimpleQueue

import structlog
import typer

from api.child_process import START_SECONDS, Child, messenger_program
from api.database_urls import DatabaseUrls
from api.metrics_folder import temporary_folder
from api.migrate import migrate
from api.settings import Settings
from api.startup import StartError, check_key, when_available

STOP_MARGIN_SECONDS = 2.0
"""What a process may take to end after its drain (`MESSENGER_DRAIN_SECONDS`)."""

SIMULATOR_STOP_SECONDS = 3.0
WATCH_SECONDS = 1.0
POLL_SECONDS = 0.05

MAX_HANG_MARGIN_SECONDS = 3.0
"""A process that hangs ends itself with a traceback. If it cannot, `up` kills it so much later."""

PAUSED_SECONDS = 3.0
"""If `up` did not check for so long, it was stopped itself, or the machine was suspended."""


log = structlog.get_logger(__name__)


class Interrupted(Exception):
    """Ctrl-C or SIGTERM."""


class StopSignals:
    """The signals that stop `messenger up`. They are kept until the program asks for them.

    A handler that raised would raise anywhere: within an event loop, a line of the log or a destructor, each of which
    may catch what it did not expect, and the signal would be lost.
    """

    def __init__(self) -> None:
        self._received: SimpleQueue[int] = SimpleQueue()  # A handler may put into it while this thread waits for it.

    def listen(self) -> None:
        _on_signals(lambda number, _frame: self._received.put(number))

    def ignore(self) -> None:
        """From now on."""
        _on_signals(signal.SIG_IGN)

    def pause(self, seconds: float) -> None:
        """Waits. Raises Interrupted if a signal came before or comes meanwhile."""
        with contextlib.suppress(Empty):
            self._received.get(timeout=seconds)
            raise Interrupted

    def check(self) -> None:
        """Raises Interrupted if a signal came."""
        self.pause(0)


def _on_signals(handler: "signal._HANDLER") -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def run_everything(settings: Settings, urls: DatabaseUrls) -> None:
    """Returns after a signal has stopped everything. Raises StartError or SimulatorError if something did not start."""
    _check_ports(settings)
    children = _children(settings)
    signals = StopSignals()
    signals.listen()
    with temporary_folder(settings):
        try:
            _prepare_database(settings, urls, signals)
            _start(children, settings, urls, signals)
            typer.echo(_welcome(settings))
            _watch(children, signals)
        except Interrupted:
            typer.echo("\nStopping …", err=True)
        finally:
            signals.ignore()
            _stop(children, seconds=settings.drain_seconds + STOP_MARGIN_SECONDS)


def _check_ports(settings: Settings) -> None:
    """Raises StartError if a port is taken."""
    ports = {
        "MESSENGER_PORT": settings.port,
        "MESSENGER_SIMULATOR_PORT": None if settings.is_production else settings.simulator_port,
        "MESSENGER_WORKER_PORT": settings.worker_port,
        "MESSENGER_METRICS_PORT": settings.metrics_port,
    }
    for name, port in ports.items():
        if port is not None and _is_taken(port):
            raise StartError(f"port {port} is taken. Stop what uses it, or set {name}.")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _children(settings: Settings) -> list[Child]:
    """The processes in the order of their start."""
    messenger = messenger_program()
    hang_seconds = settings.hang_seconds + min(settings.hang_seconds, MAX_HANG_MARGIN_SECONDS) or None
    # One API process needs no parent of its own: this one starts it again.
    api = [messenger, "serve"] if settings.workers > 1 else [messenger, "serve", "--single"]
    simulator = [
        # Without -P, Python would look for the package in the working directory first.
        *(sys.executable, "-P", "-m", "simulator", "--port", str(settings.simulator_port)),
        *("--log-format", settings.log_format.value),
        *("--state", str(settings.data_dir / "simulator.sqlite3")),
        # The simulator calls the service on loopback, not on its public address.
        *("--api-url", f"http://127.0.0.1:{settings.port}"),
    ]
    return [
        *([] if settings.is_production else [Child("simulator", simulator)]),
        Child("api", api, hang_seconds=hang_seconds),
        Child("worker", [messenger, "worker"], hang_seconds=hang_seconds),
    ]


def _prepare_database(settings: Settings, urls: DatabaseUrls, signals: StopSignals) -> None:
    migrate(urls.owner, report=lambda line: typer.echo(f"messenger: {line}", err=True))
    signals.check()
    asyncio.run(check_key(settings, urls))
    signals.check()
    if settings.demo:
        from demo import make_demo

        asyncio.run(when_available(lambda: make_demo(settings, urls.app)))
        signals.check()


def _start(children: Sequence[Child], settings: Settings, urls: DatabaseUrls, signals: StopSignals) -> None:
    """Raises StartError if a process does not answer, SimulatorError if the simulator refuses the lines."""
    for child in children:
        child.start()
    _wait_for(f"http://127.0.0.1:{settings.port}/readyz", children, signals)
    if settings.is_production:
        return
    _wait_for(f"{settings.simulator_url}/healthz", children, signals)
    from demo import register_lines

    asyncio.run(when_available(lambda: register_lines(settings, urls.app)))
    signals.check()


def _wait_for(url: str, children: Sequence[Child], signals: StopSignals) -> None:
    """Returns when `url` answers 200. Raises StartError if a child has ended, or after `START_SECONDS`."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        for child in children:
            if child.exit_code is not None:
                raise StartError(f"the {child.name} process ended with exit code {child.exit_code}.")
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  # Our own address; an error status raises.
            return
        signals.pause(POLL_SECONDS)
    raise StartError(f"{url} did not answer within {START_SECONDS:.0f} seconds.")


def _watch(children: Sequence[Child], signals: StopSignals) -> None:
    """Restarts processes that died or hang, until a signal comes."""
    looked_at = time.monotonic()
    while True:
        signals.pause(WATCH_SECONDS)
        was_paused = time.monotonic() - looked_at > PAUSED_SECONDS
        looked_at = time.monotonic()
        for child in children:
            if was_paused:
                child.extend_deadline()  # The child may have been stopped too.
            if child.exit_code is None and child.is_hung:
                log.error("process.hangs", process=child.name)
                child.kill()
            if child.exit_code is not None:
                log.error("process.died", process=child.name, exit_code=child.exit_code)
                child.start()


def _stop(children: Sequence[Child], *, seconds: float) -> None:
    """Stops the simulator last, because the worker posts its last texts to it."""
    ours = [child for child in children if child.name != "simulator"]
    for child in ours:
        child.terminate()
    until = time.monotonic() + seconds
    for child in ours:
        child.wait(seconds=until - time.monotonic())
    for child in children:
        child.terminate()
        child.wait(seconds=SIMULATOR_STOP_SECONDS)


def _welcome(settings: Settings) -> str:
    lines = ["", f"  Messenger Center   http://127.0.0.1:{settings.port}"]
    if not settings.is_production:
        lines.append(f"  Handsets           {settings.simulator_url}   (play the parents here)")
    lines.append(f"  API reference      http://127.0.0.1:{settings.port}/docs")
    if settings.demo:
        from demo import DEMO_PASSWORD, DEMO_SIGN_INS

        width = max(len(each.email) for each in DEMO_SIGN_INS)
        lines += ["", f"  Sign in to the business “demo” with the password {DEMO_PASSWORD} as"]
        lines += [f"    {each.email:<{width}}   {each.may}" for each in DEMO_SIGN_INS]
    return "\n".join([*lines, "", "  Ctrl-C stops everything.", ""])
