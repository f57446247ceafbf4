"""Settlements are gathered while the last commit runs, and written together."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from api.delivery.settling import Settlement, settle_many
from api.kit.database import Database

MAX_BATCH = 64
RETRY_SECONDS = 0.5

REFUSED = (IntegrityError, DataError, ProgrammingError)
"""The database answered, and will answer the same next time."""

AWAY = (
    SQLAlchemyError,
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""Anything else that the database or the way to it raises: the same may succeed later. `REFUSED` goes first."""

log = structlog.get_logger(__name__)


class Settler:
    """Stores one organization's settlements, and calls `on_stored` after each commit.

    What the provider said is kept here until it is stored, however long the database is away. One settlement that
    cannot be stored is tried alone and given up: its lease ends, and the message is `unknown` and asked about.
    """

    def __init__(self, database: Database, organization_id: UUID, *, on_stored: Callable[[], None]) -> None:
        self._database = database
        self._organization_id = organization_id
        self._on_stored = on_stored
        self._queue: list[Settlement] = []
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def add(self, settlement: Settlement) -> None:
        self._queue.append(settlement)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="settler")

    @property
    def is_idle(self) -> bool:
        return self._task is None

    async def stop(self) -> None:
        """Everything has been tried once more before this returns."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
            await self._store(batch)
            self._on_stored()
        self._task = None

    async def _store(self, batch: Sequence[Settlement]) -> None:
        while True:
            try:
                await settle_many(self._database, self._organization_id, batch)
                return
            except REFUSED as error:
                failure: Exception = error
            except AWAY as error:
                last = self._stopping.is_set()
                log.warning("delivery.not_stored_yet", messages=len(batch), error=type(error).__name__, given_up=last)
                if last:
                    return
                await self._pause()
                continue
            except Exception as error:  # Whatever is wrong with one of them, the others are stored.
                failure = error
            if len(batch) == 1:
                message_id = str(batch[0].claim.message_id)
                log.error("delivery.settlement_given_up", message_id=message_id, exc_info=failure)
                return
            for each in batch:
                await self._store([each])
            return

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), RETRY_SECONDS)
        except TimeoutError:
            return
