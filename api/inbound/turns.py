"""A process's turn at an organization's journal: an attempt is committed before it begins, and ends with its events.

What was begun and never finished hung or killed its process. Its events are then tried one at a time, so only the
guilty one is quarantined (RECV-NOTHING-LOST, decision 0016).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.inbound import attempt_queries, queries
from api.inbound.failures import in_words, place
from api.inbound.models import InboundEvent
from api.inbound.rules import MAX_UNFINISHED, NEVER_FINISHED, Suspects, retry_after, suspects
from api.inbound.service import apply_events
from api.kit import crash_points
from api.kit.database import Database, database_time
from api.kit.database_unavailable import is_database_unavailable
from api.providers.registry import Providers

BATCH = 256

BATCH_BYTES = 1024 * 1024
"""Raw content that is applied in one transaction: reading it all takes the loop's time in one piece."""

CAREFUL_BATCH = 64
"""Events of a turn while some are suspected: each may need a transaction of its own."""

log = structlog.get_logger(__name__)


class ApplicationBusy(Exception):
    """Another process is applying this organization's journal."""


class _Suspicious(Exception):
    """An attempt was begun and never finished."""


async def _always() -> bool:
    return True


async def apply_due_events(
    database: Database,
    organization_id: UUID,
    *,
    providers: Providers,
    confirm_within: timedelta,
    limit: int = BATCH,
    may_retry_suspects: Callable[[], Awaitable[bool]] = _always,
) -> int:
    """Apply one batch of an organization's journal. Returns how many events it processed.

    Raises `ApplicationBusy` when another process is at it. When a batch fails, its events are tried one by one:
    those that fail alone are retried later and finally quarantined; they hold up nobody (RECV-NOTHING-LOST).
    `may_retry_suspects` says whether this process may now try what hung or killed a process before.
    Raises what says that the database is unavailable, which is no event's failure and counts against none.
    """
    turn = _Turns(database, organization_id, providers, confirm_within)
    try:
        return await turn.batch(limit)
    except _Suspicious:
        return await turn.carefully(min(limit, CAREFUL_BATCH), may_retry_suspects=may_retry_suspects)


@dataclass(frozen=True)
class _Turns:
    """The transactions of one call. Each takes the organization's turn anew."""

    database: Database
    organization_id: UUID
    providers: Providers
    confirm_within: timedelta

    async def batch(self, limit: int) -> int:
        """The usual case. Raises `_Suspicious`, and then nothing has been applied."""
        events: Sequence[InboundEvent] = []
        try:
            async with self.database.transaction() as session:
                turn = await attempt_queries.try_turn(session, self.organization_id)
                if not turn.taken:
                    raise ApplicationBusy
                if turn.has_unfinished:
                    raise _Suspicious
                events = _bounded(await queries.due_events(session, self.organization_id, limit=limit))
                await self._apply(session, events)
                return len(events)
        except (ApplicationBusy, _Suspicious):
            raise
        except Exception as error:
            await self._batch_failed(error)
        return await self._one_by_one(events)

    async def carefully(self, limit: int, *, may_retry_suspects: Callable[[], Awaitable[bool]]) -> int:
        """Suspected events alone, each run of others as a batch."""
        retries = await may_retry_suspects()
        async with self.database.transaction() as session:
            await self._take_turn(session)
            known = await self._suspects(session)
            alone = await attempt_queries.events_of(session, self.organization_id, known.alone)
            events = _bounded(
                await attempt_queries.due_events_beside(
                    session, self.organization_id, alone, with_suspected=retries, limit=limit
                )
            )
        for suspected, run in groupby(events, key=lambda event: event.id in known):
            if suspected:
                await self._one_by_one(list(run))
            else:
                await self._together(list(run))
        return len(events)

    async def _suspects(self, session: AsyncSession) -> Suspects:
        """What unfinished attempts say now. The guilty are quarantined."""
        await attempt_queries.forget_own(session, self.organization_id)
        await attempt_queries.forget_settled(session, self.organization_id)
        known = suspects(await attempt_queries.unfinished(session, self.organization_id))
        for event in await attempt_queries.events_of(session, self.organization_id, known.guilty):
            attempts = event.attempts + MAX_UNFINISHED
            await queries.mark_failed(
                session, self.organization_id, event.id, error=NEVER_FINISHED, attempts=attempts, retry_at=None
            )
            log.error(
                "inbound.quarantined",
                organization_id=str(self.organization_id),
                event_id=str(event.id),
                attempts=attempts,
                error=NEVER_FINISHED,
            )
        if known.guilty:
            await attempt_queries.forget_alone(session, self.organization_id, known.guilty)
        return known

    async def _together(self, events: Sequence[InboundEvent]) -> None:
        try:
            async with self.database.transaction() as session:
                await self._take_turn(session)
                # Since the list was read another process may have applied some.
                due = await queries.still_due(session, self.organization_id, [event.id for event in events])
                await self._apply(session, due)
                return
        except ApplicationBusy:
            raise
        except Exception as error:
            await self._batch_failed(error)
        await self._one_by_one(events)

    async def _one_by_one(self, events: Sequence[InboundEvent]) -> int:
        for event in events:
            try:
                async with self.database.transaction() as session:
                    await self._take_turn(session)
                    due = await queries.still_due(session, self.organization_id, [event.id])
                    await self._apply(session, due)
                    await attempt_queries.forget_alone(session, self.organization_id, [event.id])
            except ApplicationBusy:
                raise
            except Exception as error:
                if is_database_unavailable(error):
                    await self._forget_own()
                    raise
                await self._defer(event, error)
        return len(events)

    async def _take_turn(self, session: AsyncSession) -> None:
        if not await queries.try_lock_application(session, self.organization_id):
            raise ApplicationBusy

    async def _apply(self, session: AsyncSession, events: Sequence[InboundEvent]) -> None:
        """Within the session's turn. The attempt is committed on another connection before it begins."""
        if not events:
            return
        attempt_id = await attempt_queries.begin(self.database, self.organization_id, [event.id for event in events])
        crash_points.applying(event.body for event in events)
        await apply_events(
            session, self.organization_id, events, providers=self.providers, confirm_within=self.confirm_within
        )
        await attempt_queries.finish(session, self.organization_id, attempt_id)

    async def _batch_failed(self, error: Exception) -> None:
        """It ended, so it is no unfinished attempt. Raises the error again if it is the database's."""
        await self._forget_own()
        if is_database_unavailable(error):
            raise error
        log.warning(
            "inbound.batch_failed",
            organization_id=str(self.organization_id),
            error=in_words(error),
            where=place(error),
        )

    async def _forget_own(self) -> None:
        """If the database is unavailable, or another process has the turn, this process does it at its next turn."""
        try:
            async with self.database.transaction() as session:
                if await queries.try_lock_application(session, self.organization_id):
                    await attempt_queries.forget_own(session, self.organization_id)
        except Exception as error:
            if not is_database_unavailable(error):
                raise
            log.warning("inbound.attempt_not_forgotten", error=type(error).__name__)

    async def _defer(self, event: InboundEvent, error: Exception) -> None:
        """It failed alone: it is tried again later, and after its last try it is quarantined and reported."""
        attempts = event.attempts + 1
        wait = retry_after(attempts)
        async with self.database.transaction() as session:
            await queries.mark_failed(
                session,
                self.organization_id,
                event.id,
                error=in_words(error),
                attempts=attempts,
                retry_at=await database_time(session) + wait if wait is not None else None,
            )
            await attempt_queries.forget_alone(session, self.organization_id, [event.id])
        log.error(
            "inbound.event_failed" if wait is not None else "inbound.quarantined",
            organization_id=str(self.organization_id),
            event_id=str(event.id),
            attempts=attempts,
            error=in_words(error),
            where=place(error),
        )


def _bounded(events: Sequence[InboundEvent]) -> Sequence[InboundEvent]:
    """As many of the first as hold `BATCH_BYTES` between them, at least one."""
    total = 0
    for number, event in enumerate(events):
        total += len(event.body or b"")
        if total > BATCH_BYTES and number > 0:
            return events[:number]
    return events
