"""Emptying the outbox: messages are claimed, posted and settled at the same time, many of each."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from uuid import UUID

import structlog

from api.delivery import queries
from api.delivery.questions import Question, settle_question, take_questions
from api.delivery.service import CLAIM_BATCH, Claim, claim, expire_leases
from api.delivery.settler import Settler
from api.delivery.settling import Settlement
from api.kit.crash_points import CrashPoint, reached
from api.kit.database import Database
from api.kit.database_unavailable import is_database_unavailable
from api.kit.secrets import SecretBox
from api.providers.port import NotProcessed, OutcomeUnknown, Rejected, SendOutcome
from api.providers.registry import Providers
from api.settings import Settings

MAX_POSTING = 64
"""Messages of one organization that a worker posts at the same time."""

log = structlog.get_logger(__name__)


class _Lane:
    """One organization's messages on their way, in this worker."""

    def __init__(self, settler: Settler) -> None:
        self.settler = settler
        self.posting: set[asyncio.Task[None]] = set()
        self.asking: set[asyncio.Task[None]] = set()

    @property
    def is_empty(self) -> bool:
        return not self.posting and not self.asking and self.settler.is_idle

    def spawn(self, group: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        group.add(task)
        task.add_done_callback(group.discard)


class Sender:
    """One worker's part in emptying the outbox. `wake` is called whenever there may be more to do."""

    def __init__(
        self,
        database: Database,
        providers: Providers,
        secrets: SecretBox,
        settings: Settings,
        *,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._providers = providers
        self._secrets = secrets
        self._public_base_url = settings.public_base_url
        self._lease = timedelta(seconds=settings.send_lease_seconds)
        self._wake = wake
        self._lanes: dict[UUID, _Lane] = {}

    async def send_due(self) -> bool:
        """A batch of each organization's, in turn. Returns whether anything was claimed, so that more may be due.

        One gym's mass text never delays another's reply, and a provider that hangs holds up no more than its own share.
        """
        async with self._database.transaction() as session:
            due = await queries.due_work(session)
        claimed = False
        for organization_id, states in due.items():
            try:
                claimed |= await self._send_due_of(organization_id, states)
            except Exception as error:  # One organization's trouble must not keep the others from sending.
                if is_database_unavailable(error):
                    raise
                log.exception("delivery.turn_failed", organization_id=str(organization_id))
        for organization_id in [each for each, lane in self._lanes.items() if lane.is_empty]:
            del self._lanes[organization_id]
        return claimed

    async def stop(self) -> None:
        """What has been posted is settled before this returns."""
        lanes = list(self._lanes.values())
        await asyncio.gather(*(task for lane in lanes for task in [*lane.posting, *lane.asking]))
        await asyncio.gather(*(lane.settler.stop() for lane in lanes))

    async def _send_due_of(self, organization_id: UUID, states: set[str]) -> bool:
        lane = self._lanes.get(organization_id)
        if lane is None:
            settler = Settler(self._database, organization_id, on_stored=self._wake)
            lane = self._lanes[organization_id] = _Lane(settler)
        if "sending" in states:
            await expire_leases(self._database, organization_id)
        if "unknown" in states and len(lane.asking) < CLAIM_BATCH:
            questions = await take_questions(
                self._database,
                organization_id,
                secrets=self._secrets,
                public_base_url=self._public_base_url,
                limit=CLAIM_BATCH - len(lane.asking),
            )
            for question in questions:
                lane.spawn(lane.asking, self._ask(question))
        # While posts are under way the next batch is claimed only once there is room for a whole one.
        if "queued" not in states or MAX_POSTING - len(lane.posting) < CLAIM_BATCH:
            return False
        claims = await claim(
            self._database,
            organization_id,
            secrets=self._secrets,
            public_base_url=self._public_base_url,
            lease=self._lease,
        )
        for each in claims:
            lane.spawn(lane.posting, self._post(lane, each))
        return bool(claims)

    async def _post(self, lane: _Lane, claimed: Claim) -> None:
        outcome = await self._outcome(claimed)
        reached(CrashPoint.POST_ANSWERED)
        lane.settler.add(Settlement(claimed, outcome))
        # This one's place is free when the task ends.
        if MAX_POSTING - len(lane.posting) + 1 >= CLAIM_BATCH:
            asyncio.get_running_loop().call_soon(self._wake)

    async def _outcome(self, claimed: Claim) -> SendOutcome:
        provider = self._providers.get(claimed.provider)
        if provider is None:
            return Rejected("no_adapter", self._providers.why_missing(claimed.provider))
        if time.monotonic() >= claimed.post_before:
            # This process was stopped for so long that consent may have gone meanwhile.
            return NotProcessed("The worker came too late to post it.")
        try:
            return await provider.send(claimed.line, claimed.message)
        except Exception as error:  # An adapter's own mistake, before or after the request had left.
            log.exception("delivery.post_failed", message_id=str(claimed.message_id))
            return OutcomeUnknown(f"The adapter failed ({type(error).__name__}).")

    async def _ask(self, question: Question) -> None:
        try:
            provider = self._providers.get(question.provider)
            assert provider is not None, f"line {question.line.line_id} has no adapter for {question.provider}"
            outcome = await provider.reconcile(question.line, question.message)
            await settle_question(self._database, question, outcome)
        except Exception:  # It is asked again when it is due.
            log.exception("delivery.question_failed", message_id=str(question.message.message_id))
            return
        self._wake()
