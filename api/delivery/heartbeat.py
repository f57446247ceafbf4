"""Whether texts are leaving: workers' heartbeats, and telling those who can send."""

import asyncio
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
from api.kit.database_unavailable import is_database_unavailable, is_transient
from api.live.hub import Hub

BEAT_SECONDS = 5.0
CHECK_SECONDS = 3.0
FORGET_AFTER = timedelta(days=1)

log = structlog.get_logger(__name__)


class SendingStatus(NamedTuple):
    texts_are_leaving: bool
    since: datetime | None
    """If they are not: the last time that a worker turned to the outbox. None if that is long ago or never was."""


class Heartbeat:
    """A worker's. Beats come from its outbox loop, so a worker whose loop stands still does not look alive."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._beaten_at: float | None = None

    async def beat(self) -> None:
        """The outbox loop has turned. Writes a row every `BEAT_SECONDS`; the first beat removes rows of long ago."""
        now = time.monotonic()
        if self._beaten_at is not None and now - self._beaten_at < BEAT_SECONDS:
            return
        async with self._database.transaction() as session:
            await queries.beat(session)
            if self._beaten_at is None:
                await queries.forget_heartbeats(session, older_than=FORGET_AFTER)
        self._beaten_at = now


async def sending_status(session: AsyncSession) -> SendingStatus:
    last = await queries.last_heartbeat(session)
    leaving = texts_are_leaving(None if last is None else last.age)
    return SendingStatus(leaving, None if leaving or last is None else last.beat_at)


class SendingWatch:
    """In an API process: tells the open screens of those who can send when texts stop or begin to leave."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._leaving: bool | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="sending-watch")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def check(self) -> None:
        async with self._database.transaction() as session:
            leaving = (await sending_status(session)).texts_are_leaving
        if self._leaving is not None and leaving is not self._leaving:
            self._hub.broadcast("sending_status", {}, permission=Permission.MASS_TEXT)
            log.warning("delivery.texts_leave_again" if leaving else "delivery.texts_are_not_leaving")
        self._leaving = leaving

    async def _run(self) -> None:
        known = True
        while True:
            try:
                await self.check()
                known = True
            except Exception as error:  # Whatever it is, it is looked at again at the next turn.
                if not is_database_unavailable(error):
                    log.exception("delivery.sending_status_unknown")
                elif known:
                    log.warning("delivery.sending_status_unknown", error=type(error).__name__)
                known = False
            await asyncio.sleep(CHECK_SECONDS)


class HeartbeatMetrics(Collector):
    """Read from the database when it is asked for. Infinite without a worker, NaN without a database."""

    def __init__(self) -> None:
        self._age = math.nan

    def collect(self) -> Iterator[GaugeMetricFamily]:
        says = "How long ago the worker that was heard last turned to the outbox."
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
