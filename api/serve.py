"""Runs the API and the worker as processes."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from socket import socket

import structlog
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import systemd
from api.api_process import Handover, sockets_of, sockets_of_supervisor
from api.app import Application, create_app
from api.child_process import READY, START_SECONDS, child_environment, messenger_program, report_start
from api.database_urls import DatabaseUrls
from api.kit import crash_points
from api.kit.database import Database
from api.kit.secrets import secret_box
from api.layers import security_headers
from api.live.bus import PostgresBus
from api.liveness import Beats, Watchdog
from api.metrics import Metrics, serving_metrics
from api.metrics_folder import join_folder, make_folder, remove_folder
from api.port_server import PortServer, bind
from api.protocol import DeadlineProtocol, Drain
from api.providers.registry import Providers
from api.settings import Settings
from api.supervisor import SIGNALS, Supervisor
from api.tracing import start_tracing
from api.version import VERSION
from api.worker import Worker

GARBAGE_THRESHOLD = 10_000
"""New objects after which Python looks for garbage. The default is 700."""

FORCED_EXIT_CODE = 1
"""Of a process that a second signal has ended."""

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """Drains on SIGTERM and SIGINT: it accepts no connection, and ends when each has got its answers."""

    def __init__(self, config: uvicorn.Config, app: Application, drain: Drain) -> None:
        super().__init__(config)
        self._application = app
        self._drain = drain

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not report_start(READY):
            systemd.notify_ready(f"Release {VERSION} serves with 1 API process.")

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        systemd.notify_stopping("Answering what has begun.")
        self._drain.has_begun = True
        self._application.close_streams()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        handle_stop_signals(self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True


def handle_stop_signals(stop: Callable[[], None]) -> None:
    """Calls `stop` on the first SIGTERM or SIGINT. The second one ends the process at once, as a crash would."""
    received: list[int] = []

    def on_signal(number: int) -> None:
        received.append(number)
        if len(received) > 1:
            sys.stderr.flush()
            os._exit(FORCED_EXIT_CODE)
        stop()

    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, on_signal, each)


def run_server(settings: Settings, urls: DatabaseUrls) -> dict[str, str] | None:
    """Serves until a signal stops it. After a reload, returns the variables for the program that replaces this one."""
    before = Handover.from_environment()
    sockets = sockets_of(before.sockets) if before is not None else _listening_sockets(settings)
    beats = Beats.from_environment()
    folder = make_folder(settings) if before is None else before.metrics_folder
    after: Handover | None = None
    try:
        with serving_metrics(settings, urls.app, Metrics(join_folder(settings))):
            supervisor = Supervisor(settings, sockets, beats=beats)
            if before is not None:
                supervisor.adopt(before)
            after = supervisor.run()
    finally:
        if after is None:
            remove_folder(folder)
    if after is None:
        return None
    after.metrics_folder = folder
    return {**beats.for_exec(), **after.variables()}


def run_process(settings: Settings, urls: DatabaseUrls) -> None:
    """One API process: the child of a supervisor, or alone."""
    sockets = sockets_of_supervisor()
    has_supervisor = bool(sockets)
    if has_supervisor:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # It is for the supervisor, if it is sent to every process.
    sockets = sockets or _listening_sockets(settings)
    crash_points.arm(None, fault_in_event=settings.fault_in_event)
    metrics = Metrics(join_folder(settings))
    tracing = start_tracing("api")
    app = create_app(
        settings,
        database_url=urls.app,
        listening_url=urls.listening,
        metrics=metrics,
        tracing=tracing,
        watchdog=Watchdog(settings.hang_seconds, Beats.from_environment()),
        on_started=freeze,
    )
    drain = Drain()
    # A supervisor serves the metrics of all of its processes.
    alone = settings if not has_supervisor else settings.model_copy(update={"metrics_port": None})
    with serving_metrics(alone, urls.app, metrics):
        Server(uvicorn.Config(app, **_options(settings, drain)), app, drain).run(sockets)  # type: ignore[arg-type]


def _listening_sockets(settings: Settings) -> list[socket]:
    """Those that systemd has opened, or one of our own."""
    return systemd.activated_sockets() or [bind(settings.host, settings.port, setting="MESSENGER_PORT")]


def _options(settings: Settings, drain: Drain) -> dict[str, object]:
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": partial(
            DeadlineProtocol,
            deadline=settings.request_deadline_seconds,
            headers=security_headers(is_https=settings.secure_cookies),
            drain=drain,
        ),
        # `api.logging` formats uvicorn's lines too.
        "log_config": None,
        "access_log": False,
        "server_header": False,
        # Only `api/access/client_address.py` decides whose `X-Forwarded-For` counts.
        "proxy_headers": False,
        "timeout_graceful_shutdown": settings.drain_seconds,
    }


def freeze() -> None:
    """Exempt the objects made at start-up from garbage collection: they live as long as the process.

    It then collects seldom: a batch makes thousands of objects that live until it is committed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


async def run_worker(settings: Settings, urls: DatabaseUrls) -> dict[str, str] | None:
    """Works until SIGTERM or SIGINT, then finishes the work under way and returns None.

    After SIGHUP it does the same if a new program can start, and returns the variables for that program.
    """
    crash_points.arm(settings.crash_at, fault_in_event=settings.fault_in_event)
    metrics = Metrics(join_folder(settings))
    tracing = start_tracing("worker")
    beats = Beats.from_environment()
    watchdog = Watchdog(settings.hang_seconds, beats)
    watchdog.start()
    stopping, reloading = asyncio.Event(), asyncio.Event()
    handle_stop_signals(stopping.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloading.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # The program before has blocked them.
    secrets = secret_box(settings)
    database = Database(urls.app, pool_size=settings.database_pool_size, measured_as="worker", secrets=secrets)
    bus = PostgresBus(urls.listening)
    providers = Providers(settings)
    worker = Worker(
        database=database,
        bus=bus,
        providers=providers,
        secrets=secrets,
        settings=settings,
    )
    health = _serve_health(settings, worker, metrics, database)
    await bus.start()
    worker.start()
    freeze()
    log.info("worker.started", version=VERSION)
    systemd.notify_ready(f"Release {VERSION} works.")
    is_reload = await _reloads(stopping, reloading)
    if is_reload:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    else:
        systemd.notify_stopping("Finishing the work under way.")
    await worker.stop()
    await bus.stop()
    await providers.close()
    await database.close()
    if health is not None:
        health.cancel()
        await asyncio.gather(health, return_exceptions=True)
    if tracing is not None:
        await asyncio.to_thread(tracing.stop)
    await watchdog.stop()
    return beats.for_exec() if is_reload else None


async def _reloads(stopping: asyncio.Event, reloading: asyncio.Event) -> bool:
    """Waits for a signal. True: SIGHUP, and a new program can start. False: stop."""
    stop = asyncio.create_task(stopping.wait())
    while True:
        reload = asyncio.create_task(reloading.wait())
        await asyncio.wait({stop, reload}, return_when=asyncio.FIRST_COMPLETED)
        reload.cancel()
        if stop.done():
            return False
        reloading.clear()
        systemd.notify_reloading("Checking whether a new program can start.")
        trial = asyncio.create_task(_trial_start())
        await asyncio.wait({stop, trial}, return_when=asyncio.FIRST_COMPLETED)
        if stop.done():
            trial.cancel()
            await asyncio.gather(trial, return_exceptions=True)
            return False
        refusal = trial.result()
        if refusal is None:
            stop.cancel()
            return True
        log.error("worker.reload_refused", reason=refusal, consequence="this program goes on")
        systemd.notify_ready(f"Reload refused: {refusal}")


async def _trial_start() -> str | None:
    """Lets a worker with the code and the settings on disk check what it needs. Returns why it cannot start."""
    process = await asyncio.create_subprocess_exec(
        *(messenger_program(), "worker", "--check"),
        env=child_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), START_SECONDS)
    except (TimeoutError, asyncio.CancelledError) as error:
        process.kill()
        await process.wait()
        if isinstance(error, asyncio.CancelledError):
            raise
        return f"it did not start within {START_SECONDS:.0f} seconds"
    if process.returncode == 0:
        return None
    lines = said.decode(errors="replace").strip().splitlines() or [f"it ended with exit code {process.returncode}"]
    return lines[-1].removeprefix("messenger: ")


def _serve_health(
    settings: Settings, worker: Worker, metrics: Metrics, database: Database
) -> asyncio.Task[None] | None:
    """Answers `/healthz` and `/metrics` on the worker's loop, so that a hung worker does not answer.

    Raises `SettingsError` if the port is taken.
    """
    if settings.worker_port is None:
        return None

    async def healthz(_request: Request) -> Response:
        if worker.is_turning:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "stuck"}, status_code=503)

    async def measured(_request: Request) -> Response:
        return await metrics.render(database)

    listening = bind(settings.host, settings.worker_port, setting="MESSENGER_WORKER_PORT")
    server = PortServer({"/healthz": healthz, "/metrics": measured})
    return asyncio.create_task(server.serve(sockets=[listening]), name="health")
