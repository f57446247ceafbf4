"""Writes the journal. Webhooks that arrive together share one insert and one commit."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import asyncpg
import structlog

from api.inbound.queries import JournalRow, add_to_journal_at_once
from api.kit.connection import connect, is_pooled

MAX_BATCH = 256

log = structlog.get_logger(__name__)

_Waiting = tuple[Sequence[JournalRow], asyncio.Future[None]]


class JournalWriter:
    """Writes on its own connection, each time all rows that queued during the last commit.

    Commits wait for the disk (the database's `synchronous_commit` is kept), so written rows are durable.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._is_pooled = is_pooled(database_url)
        self._connection: asyncpg.Connection[Any] | None = None
        self._on_written: Callable[[], None] = lambda: None
        self._queue: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._writing = False
        self._written_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self, *, on_written: Callable[[], None]) -> None:
        """`on_written` is called when there are new events to apply."""
        self._on_written = on_written
        self._task = asyncio.create_task(self._run(), name="journal-writer")

    async def stop(self) -> None:
        """Returns when every queued webhook was written or refused."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        _refuse(self._queue, ConnectionError("The service is stopping."))
        self._queue.clear()
        self._drop_connection()

    def write(self, rows: Sequence[JournalRow]) -> asyncio.Future[None]:
        """Done when the rows are durable (RECV-DURABLE). Fails with the database's error."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((rows, done))
        self._wake.set()
        return done

    async def quiet(self, *, seconds: float, at_most: float) -> bool:
        """Wait until nothing was written for `seconds`. False if that takes more than `at_most` seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + at_most
        while True:
            now = loop.time()
            rest = seconds if self._queue or self._writing else self._written_at + seconds - now
            if rest <= 0:
                return True
            if now >= until:
                return False
            await asyncio.sleep(min(rest, until - now))

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
                self._writing = True
                try:
                    await self._write_batch(batch)
                except asyncio.CancelledError:
                    _refuse(batch, ConnectionError("The service is stopping."))
                    raise
                finally:
                    self._writing = False
                    self._written_at = asyncio.get_running_loop().time()

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        rows = [row for group, _ in batch for row in group]
        try:
            connection = await self._connected()
            # A pooler may give the parse and the execution of a lone statement different connections.
            async with connection.transaction() if self._is_pooled else nullcontext():
                await add_to_journal_at_once(connection, rows)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            # A row that the database refuses does not refuse the others (RECV-NOTHING-LOST).
            if len(batch) == 1:
                _refuse(batch, error)
            else:
                for each in batch:
                    await self._write_batch([each])
            return
        except Exception as error:  # Each waiting webhook fails with it, whatever it is.
            log.warning("journal.write_failed", events=len(rows), error=type(error).__name__)
            _refuse(batch, error)
            # The connection's state is unknown: the next batch gets a new one.
            self._drop_connection()
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)
        self._on_written()

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url)
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _refuse(batch: Sequence[_Waiting], error: Exception) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(error)
