"""The bus between processes: one LISTEN connection per process, outside any pool."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, Protocol

import asyncpg
import structlog

from api.kit.connection import connect
from api.kit.database_unavailable import DATABASE_ERRORS

Handler = Callable[[dict[str, Any]], None]

RECONNECT_SECONDS = 0.5
CHECK_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Bus(Protocol):
    """Notifications between processes, by NOTIFY. Redis can replace NOTIFY behind this interface."""

    def subscribe(self, channel: str, handler: Handler, *, on_gap: Callable[[], None]) -> None:
        """Call `handler` with each notification, and `on_gap` after a gap in which some may have been lost."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class PostgresBus:
    def __init__(self, database_url: str) -> None:
        """The URL must not lead through a pooler in transaction mode, which has no LISTEN."""
        self._url = database_url
        self._handlers: dict[str, list[tuple[Handler, Callable[[], None]]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    def subscribe(self, channel: str, handler: Handler, *, on_gap: Callable[[], None]) -> None:
        self._handlers.setdefault(channel, []).append((handler, on_gap))

    async def start(self) -> None:
        """Returns once it listens, or after 5 seconds if the database is unavailable. It goes on trying to connect."""
        self._task = asyncio.create_task(self._run(), name="bus")
        try:
            await asyncio.wait_for(self._listening.wait(), timeout=5)
        except TimeoutError:
            log.warning("bus.not_listening_yet")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        first = True
        while True:
            connection: asyncpg.Connection | None = None
            try:
                connection = await connect(self._url)
                ended = asyncio.Event()
                connection.add_termination_listener(lambda _, ended=ended: ended.set())
                for channel in self._handlers:
                    await connection.add_listener(channel, self._received)
                if not first:
                    self._tell_of_gap()
                first = False
                self._listening.set()
                while True:
                    # The listener reports a connection that the server ends. A half-open one is found by a query.
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(ended.wait(), CHECK_SECONDS)
                    await connection.execute("SELECT 1", timeout=CHECK_SECONDS)
            except DATABASE_ERRORS as error:
                first = False
                log.warning("bus.connection_lost", error=type(error).__name__)
                await asyncio.sleep(RECONNECT_SECONDS)
            finally:
                if connection is not None:
                    connection.terminate()

    def _received(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        for item in json.loads(str(payload)):
            for handler, _ in self._handlers[channel]:
                handler(item)

    def _tell_of_gap(self) -> None:
        for group in self._handlers.values():
            for _, on_gap in group:
                on_gap()
