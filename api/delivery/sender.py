"""Emptying the outbox: many messages are claimed, posted, settled and reconciled at the same time."""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from api.conversations.outbox import START, free_stuck
from api.delivery import claim_queries, holds
from api.delivery.claim import Claim, claim_due
from api.delivery.expire import expire_leases
from api.delivery.reconcile import Reconciliation, claim_unknown, settle_reconciliation
from api.delivery.settle import AddLater, Settlement, SettleQueue, outcome_name
from api.delivery.shares import CLAIM_BATCH, Capacity, Lane, is_at_a_threshold
from api.kit.crash_points import CrashPoint, reached
from api.kit.database import Database
from api.kit.database_unavailable import is_database_unavailable
from api.kit.loop import POLL_SECONDS
from api.kit.metrics import PROVIDER
from api.kit.request_context import working_for
from api.kit.secrets import SecretBox
from api.kit.spans import span
from api.providers.port import Accepted, NotProcessed, OutcomeUnknown, Rejected, SendOutcome
from api.providers.registry import Providers
from api.settings import Settings

FREE_STUCK_SECONDS = 10.0
STUCK_BATCH = 500

log = structlog.get_logger(__name__)


class _Lane:
    """One organization's messages that this worker is sending."""

    def __init__(self, settle_queue: SettleQueue, turns: dict[UUID, UUID]) -> None:
        self.settle_queue = settle_queue
        self.capacity = Capacity(turns=turns)
        self.posting: set[asyncio.Task[None]] = set()
        self.reconciling: set[asyncio.Task[None]] = set()

    @property
    def is_empty(self) -> bool:
        return not self.posting and not self.reconciling and self.settle_queue.is_idle

    def spawn(self, group: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        group.add(task)
        task.add_done_callback(group.discard)
        return task


class Sender:
    """One worker's part in emptying the outbox. It calls `wake` whenever more may be due."""

    def __init__(
        self,
        database: Database,
        providers: Providers,
        secrets: SecretBox,
        settings: Settings,
        *,
        add_later: AddLater,
        wake: Callable[[], None],
    ) -> None:
        """`add_later`: `inbound.later.add_later`."""
        self._database = database
        self._providers = providers
        self._secrets = secrets
        self._public_base_url = settings.public_base_url
        self._lease = timedelta(seconds=settings.send_lease_seconds)
        self._add_later = add_later
        self._wake = wake
        self._lanes: dict[UUID, _Lane] = {}
        self._turns: dict[UUID, UUID] = {}
        """By line: the mass text that was served last."""
        self._timer: asyncio.TimerHandle | None = None
        self._stuck_place = START
        self._freed_at = -math.inf

    async def send_due(self) -> bool:
        """Start sending a batch of each organization, in turn. True if anything was claimed, so more may be due.

        One organization's mass text never delays another's reply, and a provider that hangs takes only its own lane.
        """
        async with self._database.transaction() as session:
            await holds.hold_copy(session)
            await claim_queries.plan_by_index(session)
            waiting = await claim_queries.lanes(session)
            states = await claim_queries.busy_organizations(session)
        await self._free_stuck()
        ready: dict[UUID, list[Lane]] = {organization_id: [] for organization_id in states}
        for each in waiting:
            if each.ready_in <= 0:
                ready.setdefault(each.organization_id, []).append(each)
        claimed = False
        for organization_id, lanes in ready.items():
            try:
                claimed |= await self._send_due_of(organization_id, lanes, states.get(organization_id, set()))
            except Exception as error:  # One organization's error must not keep the others from sending.
                if is_database_unavailable(error):
                    raise
                log.exception("delivery.turn_failed", organization_id=str(organization_id))
        self._wake_in(min((each.ready_in for each in waiting if each.ready_in > 0), default=math.inf))
        for organization_id in [each for each, lane in self._lanes.items() if lane.is_empty]:
            del self._lanes[organization_id]
        return claimed

    async def stop(self) -> None:
        """Returns once every posted message is settled."""
        self._wake_in(math.inf)
        lanes = list(self._lanes.values())
        await asyncio.gather(*(task for lane in lanes for task in [*lane.posting, *lane.reconciling]))
        await asyncio.gather(*(lane.settle_queue.stop() for lane in lanes))

    def _wake_in(self, seconds: float) -> None:
        """The loop looks for work at its interval. Before that it is woken for a line's next slot or a due text."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._wake) if seconds < POLL_SECONDS else None

    async def _free_stuck(self) -> None:
        """Free texts that wait for nothing: a process of an earlier version has settled the one before them."""
        if time.monotonic() - self._freed_at < FREE_STUCK_SECONDS:
            return
        async with self._database.transaction() as session:
            self._stuck_place = await free_stuck(session, self._stuck_place, limit=STUCK_BATCH) or START
        self._freed_at = time.monotonic()

    async def _send_due_of(self, organization_id: UUID, ready: list[Lane], states: set[str]) -> bool:
        """`ready`: what may leave now. `states`: whether leases have expired, and unknown outcomes are due."""
        lane = self._lanes.get(organization_id)
        if lane is None:
            settle_queue = SettleQueue(self._database, organization_id, add_later=self._add_later, on_stored=self._wake)
            lane = self._lanes[organization_id] = _Lane(settle_queue, self._turns)
        if "sending" in states:
            await expire_leases(self._database, organization_id)
        if "unknown" in states:
            await self._start_reconciling(lane, organization_id)
        return any(map(lane.capacity.of, ready)) and await self._start_posting(lane, organization_id)

    async def _start_posting(self, lane: _Lane, organization_id: UUID) -> bool:
        """Claim a batch and post it. True if anything was claimed."""
        with span("claim", organization_id=str(organization_id)):
            claims = await claim_due(
                self._database,
                organization_id,
                secrets=self._secrets,
                public_base_url=self._public_base_url,
                lease=self._lease,
                capacity=lane.capacity,
            )
        for claim in claims:
            line_id = claim.line.line_id
            lane.capacity.posting[line_id] += 1
            task = lane.spawn(lane.posting, self._post_and_settle(lane, claim))
            task.add_done_callback(partial(self._posted, lane, line_id))
        return bool(claims)

    async def _post_and_settle(self, lane: _Lane, claim: Claim) -> None:
        message_id, organization_id = str(claim.message_id), str(claim.organization_id)
        with working_for(claim.request_id):
            log.info("delivery.claimed", organization_id=organization_id, message_id=message_id)
            started = time.perf_counter()
            with span("post", organization_id=organization_id, message_id=message_id, request_id=claim.request_id):
                outcome = await self._post(claim)
            seconds, name = time.perf_counter() - started, outcome_name(outcome)
            PROVIDER.labels(claim.provider, "send", name).observe(seconds)
            log.info(
                "delivery.posted",
                organization_id=organization_id,
                message_id=message_id,
                provider=claim.provider,
                outcome=name,
                provider_message_id=outcome.provider_message_id if isinstance(outcome, Accepted) else None,
                code=None if isinstance(outcome, OutcomeUnknown) else outcome.code,
                ms=round(seconds * 1000, 2),
            )
        reached(CrashPoint.POST_ANSWERED)
        lane.settle_queue.add(Settlement(claim, outcome))

    def _posted(self, lane: _Lane, line_id: UUID, _: asyncio.Task[None]) -> None:
        posting = lane.capacity.posting
        posting[line_id] -= 1
        if is_at_a_threshold(posting[line_id], posting.total()):
            self._wake()

    async def _post(self, claim: Claim) -> SendOutcome:
        provider = self._providers.get(claim.provider)
        if provider is None:
            return Rejected("no_adapter", self._providers.why_missing(claim.provider))
        if time.monotonic() >= claim.post_before:
            # The process was suspended for so long that the consent may have changed meanwhile.
            return NotProcessed("The worker came too late to post it.")
        try:
            return await provider.send(claim.line, claim.message)
        except Exception as error:  # An error of the adapter, before or after the request was written.
            log.exception("delivery.post_failed", message_id=str(claim.message_id))
            return OutcomeUnknown(f"The adapter failed ({type(error).__name__}).")

    async def _start_reconciling(self, lane: _Lane, organization_id: UUID) -> None:
        free = CLAIM_BATCH - len(lane.reconciling)
        if free <= 0:
            return
        claimed = await claim_unknown(
            self._database,
            organization_id,
            secrets=self._secrets,
            public_base_url=self._public_base_url,
            limit=free,
        )
        for each in claimed:
            lane.spawn(lane.reconciling, self._reconcile(each))

    async def _reconcile(self, claimed: Reconciliation) -> None:
        message_id, started = str(claimed.message.message_id), time.perf_counter()
        with working_for(claimed.request_id), span("reconcile", message_id=message_id):
            try:
                provider = self._providers.get(claimed.provider)
                assert provider is not None, f"line {claimed.line.line_id} has no adapter for {claimed.provider}"
                outcome = await provider.reconcile(claimed.line, claimed.message)
                seconds = time.perf_counter() - started
                PROVIDER.labels(claimed.provider, "reconcile", outcome_name(outcome)).observe(seconds)
                await settle_reconciliation(self._database, claimed, outcome, add_later=self._add_later)
            except Exception:  # It is due again later.
                log.exception("delivery.reconciliation_failed", message_id=message_id)
                return
        self._wake()
