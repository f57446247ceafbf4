"""What runs of this slice in the background: applying inbound events, backfill, retention."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from uuid import UUID

import structlog

from api.inbound import attempt_queries, backfill_queries, queries
from api.inbound.attempts import BATCH, RUN, apply_due_events
from api.inbound.backfill import DueLine, backfill_line, take_due_lines
from api.inbound.journal import JournalWriter
from api.inbound.service import ApplicationBusy
from api.inbound.silence import check_silence
from api.kit.database import Database
from api.kit.loop import POLL_SECONDS, Loop
from api.kit.process import process_age
from api.kit.secrets import SecretBox
from api.providers.registry import Providers
from api.settings import Settings

PAUSE_SECONDS = 0.02
"""A worker's pause after a step with less than a full batch: while texts keep coming, larger batches cost less each.
After steps without events it doubles up to `POLL_SECONDS`: no webhook wakes a worker."""

QUIET_SECONDS = 0.01
"""An API process applies events once no webhook has come for this long."""

POLITE_SECONDS = 1.0
POLITE_BATCH = 32
"""While webhooks keep coming, an API process applies this many events in `POLITE_SECONDS`: about 15 ms of its time."""

MAX_BACKFILL_POLL_SECONDS = 15.0

LINES_AT_ONCE = 8
"""Lines that a worker asks providers about at the same time."""

log = structlog.get_logger(__name__)


class JournalApplier:
    """Applies the inbound events of every organization in turn.

    It runs in API processes too, beside the journal's writer, which wakes it: a text that comes in a quiet moment is
    applied within milliseconds. Webhooks have priority there. While they keep coming, an API process only applies a
    small batch a second, so that events are applied even if no worker runs.
    """

    def __init__(
        self,
        database: Database,
        providers: Providers,
        settings: Settings,
        *,
        beside: JournalWriter | None = None,
        has_live_worker: Callable[[Database], Awaitable[bool]] | None = None,
    ) -> None:
        """`beside` (its journal's writer) and `has_live_worker` are given in an API process."""
        self._database = database
        self._providers = providers
        self._beside = beside
        self._has_live_worker = has_live_worker
        self._confirm_within = timedelta(seconds=settings.seen_deadline_seconds)
        self._next_batch = POLITE_BATCH
        self._pause = POLL_SECONDS
        self._settle_seconds = settings.hang_seconds / 3
        self._loop = Loop("apply-journal", self._step, interval=POLL_SECONDS)

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        """An event has been journaled."""
        self._next_batch = POLITE_BATCH
        self._loop.wake()

    async def stop(self) -> None:
        await self._loop.stop()

    async def _step(self) -> bool:
        limit = await self._batch_size()
        async with self._database.transaction() as session:
            organizations = await queries.organizations_with_due_events(session)
        busy, processed = 0, 0
        for number, organization_id in enumerate(organizations):
            if number > 0:
                limit = await self._batch_size()
            try:
                processed += await apply_due_events(
                    self._database,
                    organization_id,
                    providers=self._providers,
                    confirm_within=self._confirm_within,
                    limit=limit,
                    may_retry_suspects=self._may_retry_suspects,
                )
            except ApplicationBusy:
                busy += 1
        # Events that wait for a suspected one are not processed yet. They are due at the next step.
        if self._beside is not None:
            # Another process is applying the events of busy organizations. It will finish them.
            return processed > 0
        if processed or busy:
            self._pause = PAUSE_SECONDS
            if processed < BATCH:
                await asyncio.sleep(PAUSE_SECONDS)
            return True
        if self._pause < POLL_SECONDS:
            pause, self._pause = self._pause, min(2 * self._pause, POLL_SECONDS)
            await asyncio.sleep(pause)
            return True
        # Where nothing is due nobody else looks for what processes that died have left of events that are settled.
        async with self._database.transaction() as session:
            await attempt_queries.forget_settled(session, None)
        return False

    async def _may_retry_suspects(self) -> bool:
        """Whether this process may retry an event at which a process hung or died (decision 0016).

        An API process may not while a worker lives. No process may right after its start: so there is time to send
        between two hangs, and a process that keeps dying for another reason never reaches the event.
        """
        if process_age() < self._settle_seconds:
            return False
        return self._has_live_worker is None or not await self._has_live_worker(self._database)

    async def _batch_size(self) -> int:
        """Wait until events may be applied. Returns how many.

        The batch doubles with every quiet moment: a webhook that comes after a short pause waits for a small one.
        """
        if self._beside is None:
            return RUN
        if not await self._beside.quiet(seconds=QUIET_SECONDS, at_most=POLITE_SECONDS):
            return POLITE_BATCH
        batch, self._next_batch = self._next_batch, min(2 * self._next_batch, BATCH)
        return batch


class BackfillLoop:
    """Compares lines with their providers' lists and checks them for silence. An interval of 0 turns it off."""

    def __init__(
        self,
        database: Database,
        providers: Providers,
        secrets: SecretBox,
        settings: Settings,
        *,
        on_found: Callable[[], None],
        held: Callable[[Database], Awaitable[Collection[UUID]]],
    ) -> None:
        """`on_found` is called when a backfill has journaled texts.

        `held`: organizations whose backfill reaches back to a backup. `api/backup/loop.py` makes it.
        """
        self._database = database
        self._providers = providers
        self._secrets = secrets
        self._on_found = on_found
        self._held = held
        self._interval = timedelta(seconds=settings.watch_lines_seconds)
        self._at_once = asyncio.Semaphore(LINES_AT_ONCE)
        poll = min(settings.watch_lines_seconds / 4, MAX_BACKFILL_POLL_SECONDS)
        self._loop = Loop("backfill", self._step, interval=poll) if self._interval else None

    def start(self) -> None:
        if self._loop is not None:
            self._loop.start()

    async def stop(self) -> None:
        if self._loop is not None:
            await self._loop.cancel()

    async def _step(self) -> bool:
        async with self._database.transaction() as session:
            organizations = await backfill_queries.organizations_with_due_lines(session)
        held = await self._held(self._database) if organizations else ()
        due = [
            line
            for organization_id in organizations
            if organization_id not in held
            for line in await take_due_lines(self._database, organization_id, interval=self._interval)
        ]
        await asyncio.gather(*(self._check(line) for line in due))
        return False

    async def _check(self, due: DueLine) -> None:
        async with self._at_once:
            try:
                found = await backfill_line(self._database, due, providers=self._providers, secrets=self._secrets)
                await check_silence(self._database, due.line)
            except Exception:  # A failing line must not stop the backfill of others.
                log.exception("worker.backfill_failed", line_id=str(due.line.id))
                return
        if found:
            self._on_found()
