"""Running the API and the worker as processes."""

import asyncio
import gc
import signal
from contextlib import ExitStack
from functools import partial
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.kit import crash_points
from api.kit.cluster import DatabaseUrls, database_urls
from api.kit.database import Database
from api.kit.logging import configure_logging
from api.kit.secrets import SecretBox
from api.live.bus import PostgresBus
from api.protocol import DeadlineProtocol
from api.providers.registry import Providers
from api.settings import Settings, get_settings
from api.worker import Worker

GRACEFUL_SECONDS = 5

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """Ends the event streams first: they would keep the server waiting."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        application = self.config.app
        if isinstance(application, FastAPI) and hasattr(application.state, "hub"):
            application.state.hub.close_all()
        super().handle_exit(sig, frame)


def run_server(settings: Settings, urls: DatabaseUrls) -> None:
    if settings.workers > 1:
        uvicorn.run("api.serve:application", factory=True, workers=settings.workers, **_options(settings))  # type: ignore[arg-type]
        return
    config = uvicorn.Config(create_app(settings, database_url=urls.app), **_options(settings))  # type: ignore[arg-type]
    Server(config).run()


def _options(settings: Settings) -> dict[str, object]:
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": partial(DeadlineProtocol, deadline=settings.request_deadline_seconds),
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACEFUL_SECONDS,
    }


_held = ExitStack()


def application() -> FastAPI:
    """One of several API processes, from the environment. It holds its share of the embedded server until it ends."""
    settings = get_settings()
    configure_logging(settings)
    urls = _held.enter_context(database_urls(settings))
    return create_app(settings, database_url=urls.app)


async def run_worker(settings: Settings, urls: DatabaseUrls) -> None:
    """Works until SIGTERM or SIGINT, then finishes what is under way."""
    crash_points.arm(settings.crash_at)
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
        secrets=SecretBox(settings.resolved_secret_key()),
        settings=settings,
    )
    await bus.start()
    worker.start()
    # What was made at start-up lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    log.info("worker.started")
    await stopping.wait()
    await worker.stop()
    await bus.stop()
    await providers.close()
    await database.close()
