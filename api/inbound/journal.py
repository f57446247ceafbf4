"""The journal's writer: webhooks that arrive together share one insert and one commit."""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import DataError, IntegrityError

from api.inbound.queries import JournalRow, add_to_journal
from api.kit.database import Database

MAX_BATCH = 256

log = structlog.get_logger(__name__)


class JournalWriter:
    """Writes what has queued while the last commit ran, and calls `on_written` after each commit."""

    def __init__(self, database: Database, *, on_written: Callable[[], None]) -> None:
        self._database = database
        self._on_written = on_written
        self._queue: list[tuple[Sequence[JournalRow], asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="journal-writer")

    async def stop(self) -> None:
        """Everything queued is written, or its webhook is refused, before this returns."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for _, done in self._queue:
            if not done.done():
                done.set_exception(ConnectionError("The service is stopping."))
        self._queue.clear()

    async def write(self, rows: Sequence[JournalRow]) -> None:
        """Returns once the rows are durable (RECV-DURABLE); raises what the database raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((rows, done))
        self._wake.set()
        await done

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
                try:
                    await self._write_batch(batch)
                except asyncio.CancelledError:
                    _refuse(batch, ConnectionError("The service is stopping."))
                    raise

    async def _write_batch(self, batch: list[tuple[Sequence[JournalRow], asyncio.Future[None]]]) -> None:
        rows = [row for group, _ in batch for row in group]
        try:
            async with self._database.transaction() as session:
                await add_to_journal(session, rows)
        except (DataError, IntegrityError) as error:
            # One row that the database refuses must not refuse the others.
            if len(batch) == 1:
                _refuse(batch, error)
            else:
                for each in batch:
                    await self._write_batch([each])
            return
        except Exception as error:  # Whatever it is, each waiting webhook must hear of it and answer 503.
            log.warning("journal.write_failed", events=len(rows), error=type(error).__name__)
            _refuse(batch, error)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)
        self._on_written()


def _refuse(batch: Sequence[tuple[Sequence[JournalRow], asyncio.Future[None]]], error: Exception) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(error)
