"""The worker: applies the journal, empties the outbox, fetches pictures, sweeps leases and deadlines."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from api.access import service as access
from api.access.clean_up import clean_up
from api.conversations import viewing
from api.conversations.lifecycle import OUTBOX_CHANNEL
from api.delivery.heartbeat import Heartbeat, sending_status
from api.delivery.sender import Sender
from api.inbound import queries as inbound_queries
from api.inbound import watch_queries
from api.inbound.journal import JournalWriter
from api.inbound.retention import forget_raw_content
from api.inbound.turns import BATCH, ApplicationBusy, apply_due_events
from api.inbound.watch import WatchedLine, take_due_lines, watch_line
from api.kit.database import Database
from api.kit.database_unavailable import is_database_unavailable
from api.kit.idempotency import forget_answers
from api.kit.process import process_age
from api.kit.secrets import SecretBox
from api.live.bus import Bus
from api.media import queries as media_queries
from api.media import service as media
from api.providers.registry import Providers
from api.settings import Settings

POLL_SECONDS = 1.0
BUSY_SECONDS = 0.02
QUIET_SECONDS = 0.01
"""An API process applies what it has journaled once no webhook has come for so long,"""

POLITE_SECONDS = 1.0
POLITE_BATCH = 32
"""or, while they keep coming, so many events in so long: about 15 ms of its time."""

RETENTION_SECONDS = 3600.0
CLEAN_UP_SECONDS = 60.0
MAX_WATCH_POLL_SECONDS = 15.0
STUCK_SECONDS = 60.0
"""A worker whose outbox loop has not turned for so long is not healthy."""

LINES_AT_ONCE = 8
"""Lines that a worker asks providers about at the same time."""

FETCHES = 12
"""Files that a worker fetches at the same time."""

FETCHES_PER_ORGANIZATION = 4
"""So that a provider that hangs holds up the pictures of its own lines alone."""

log = structlog.get_logger(__name__)


class Loop:
    """Calls `step` when woken, and every `interval` seconds in any case. `step` returns whether there is more."""

    def __init__(self, name: str, step: Callable[[], Awaitable[bool]], *, interval: float) -> None:
        self._name = name
        self._step = step
        self._interval = interval
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._turned_at = time.monotonic()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    def is_turning(self, *, within: float) -> bool:
        """Whether a step has ended, well or badly, in so many seconds."""
        return time.monotonic() - self._turned_at <= within

    def wake(self) -> None:
        self._wake.set()

    async def stop(self) -> None:
        """Lets the step under way finish."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def cancel(self) -> None:
        """For steps that may be broken off anywhere: they are repeated, not resumed."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                more = await self._step()
            except Exception as error:  # One bad step must not end the loop; it is tried again at the next turn.
                if is_database_unavailable(error):
                    log.warning("worker.database_unavailable", loop=self._name, error=type(error).__name__)
                else:
                    log.exception("worker.step_failed", loop=self._name)
                more = False
            self._turned_at = time.monotonic()
            if not more and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._interval)


class JournalApplier:
    """Applies the journal of every organization in turn.

    Runs in API processes too, beside their journal's writer and woken by it: what comes in a quiet moment is applied
    within milliseconds. Webhooks go first. While they keep coming, it only takes a small batch a second, so that
    everything is applied even where there is no worker.
    """

    def __init__(
        self, database: Database, providers: Providers, settings: Settings, *, beside: JournalWriter | None = None
    ) -> None:
        self._database = database
        self._providers = providers
        self._beside = beside
        self._confirm_within = timedelta(seconds=settings.seen_deadline_seconds)
        self._next_batch = POLITE_BATCH
        self._settle_seconds = settings.hang_seconds / 3
        self._loop = Loop("apply-journal", self._step, interval=POLL_SECONDS)

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        """Something has been journaled."""
        self._next_batch = POLITE_BATCH
        self._loop.wake()

    async def stop(self) -> None:
        await self._loop.stop()

    async def _step(self) -> bool:
        limit = await self._turn()
        async with self._database.transaction() as session:
            organizations = await inbound_queries.organizations_with_due_events(session)
        busy, processed = 0, 0
        for number, organization_id in enumerate(organizations):
            if number > 0:
                limit = await self._turn()
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
        # What waits for a suspected event is not processed yet, and due at the next turn.
        if self._beside is not None:
            # What another process is applying is left to it.
            return processed > 0
        if busy:
            await asyncio.sleep(BUSY_SECONDS)
        return processed > 0 or busy > 0

    async def _may_retry_suspects(self) -> bool:
        """Whether to try again an event at which a process hung or died.

        Not in an API process while a worker lives. Nor right after the start: so there is time to send between two
        hangs, and a process that keeps dying for another reason never gets to the event, and does not accuse it.
        """
        if process_age() < self._settle_seconds:
            return False
        if self._beside is None:
            return True
        async with self._database.transaction() as session:
            return not (await sending_status(session)).texts_are_leaving

    async def _turn(self) -> int:
        """Wait for a moment to apply in. Returns how many events may be applied.

        The longer nothing comes, the more: a webhook that comes right after a short pause waits for a small batch.
        """
        if self._beside is None:
            return BATCH
        if not await self._beside.quiet(seconds=QUIET_SECONDS, at_most=POLITE_SECONDS):
            return POLITE_BATCH
        batch, self._next_batch = self._next_batch, min(2 * self._next_batch, BATCH)
        return batch


class LineWatcher:
    """Compares lines with their providers' lists, watches for silence, and forgets old raw content."""

    def __init__(
        self,
        database: Database,
        providers: Providers,
        secrets: SecretBox,
        settings: Settings,
        *,
        on_found: Callable[[], None],
    ) -> None:
        self._database = database
        self._providers = providers
        self._secrets = secrets
        self._on_found = on_found
        self._interval = timedelta(seconds=settings.watch_lines_seconds)
        self._keep_raw = timedelta(days=settings.raw_event_days)
        self._at_once = asyncio.Semaphore(LINES_AT_ONCE)
        self._loops: list[Loop] = []
        if self._interval:
            every = min(self._interval.total_seconds() / 4, MAX_WATCH_POLL_SECONDS)
            self._loops.append(Loop("watch-lines", self._watch, interval=every))
        if self._keep_raw:
            self._loops.append(Loop("retention", self._forget, interval=RETENTION_SECONDS))

    def start(self) -> None:
        for loop in self._loops:
            loop.start()

    async def stop(self) -> None:
        await asyncio.gather(*(loop.cancel() for loop in self._loops))

    async def _watch(self) -> bool:
        async with self._database.transaction() as session:
            organizations = await watch_queries.organizations_with_lines_to_watch(session)
        due = [
            line
            for organization_id in organizations
            for line in await take_due_lines(self._database, organization_id, interval=self._interval)
        ]
        await asyncio.gather(*(self._watch_line(line) for line in due))
        return False

    async def _watch_line(self, line: WatchedLine) -> None:
        async with self._at_once:
            try:
                found = await watch_line(self._database, line, providers=self._providers, secrets=self._secrets)
            except Exception:  # One line that cannot be watched must not keep the others from it.
                log.exception("worker.watch_failed", line_id=str(line.line.id))
                return
        if found:
            self._on_found()

    async def _forget(self) -> bool:
        async with self._database.transaction() as session:
            organizations = [each.id for each in await access.organizations(session)]
        for organization_id in organizations:
            await forget_raw_content(self._database, organization_id, older_than=self._keep_raw)
        return False


class MediaFetcher:
    """Fetches the files of received messages. What stands still when it stops is given back."""

    def __init__(self, database: Database, bus: Bus, providers: Providers, secrets: SecretBox) -> None:
        self._database = database
        self._providers = providers
        self._secrets = secrets
        self._in_flight: dict[asyncio.Task[None], media.Claim] = {}
        self._loop = Loop("fetch-media", self._step, interval=POLL_SECONDS)
        bus.subscribe(media.CHANNEL, lambda _: self._loop.wake(), on_gap=self._loop.wake)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()
        unfinished = dict(self._in_flight)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        for task, claim in unfinished.items():
            if task.cancelled():
                try:
                    await media.give_back(self._database, claim)
                except Exception as error:  # Its lease ends by itself; the others are still to be given back.
                    log.warning("worker.media_not_given_back", error=type(error).__name__)

    async def _step(self) -> bool:
        async with self._database.transaction() as session:
            unadopted = await media_queries.organizations_with_unadopted_media(session)
        for organization_id in unadopted:
            await media.adopt(self._database, organization_id)
        async with self._database.transaction() as session:
            organizations = await media_queries.organizations_with_due_media(session)
        claimed = 0
        for organization_id in organizations:
            held = sum(claim.organization_id == organization_id for claim in self._in_flight.values())
            room = min(FETCHES - len(self._in_flight), FETCHES_PER_ORGANIZATION - held)
            if room <= 0:
                continue
            for claim in await media.claim(self._database, organization_id, secrets=self._secrets, limit=room):
                task = asyncio.create_task(self._fetch(claim))
                self._in_flight[task] = claim
                task.add_done_callback(self._done)
                claimed += 1
        return claimed > 0

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._in_flight[task]
        self._loop.wake()

    async def _fetch(self, claim: media.Claim) -> None:
        try:
            outcome = await media.fetch(claim, providers=self._providers)
            await media.settle(self._database, claim, outcome)
        except Exception:  # It stays claimed until its lease ends, and is fetched again.
            log.exception("worker.fetch_failed")


class Worker:
    """Everything that happens without a request."""

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        providers: Providers,
        secrets: SecretBox,
        settings: Settings,
    ) -> None:
        self._database = database
        self._applier = JournalApplier(database, providers, settings)
        self._watcher = LineWatcher(database, providers, secrets, settings, on_found=self._applier.wake)
        self._sender = Sender(database, providers, secrets, settings, wake=self._wake_outbox)
        self._media = MediaFetcher(database, bus, providers, secrets)
        self._heartbeat = Heartbeat(database)
        self._outbox = Loop("outbox", self._send, interval=POLL_SECONDS)
        sweep_every = min(1.0, settings.viewer_lease_seconds / 4, settings.seen_deadline_seconds / 4)
        self._sweeper = Loop("sweeper", self._sweep, interval=sweep_every)
        self._cleaner = Loop("clean-up", self._clean_up, interval=CLEAN_UP_SECONDS)
        bus.subscribe(OUTBOX_CHANNEL, lambda _: self._wake_outbox(), on_gap=self._wake_outbox)

    def start(self) -> None:
        self._applier.start()
        self._watcher.start()
        self._media.start()
        self._outbox.start()
        self._sweeper.start()
        self._cleaner.start()

    async def stop(self) -> None:
        """Finishes what is under way: a message that was posted is settled before this returns."""
        parts = (self._applier, self._watcher, self._media, self._outbox, self._sweeper, self._cleaner)
        await asyncio.gather(*(part.stop() for part in parts))
        await self._sender.stop()

    @property
    def is_turning(self) -> bool:
        """False when the loop that sends stands still. A database that is unavailable does not make it so."""
        return self._outbox.is_turning(within=STUCK_SECONDS)

    async def _send(self) -> bool:
        more = await self._sender.send_due()
        await self._heartbeat.beat()
        return more

    def _wake_outbox(self) -> None:
        self._outbox.wake()

    async def _sweep(self) -> bool:
        async with self._database.transaction() as session:
            organizations = await viewing.organizations_to_sweep(session)
        for organization_id in organizations:
            async with self._database.transaction() as session:
                await viewing.sweep(session, organization_id)
        return False

    async def _clean_up(self) -> bool:
        more_answers = await forget_answers(self._database)
        return await clean_up(self._database) or more_answers
