"""Settlements are gathered while the last commit runs, and written together."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from api.delivery.settling import Settlement, settle_many
from api.kit.database import Database
from api.kit.database_unavailable import is_transient

MAX_BATCH = 64
RETRY_SECONDS = 0.5

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
        while (failure := await self._trouble_storing(batch)) and is_transient(failure):
            given_up = self._stopping.is_set()
            error = type(failure).__name__
            log.warning("delivery.not_stored_yet", messages=len(batch), error=error, given_up=given_up)
            if given_up:
                return
            await self._pause()
        if failure is None:
            return
        if len(batch) == 1:
            message_id = str(batch[0].claim.message_id)
            log.error("delivery.settlement_given_up", message_id=message_id, exc_info=failure)
            return
        for each in batch:
            await self._store([each])

    async def _trouble_storing(self, batch: Sequence[Settlement]) -> Exception | None:
        try:
            await settle_many(self._database, self._organization_id, batch)
        except Exception as error:  # Whatever is wrong with one of them, the others are stored.
            return error
        return None

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), RETRY_SECONDS)
        except TimeoutError:
            return
