"""Applying an organization's due events, so that an event that fails, hangs or kills the process stops no other.

The row of an attempt is committed before applying begins and deleted when it ends. A row that stays means that the
process hung or died. The attempt's events are then tried one at a time, so that only the culprit is quarantined
(RECV-NOTHING-LOST, decision 0016). While a batch is written the next one is read (decision 0024).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.inbound import attempt_queries, queries
from api.inbound.failures import in_words, place
from api.inbound.queries import DueEvent
from api.inbound.reading import ReadEvent, read_events
from api.inbound.rules import MAX_UNFINISHED, NEVER_FINISHED, Suspects, retry_after, suspects
from api.inbound.service import ApplicationBusy, apply_events
from api.kit import crash_points
from api.kit.database import Database, after_commit, database_time
from api.kit.database_unavailable import is_database_unavailable
from api.kit.metrics import APPLIED
from api.kit.slices import slices
from api.kit.spans import span
from api.providers.registry import Providers

BATCH = 256
"""Events that one transaction applies."""

RUN = 4 * BATCH
"""Events of one attempt: the batches that are applied before another organization's events."""

RUN_BYTES = 4 * 1024 * 1024
"""Raw content that one attempt reads."""

CAREFUL_BATCH = 64
"""The most events of one call while some are suspect: each may need its own transaction."""

log = structlog.get_logger(__name__)


async def _always() -> bool:
    return True


async def apply_due_events(
    database: Database,
    organization_id: UUID,
    *,
    providers: Providers,
    confirm_within: timedelta,
    limit: int = RUN,
    may_retry_suspects: Callable[[], Awaitable[bool]] = _always,
) -> int:
    """Apply an organization's due events, the oldest first, at most `limit`. Returns how many it processed.

    When a batch fails, its events are tried one by one: those that fail alone are retried later and finally
    quarantined. `may_retry_suspects` says whether this process may now retry what hung or killed a process before.

    Raises `ApplicationBusy` if another process is applying them, and the database's error if it is unavailable: that
    is no event's failure and counts against none.
    """
    async with database.transaction() as locked:
        # This transaction reads no table. A migration that waits for a table's lock would wait for its end, the
        # batch's transaction for the migration, and this one for the batch: PostgreSQL sees no deadlock in that.
        if not await queries.try_lock_application(locked, organization_id):
            raise ApplicationBusy
        run = _Run(database, organization_id, providers, confirm_within)
        async with database.transaction() as session:
            careful = await attempt_queries.has_unfinished(session, organization_id)
            events = [] if careful else _bounded(await queries.due_events(session, organization_id, limit=limit))
        if careful:
            return await run.apply_carefully(min(limit, CAREFUL_BATCH), retry_suspects=await may_retry_suspects())
        return await run.apply(events)


@dataclass(frozen=True)
class _Run:
    """One call's work, under the organization's lock. Each batch has its own transaction."""

    database: Database
    organization_id: UUID
    providers: Providers
    confirm_within: timedelta

    async def apply(self, events: Sequence[DueEvent]) -> int:
        """Apply batch after batch, the usual case. It stops after the first batch that fails."""
        if not events:
            return 0
        attempt_id = await self._begin(events)
        batches = list(slices(events, BATCH))
        processed = 0
        following: asyncio.Task[list[ReadEvent]] | None = self._start_reading(batches[0])
        for number, batch in enumerate(batches, start=1):
            reading, following = following, None
            assert reading is not None
            try:
                read = await reading
                following = self._start_reading(batches[number]) if number < len(batches) else None
                async with self.database.transaction() as session:
                    await self._apply(session, read)
                    if following is None:
                        await attempt_queries.finish(session, self.organization_id, attempt_id)
            except ApplicationBusy:
                await _stop_reading(following)
                raise
            except Exception as error:
                await _stop_reading(following)
                await self._batch_failed(error)
                await self._one_by_one(batch)
                return processed + len(batch)
            processed += len(batch)
        return processed

    async def apply_carefully(self, limit: int, *, retry_suspects: bool) -> int:
        """Suspected events one at a time, the others between them in batches."""
        async with self.database.transaction() as session:
            known = await self._suspects(session)
        async with self.database.transaction() as session:
            alone = await attempt_queries.events_by_ids(session, self.organization_id, known.alone)
            events = _bounded(
                await attempt_queries.due_events_beside(
                    session, self.organization_id, alone, with_suspected=retry_suspects, limit=limit
                )
            )
        for suspected, group in groupby(events, key=lambda event: event.id in known):
            if suspected:
                await self._one_by_one(list(group))
            else:
                await self._together(list(group))
        return len(events)

    async def _suspects(self, session: AsyncSession) -> Suspects:
        """Classify the events of unfinished attempts, and quarantine the culprits."""
        await attempt_queries.forget_own(session, self.organization_id)
        await attempt_queries.forget_settled(session, self.organization_id)
        known = suspects(await attempt_queries.unfinished(session, self.organization_id))
        for event in await attempt_queries.events_by_ids(session, self.organization_id, known.guilty):
            attempts = event.attempts + MAX_UNFINISHED
            await queries.mark_failed(
                session, self.organization_id, event.id, error=NEVER_FINISHED, attempts=attempts, retry_at=None
            )
            APPLIED.labels("quarantined").inc()
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

    async def _together(self, events: Sequence[DueEvent]) -> None:
        try:
            attempt_id = await self._begin(events)
            read = await read_events(events, self.providers, organization_id=self.organization_id)
            async with self.database.transaction() as session:
                await self._apply(session, read)
                await attempt_queries.finish(session, self.organization_id, attempt_id)
        except ApplicationBusy:
            raise
        except Exception as error:
            await self._batch_failed(error)
            await self._one_by_one(events)

    async def _one_by_one(self, events: Sequence[DueEvent]) -> None:
        for event in events:
            try:
                await self._begin([event])
                read = await read_events([event], self.providers, organization_id=self.organization_id)
                async with self.database.transaction() as session:
                    await self._apply(session, read)
                    await attempt_queries.forget_alone(session, self.organization_id, [event.id])
            except ApplicationBusy:
                raise
            except Exception as error:
                if is_database_unavailable(error):
                    await self._forget_own()
                    raise
                await self._defer(event, error)

    async def _begin(self, events: Sequence[DueEvent]) -> UUID:
        """Commit an attempt at these events. No code reads their content before this commit."""
        try:
            attempt_id = await attempt_queries.begin(self.database, self.organization_id, [each.id for each in events])
        except Exception:
            # It may have been committed although this process did not hear of it.
            await self._forget_own()
            raise
        crash_points.applying(event.body for event in events)
        return attempt_id

    def _start_reading(self, events: Sequence[DueEvent]) -> asyncio.Task[list[ReadEvent]]:
        return asyncio.create_task(read_events(events, self.providers, organization_id=self.organization_id))

    async def _apply(self, session: AsyncSession, events: Sequence[ReadEvent]) -> None:
        with span("apply", organization_id=str(self.organization_id), events=len(events)):
            await apply_events(session, self.organization_id, events, confirm_within=self.confirm_within)
        after_commit(session, lambda: APPLIED.labels("applied").inc(len(events)))

    async def _batch_failed(self, error: Exception) -> None:
        """The attempt ended, so it is not unfinished. Raises the error again if the database is unavailable."""
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
        """Delete this process's attempts. If the database is unavailable, its next call deletes them."""
        try:
            async with self.database.transaction() as session:
                await attempt_queries.forget_own(session, self.organization_id)
        except Exception as error:
            if not is_database_unavailable(error):
                raise
            log.warning("inbound.attempt_not_forgotten", error=type(error).__name__)

    async def _defer(self, event: DueEvent, error: Exception) -> None:
        """The event failed alone: it is retried later, and quarantined after its last attempt."""
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
        APPLIED.labels("failed" if wait is not None else "quarantined").inc()
        log.error(
            "inbound.event_failed" if wait is not None else "inbound.quarantined",
            organization_id=str(self.organization_id),
            event_id=str(event.id),
            attempts=attempts,
            error=in_words(error),
            where=place(error),
        )


async def _stop_reading(reading: asyncio.Task[list[ReadEvent]] | None) -> None:
    if reading is not None:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def _bounded(events: Sequence[DueEvent]) -> Sequence[DueEvent]:
    """The first events that hold `RUN_BYTES` of raw content together, at least one."""
    total = 0
    for number, event in enumerate(events):
        total += len(event.body or b"")
        if total > RUN_BYTES and number > 0:
            return events[:number]
    return events
