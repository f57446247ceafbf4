"""Whether texts are leaving: workers' heartbeats, and the live event that tells those who may send."""

import math
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Permission
from api.delivery import queries
from api.delivery.rules import texts_are_leaving
from api.kit.database import Database
from api.kit.database_unavailable import is_transient
from api.kit.loop import Loop
from api.live.hub import Hub

BEAT_SECONDS = 5.0
CHECK_SECONDS = 3.0
KEEP_FOR = timedelta(days=1)

log = structlog.get_logger(__name__)


class SendingStatus(NamedTuple):
    texts_are_leaving: bool
    since: datetime | None
    """If they are not: when a worker's outbox loop last turned. None if that is not known."""


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


async def sending_status(session: AsyncSession) -> SendingStatus:
    last = await queries.last_heartbeat(session)
    leaving = texts_are_leaving(None if last is None else last.age)
    return SendingStatus(leaving, None if leaving or last is None else last.beat_at)


class SendingWatch:
    """Tells those who may send, on their open screens, when texts stop leaving or leave again. In each API process."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._leaving: bool | None = None
        self._loop = Loop("watch-sending", self.check, interval=CHECK_SECONDS)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.cancel()

    async def check(self) -> bool:
        async with self._database.transaction() as session:
            leaving = (await sending_status(session)).texts_are_leaving
        if self._leaving is not None and leaving is not self._leaving:
            self._hub.broadcast("sending_status", {}, permission=Permission.MASS_TEXT)
            log.warning("delivery.texts_leave_again" if leaving else "delivery.texts_are_not_leaving")
        self._leaving = leaving
        return False


class HeartbeatMetrics(Collector):
    """The age of the latest heartbeat: infinite without a worker, NaN while the database is unavailable."""

    def __init__(self) -> None:
        self._age = math.nan

    def collect(self) -> Iterator[GaugeMetricFamily]:
        says = "How long ago the outbox loop of any worker last turned."
        yield GaugeMetricFamily("messenger_worker_heartbeat_age_seconds", says, value=self._age)

    async def refresh(self, database: Database) -> None:
        try:
            async with database.transaction() as session:
                last = await queries.last_heartbeat(session)
        except Exception as error:
            if not is_transient(error):
                raise
            self._age = math.nan
            return
        self._age = math.inf if last is None else max(last.age.total_seconds(), 0.0)
