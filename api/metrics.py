"""`/metrics`: what processes measure, and the figures of the database that all of them share."""

import asyncio
import platform
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from api.delivery.metrics import SendingMetrics
from api.inbound.metrics import JournalMetrics
from api.kit.database import Database
from api.metrics_folder import registry_of
from api.port_server import PortServer, bind
from api.settings import Settings
from api.version import VERSION


class Metrics:
    """Renders the metrics of every process of `folder`, or of this one, and of the database."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._shared = CollectorRegistry()
        self._journal = JournalMetrics()
        self._sending = SendingMetrics()
        self._shared.register(self._journal)
        self._shared.register(self._sending)
        self._shared.register(_Build())

    async def render(self, database: Database) -> Response:
        await self._journal.refresh(database)
        await self._sending.refresh(database)
        measured = await asyncio.to_thread(lambda: generate_latest(registry_of(self._folder)))
        return Response(measured + generate_latest(self._shared), media_type=CONTENT_TYPE_LATEST)


class _Build(Collector):
    """Not a `Gauge`: each process of a folder would add one of its own."""

    def collect(self) -> Iterable[Metric]:
        build = GaugeMetricFamily("messenger_build_info", "The version that runs.", labels=["version", "python"])
        build.add_metric([VERSION, platform.python_version()], 1)
        return [build]


@contextmanager
def serving_metrics(settings: Settings, database_url: str, metrics: Metrics) -> Iterator[None]:
    """Serves `/metrics` on `metrics_port`, if it is set, in a thread with its own loop: a busy API does not delay it.

    Raises `SettingsError` if the port is taken.
    """
    if settings.metrics_port is None:
        yield
        return
    listening = bind(settings.host, settings.metrics_port, setting="MESSENGER_METRICS_PORT")
    database = Database(database_url, pool_size=1)

    async def answer(_request: Request) -> Response:
        return await metrics.render(database)

    server = PortServer({"/metrics": answer})

    async def serve() -> None:
        async with database:
            await server.serve(sockets=[listening])

    thread = threading.Thread(target=lambda: uvloop.run(serve()), name="metrics")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
