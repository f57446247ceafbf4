"""Whether texts are leaving: workers' heartbeats, and the live event that tells those who may send."""

import time
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Permission
from api.delivery import holds, queries
from api.delivery.rules import texts_are_leaving
from api.kit.database import Database
from api.kit.loop import Loop
from api.live.hub import Hub
from api.live.service import SENDING_STATUS

BEAT_SECONDS = 5.0
CHECK_SECONDS = 3.0
KEEP_FOR = timedelta(days=1)

log = structlog.get_logger(__name__)


class SendingStatus(NamedTuple):
    texts_are_leaving: bool
    since: datetime | None
    """If they are not: since when the outbox is held, or when a worker's outbox loop last turned, if that is known."""
    held: bool = False
    """They wait because the data was restored: see `api/delivery/holds.py`."""


class WorkerStatus(NamedTuple):
    id: UUID
    started_at: datetime
    last_heartbeat_at: datetime
    is_working: bool


class Heartbeat:
    """A worker's heartbeat. Its outbox loop beats it, so a worker whose loop is stuck does not look alive."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._beaten_at: float | None = None

    async def beat(self) -> None:
        """Record that the outbox loop has turned, at most every `BEAT_SECONDS`. The first one deletes old rows."""
        now = time.monotonic()
        if self._beaten_at is not None and now - self._beaten_at < BEAT_SECONDS:
            return
        async with self._database.transaction() as session:
            await queries.beat(session)
            if self._beaten_at is None:
                await queries.delete_heartbeats(session, older_than=KEEP_FOR)
        self._beaten_at = now


async def sending_status(session: AsyncSession, organization_id: UUID | None = None) -> SendingStatus:
    """`organization_id`: of that organization, whose outbox may be held. Else whether any worker sends."""
    if organization_id is not None and (held_since := await holds.held_since(session, organization_id)) is not None:
        return SendingStatus(texts_are_leaving=False, since=held_since, held=True)
    last = await queries.last_heartbeat(session)
    leaving = texts_are_leaving(None if last is None else last.age)
    return SendingStatus(leaving, None if leaving or last is None else last.beat_at)


async def workers(session: AsyncSession, *, limit: int) -> list[WorkerStatus]:
    """The workers of the last day, the latest heartbeat first. A stopped one stays for a day."""
    return [
        WorkerStatus(row.id, row.started_at, row.beat_at, texts_are_leaving(age))
        for row, age in await queries.heartbeats(session, since=KEEP_FOR, limit=limit)
    ]


class SendingWatch:
    """Tells those who may send, on their open screens, when texts stop leaving or leave again. In each API process."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._leaving: bool | None = None
        self._held: frozenset[UUID] = frozenset()
        self._loop = Loop("watch-sending", self.check, interval=CHECK_SECONDS)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.cancel()

    async def check(self) -> bool:
        async with self._database.transaction() as session:
            leaving = (await sending_status(session)).texts_are_leaving
            held = frozenset(each.organization_id for each in await holds.open_holds(session))
        if self._leaving is not None and leaving is not self._leaving:
            log.warning("delivery.texts_leave_again" if leaving else "delivery.texts_are_not_leaving")
        if self._leaving is not None and (leaving, held) != (self._leaving, self._held):
            self._hub.broadcast(SENDING_STATUS, {}, permission=Permission.MASS_TEXT)
        self._leaving, self._held = leaving, held
        return False
