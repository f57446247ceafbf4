"""Prometheus metrics of one API process, of several together, and of the database that all processes share."""

import os
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

import uvloop
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response

from api.delivery.heartbeat import HeartbeatMetrics
from api.inbound.metrics import JournalMetrics
from api.kit.database import Database
from api.port_server import PortServer, bind
from api.settings import Settings

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The Prometheus client reads it at import, and then keeps its figures in files of this folder."""


class Metrics:
    """Measures the requests of one process, and renders the metrics of all."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._journal = JournalMetrics()
        self._heartbeat = HeartbeatMetrics()
        self._requests = Histogram(
            "messenger_request_seconds",
            "Time to the start of the answer, by route.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._children: dict[tuple[str, str, int], Histogram] = {}
        self._streams = Gauge(
            "messenger_event_streams", "Open event streams.", registry=self._registry, multiprocess_mode="livesum"
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request. Each child is looked up once, because the look-up of the client library is slow."""
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._requests.labels(method, route, str(status))
        child.observe(seconds)

    def streams_open(self, count: int) -> None:
        self._streams.set(count)

    async def render(self, database: Database) -> Response:
        """The metrics of every process of this `messenger serve`, and of the database."""
        await self._journal.refresh(database)
        await self._heartbeat.refresh(database)
        shown = self._registry
        folder = os.environ.get(DIRECTORY_VARIABLE)
        if folder is not None:
            shown = CollectorRegistry()
            MultiProcessCollector(shown, path=folder)  # type: ignore[no-untyped-call]
        shared = CollectorRegistry()
        shared.register(self._journal)
        shared.register(self._heartbeat)
        return Response(generate_latest(shown) + generate_latest(shared), media_type=CONTENT_TYPE_LATEST)


def shared_folder(existing: Path | None = None) -> Path:
    """A private folder for the figures of several processes, which start after this. `existing`: go on with it."""
    folder = existing or Path(tempfile.mkdtemp(prefix="messenger-metrics-"))
    os.environ[DIRECTORY_VARIABLE] = str(folder)
    return folder


def remove_shared_folder(folder: Path) -> None:
    os.environ.pop(DIRECTORY_VARIABLE, None)
    rmtree(folder, ignore_errors=True)


def forget_dead_processes(folder: Path, alive: Collection[int]) -> None:
    """Removes the gauges of dead processes, such as their open streams. Their counts stay."""
    for file in folder.glob("gauge_live*_*.db"):
        if int(file.stem.rpartition("_")[2]) not in alive:
            file.unlink(missing_ok=True)


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
