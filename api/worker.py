"""The worker: applies the journal, empties the outbox, sweeps leases and deadlines; stops gracefully."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.access import queries as access_queries
from api.conversations import queries as conversation_queries
from api.conversations import service as conversations
from api.delivery import queries as delivery_queries
from api.delivery import service as delivery
from api.inbound import queries as inbound_queries
from api.inbound import watch_queries
from api.inbound.journal import JournalWriter
from api.inbound.retention import forget_raw_content
from api.inbound.service import BATCH, ApplicationBusy, apply_due_events
from api.inbound.watch import WatchedLine, take_due_lines, watch_line
from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.live.bus import Bus
from api.messages.service import OUTBOX_CHANNEL
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
MAX_WATCH_POLL_SECONDS = 15.0
LINES_AT_ONCE = 8
"""Lines that a worker asks providers about at the same time."""

MAX_IN_FLIGHT = 64
"""Messages of one organization that a worker has posted, or is about to, and not settled yet."""

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

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

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
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("worker.database_unavailable", loop=self._name, error=type(error).__name__)
                more = False
            except Exception:  # One bad step must not end the loop; it is tried again at the next turn.
                log.exception("worker.step_failed", loop=self._name)
                more = False
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
        busy = 0
        for number, organization_id in enumerate(organizations):
            if number > 0:
                limit = await self._turn()
            try:
                await apply_due_events(
                    self._database,
                    organization_id,
                    providers=self._providers,
                    confirm_within=self._confirm_within,
                    limit=limit,
                )
            except ApplicationBusy:
                busy += 1
        if self._beside is not None:
            # What another process is applying is left to it.
            return busy < len(organizations)
        if busy:
            await asyncio.sleep(BUSY_SECONDS)
        return bool(organizations)

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
            organizations = [each.id for each in await access_queries.organizations(session)]
        for organization_id in organizations:
            await forget_raw_content(self._database, organization_id, older_than=self._keep_raw)
        return False


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
        self._providers = providers
        self._secrets = secrets
        self._settings = settings
        self._applier = JournalApplier(database, providers, settings)
        self._watcher = LineWatcher(database, providers, secrets, settings, on_found=self._applier.wake)
        self._in_flight: dict[UUID, set[asyncio.Task[None]]] = {}
        self._outbox = Loop("outbox", self._send_due, interval=POLL_SECONDS)
        sweep_every = min(1.0, settings.viewer_lease_seconds / 4, settings.seen_deadline_seconds / 4)
        self._sweeper = Loop("sweeper", self._sweep, interval=sweep_every)
        bus.subscribe(OUTBOX_CHANNEL, lambda _: self._outbox.wake(), on_gap=self._outbox.wake)

    def start(self) -> None:
        self._applier.start()
        self._watcher.start()
        self._outbox.start()
        self._sweeper.start()

    async def stop(self) -> None:
        """Finishes what is under way: a message that was posted is settled before this returns."""
        await asyncio.gather(self._applier.stop(), self._watcher.stop(), self._outbox.stop(), self._sweeper.stop())
        await asyncio.gather(*(task for group in self._in_flight.values() for task in group))

    async def _send_due(self) -> bool:
        async with self._database.transaction() as session:
            organizations = await delivery_queries.organizations_with_due_outbox(session)
        claimed = 0
        for organization_id in organizations:
            # A batch each, in turn: one gym's mass text never delays another's reply, and a provider that hangs
            # holds up no more than its own share.
            in_flight = self._in_flight.setdefault(organization_id, set())
            await delivery.expire_leases(self._database, organization_id)
            questions = await delivery.take_questions(
                self._database,
                organization_id,
                secrets=self._secrets,
                public_base_url=self._settings.public_base_url,
            )
            for question in questions:
                self._spawn(in_flight, self._ask(question))
            room = min(delivery.CLAIM_BATCH, MAX_IN_FLIGHT - len(in_flight))
            if room <= 0:
                continue
            claims = await delivery.claim(
                self._database,
                organization_id,
                secrets=self._secrets,
                public_base_url=self._settings.public_base_url,
                lease=timedelta(seconds=self._settings.send_lease_seconds),
                limit=room,
            )
            for claim in claims:
                self._spawn(in_flight, self._send(claim))
            claimed += len(claims)
        for organization_id in [each for each, group in self._in_flight.items() if not group]:
            del self._in_flight[organization_id]
        return claimed > 0

    def _spawn(self, in_flight: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(_logged(work))
        in_flight.add(task)
        task.add_done_callback(in_flight.discard)
        # What came free may be claimed, and the conversation's next message may leave.
        task.add_done_callback(lambda _: self._outbox.wake())

    async def _send(self, claim: delivery.Claim) -> None:
        provider = self._providers.get(claim.provider)
        assert provider is not None, f"line {claim.line.line_id} has no adapter for {claim.provider}"
        outcome = await provider.send(claim.line, claim.message)
        await delivery.settle(self._database, claim, outcome)

    async def _ask(self, question: delivery.Question) -> None:
        provider = self._providers.get(question.provider)
        assert provider is not None, f"line {question.line.line_id} has no adapter for {question.provider}"
        outcome = await provider.reconcile(question.line, question.message)
        await delivery.settle_question(self._database, question, outcome)

    async def _sweep(self) -> bool:
        async with self._database.transaction() as session:
            organizations = await conversation_queries.organizations_to_sweep(session)
        for organization_id in organizations:
            async with self._database.transaction() as session:
                await conversations.sweep(session, organization_id)
        return False


async def _logged(work: Coroutine[None, None, None]) -> None:
    """What fails here leaves its message claimed; when the lease ends it is `unknown`, and is asked about."""
    try:
        await work
    except Exception:  # There is nobody above to hear of it.
        log.exception("worker.delivery_failed")
