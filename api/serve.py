"""Runs the API and the worker as processes."""

import asyncio
import gc
import math
import signal
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from socket import socket
from types import FrameType

import structlog
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from uvicorn.supervisors import Multiprocess

from api.app import Application, create_app
from api.child_process import die_with_parent
from api.database_urls import DatabaseUrls, database_urls
from api.kit import crash_points
from api.kit.database import Database
from api.kit.secrets import secret_box
from api.layers import security_headers
from api.live.bus import PostgresBus
from api.liveness import Beats, Watchdog
from api.logging import configure_logging
from api.metrics import Metrics, forget_dead_processes, serving_metrics, shared_folder
from api.port_server import PortServer, bind
from api.protocol import DeadlineProtocol
from api.providers.registry import Providers
from api.settings import Settings, get_settings
from api.worker import Worker

GRACEFUL_SECONDS = 5
GARBAGE_THRESHOLD = 10_000
"""New objects after which Python looks for garbage. The default is 700."""

NEVER_SECONDS = 3600.0
"""For uvicorn's health check, if processes are not ended for hanging."""

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """Ends the event streams before it stops: it waits for open requests."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        application = self.config.app
        if isinstance(application, Application):
            application.close_streams()
        super().handle_exit(sig, frame)


class Supervisor(Multiprocess):
    """Runs several API processes behind one socket. It replaces a process that hangs, and sends its own beats."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket], *, beats: Beats, figures: Path) -> None:
        super().__init__(config, sockets)
        self._beats = beats
        self._figures = figures

    def keep_subprocess_alive(self) -> None:
        self._beats.beat()
        super().keep_subprocess_alive()
        forget_dead_processes(self._figures, alive={process.pid for process in self.processes if process.pid})


def run_server(settings: Settings, urls: DatabaseUrls) -> None:
    beats = Beats.from_environment()
    if settings.workers > 1:
        _run_several(settings, urls, beats)
        return
    crash_points.arm(None, fault_in_event=settings.fault_in_event)
    metrics = Metrics()
    app = create_app(
        settings,
        database_url=urls.app,
        metrics=metrics,
        watchdog=Watchdog(settings.hang_seconds, beats),
        on_started=freeze,
    )
    with serving_metrics(settings, urls.app, metrics):
        Server(uvicorn.Config(app, **_options(settings))).run()  # type: ignore[arg-type]


def _run_several(settings: Settings, urls: DatabaseUrls, beats: Beats) -> None:
    with shared_folder() as figures, serving_metrics(settings, urls.app, Metrics()):
        config = uvicorn.Config(
            "api.serve:application",
            factory=True,
            workers=settings.workers,
            # A hung process ends itself with a traceback. This limit is for one that cannot, such as a stopped process.
            timeout_worker_healthcheck=math.ceil(settings.hang_seconds or NEVER_SECONDS) + 1,
            **_options(settings),  # type: ignore[arg-type]
        )
        Supervisor(config, sockets=[config.bind_socket()], beats=beats, figures=figures).run()


def _options(settings: Settings) -> dict[str, object]:
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": partial(
            DeadlineProtocol,
            deadline=settings.request_deadline_seconds,
            headers=security_headers(is_https=settings.secure_cookies),
        ),
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        # Only `api/access/client_address.py` decides whose `X-Forwarded-For` counts.
        "proxy_headers": False,
        "timeout_graceful_shutdown": GRACEFUL_SECONDS,
    }


_held = ExitStack()


def application() -> Application:
    """One of several API processes, configured by the environment. Holds the embedded server until it ends."""
    die_with_parent()
    settings = get_settings()
    configure_logging(settings)
    crash_points.arm(None, fault_in_event=settings.fault_in_event)
    urls = _held.enter_context(database_urls(settings))
    return create_app(
        settings,
        database_url=urls.app,
        watchdog=Watchdog(settings.hang_seconds, Beats(None)),
        on_started=freeze,
    )


def freeze() -> None:
    """Exempt the objects made at start-up from garbage collection: they live as long as the process.

    It then collects seldom: a batch makes thousands of objects that live until it is committed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


async def run_worker(settings: Settings, urls: DatabaseUrls) -> None:
    """Works until SIGTERM or SIGINT, then finishes the work under way."""
    crash_points.arm(settings.crash_at, fault_in_event=settings.fault_in_event)
    watchdog = Watchdog(settings.hang_seconds, Beats.from_environment())
    watchdog.start()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopping.set)
    database = Database(urls.app, pool_size=settings.database_pool_size)
    bus = PostgresBus(urls.app)
    providers = Providers(settings)
    worker = Worker(
        database=database,
        bus=bus,
        providers=providers,
        secrets=secret_box(settings),
        settings=settings,
    )
    health = _serve_health(settings, worker)
    await bus.start()
    worker.start()
    freeze()
    log.info("worker.started")
    await stopping.wait()
    await worker.stop()
    await bus.stop()
    await providers.close()
    await database.close()
    if health is not None:
        health.cancel()
        await asyncio.gather(health, return_exceptions=True)
    await watchdog.stop()


def _serve_health(settings: Settings, worker: Worker) -> asyncio.Task[None] | None:
    """Answers `/healthz` on the worker's loop, so that a hung worker does not answer.

    Raises `SettingsError` if the port is taken.
    """
    if settings.worker_port is None:
        return None

    async def healthz(_request: Request) -> Response:
        if worker.is_turning:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "stuck"}, status_code=503)

    listening = bind(settings.host, settings.worker_port, setting="MESSENGER_WORKER_PORT")
    return asyncio.create_task(PortServer({"/healthz": healthz}).serve(sockets=[listening]), name="health")
