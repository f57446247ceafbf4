"""Settling: storing the outcomes of posted messages, many of one organization in one transaction."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.rules import SYSTEM
from api.consent import service as consent
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch
from api.conversations.models import Conversation, InboxRow, Message, OutboxEntry
from api.delivery import queries
from api.delivery.claim import Claim
from api.delivery.rules import MAX_ATTEMPTS, acceptance, backoff, failure, reconcile_wait
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.directory.rules import OptInSource
from api.kit.crash_points import CrashPoint, reached
from api.kit.database import Database, database_time
from api.kit.database_unavailable import is_transient
from api.kit.request_context import working_for
from api.kit.spans import span
from api.providers.port import Accepted, LaterEvent, MessageStatus, NotProcessed, OutcomeUnknown, Rejected, SendOutcome

MAX_BATCH = 64
RETRY_SECONDS = 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Settlement:
    claim: Claim
    outcome: SendOutcome

    @property
    def opted_out(self) -> bool:
        return isinstance(self.outcome, Accepted | Rejected) and self.outcome.opted_out


class AddLater(Protocol):
    """Adds events of a built-in carrier to the journal, in the session's transaction."""

    async def __call__(
        self, session: AsyncSession, organization_id: UUID, *, line_id: UUID, provider: str, later: Sequence[LaterEvent]
    ) -> None: ...


async def no_journal(
    session: AsyncSession, organization_id: UUID, *, line_id: UUID, provider: str, later: Sequence[LaterEvent]
) -> None:
    """For providers that send webhooks. Raises `RuntimeError`."""
    raise RuntimeError(f"An outcome of {provider} has later events, and there is no journal for them.")


def outcome_name(outcome: object) -> str:
    """The outcome's name in log lines and metrics, such as `not_processed`."""
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in type(outcome).__name__).lstrip("_")


async def settle(database: Database, claim: Claim, outcome: SendOutcome, *, add_later: AddLater = no_journal) -> None:
    await settle_many(database, claim.organization_id, [Settlement(claim, outcome)], add_later=add_later)


async def settle_many(
    database: Database,
    organization_id: UUID,
    settlements: Sequence[Settlement],
    *,
    add_later: AddLater = no_journal,
) -> None:
    """Store all of the settlements or none. To store one twice is to store it once, so a failed call is repeated.

    A claim whose lease has expired meanwhile, so that its message is `unknown`, still takes a definite outcome: the
    message was posted only once, and this is the answer.
    """
    claims = [each.claim for each in settlements]
    message_ids = [claim.message_id for claim in claims]
    stopping = [each.claim.phone_number_id for each in settlements if each.opted_out]
    async with database.transaction() as session:
        numbers = await directory.lock_phone_numbers(session, organization_id, stopping) if stopping else {}
        locked = await conversations.lock_conversations(
            session, organization_id, {claim.conversation_id for claim in claims}
        )
        entries = await queries.lock_entries(session, organization_id, message_ids)
        messages = await queries.messages(session, organization_id, message_ids)
        batch = Batch(organization_id, at=await database_time(session))
        for each in settlements:
            claim, conversation = each.claim, locked[each.claim.conversation_id]
            entry = entries.get(claim.message_id)
            held = entry if entry is not None and entry.lease_token == claim.lease_token else None
            _settle(batch, conversation, messages[claim.message_id], held, each.outcome)
            if each.opted_out:
                stop(batch, conversation, numbers[claim.phone_number_id])
        await batch.write(session)
        for each in settlements:
            if isinstance(each.outcome, Accepted) and each.outcome.later:
                await add_later(
                    session,
                    organization_id,
                    line_id=each.claim.line.line_id,
                    provider=each.claim.provider,
                    later=each.outcome.later,
                )
        reached(CrashPoint.SETTLE_BEFORE_COMMIT)
    reached(CrashPoint.SETTLE_COMMITTED)


def _settle(
    batch: Batch, conversation: Conversation, message: Message, held: OutboxEntry | None, outcome: SendOutcome
) -> None:
    """`held`: the outbox entry, if it still has the lease under which the message was posted."""
    match outcome:
        case Accepted():
            detail = outcome.title or outcome.detail
            batch.report(conversation, message, acceptance(outcome), detail=detail)
        case Rejected(code=code, title=title):
            batch.report(conversation, message, failure(code, title))
        case NotProcessed() | OutcomeUnknown() if held is None:
            return
        case NotProcessed() if held.attempts >= MAX_ATTEMPTS:
            batch.report(conversation, message, failure(outcome.code or "not_processed", outcome.detail))
        case NotProcessed(retry_after_seconds=retry_after):
            # Not a secret: the jitter spreads retries.
            wait = backoff(held.attempts, jitter=random.random(), retry_after_seconds=retry_after)  # noqa: S311
            held.state, held.lease_token, held.due_at = "queued", None, batch.at + wait
            batch.note(message, "retrying", code=outcome.code, detail=outcome.detail)
            if held.broadcast_id is not None:
                batch.let_next_leave(message.conversation_id)
        case OutcomeUnknown(detail=detail):
            lose_outcome(batch, conversation, message, held, detail=detail)


def lose_outcome(
    batch: Batch, conversation: Conversation, message: Message, entry: OutboxEntry, *, detail: str
) -> None:
    """The outcome of the claimed message is unknown, unless a callback has told it already."""
    if message.status != MessageStatus.SENDING.value:
        batch.leave_outbox(message)
        return
    entry.state, entry.lease_token = "unknown", None
    entry.attempts = 0
    entry.due_at = batch.at + reconcile_wait(0)
    batch.move(conversation, message, MessageStatus.UNKNOWN, detail=detail)


def stop(batch: Batch, conversation: Conversation, number: PhoneNumber) -> None:
    """The provider refuses the number because its holder has stopped (OPTIN-STOP). The number is locked."""
    entry = consent.stop(number, actor=SYSTEM, source=OptInSource.PROVIDER, at=batch.at)
    batch.change_consent(InboxRow(conversation, number), entry)


class SettleQueue:
    """Stores one organization's settlements in batches: what is added during a commit goes into the next.

    Calls `on_stored` after each commit. Settlements are kept until they are stored, however long the database is
    unavailable. A settlement that fails for another reason, also alone, is dropped: its lease expires, and the message
    becomes `unknown` and is reconciled.
    """

    def __init__(
        self, database: Database, organization_id: UUID, *, add_later: AddLater, on_stored: Callable[[], None]
    ) -> None:
        self._database = database
        self._organization_id = organization_id
        self._add_later = add_later
        self._on_stored = on_stored
        self._waiting: list[Settlement] = []
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def add(self, settlement: Settlement) -> None:
        self._waiting.append(settlement)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="settle")

    @property
    def is_idle(self) -> bool:
        return self._task is None

    async def stop(self) -> None:
        """Returns once each waiting settlement has been stored, or tried once more."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            await self._store(batch)
            self._on_stored()
        self._task = None

    async def _store(self, batch: Sequence[Settlement]) -> None:
        while (failed := await self._try_to_store(batch)) and is_transient(failed):
            drops = self._stopping.is_set()
            log.warning("delivery.not_stored_yet", messages=len(batch), error=type(failed).__name__, dropped=drops)
            if drops:
                return
            await self._pause()
        if failed is None:
            return
        if len(batch) == 1:
            claim = batch[0].claim
            with working_for(claim.request_id):
                log.error("delivery.settlement_dropped", message_id=str(claim.message_id), exc_info=failed)
            return
        for each in batch:
            await self._store([each])

    async def _try_to_store(self, batch: Sequence[Settlement]) -> Exception | None:
        try:
            with span("settle", organization_id=str(self._organization_id), messages=len(batch)):
                await settle_many(self._database, self._organization_id, batch, add_later=self._add_later)
        except Exception as error:  # One settlement's error must not keep the others from being stored.
            return error
        for each in batch:
            with working_for(each.claim.request_id):
                log.info("delivery.settled", message_id=str(each.claim.message_id), outcome=outcome_name(each.outcome))
        return None

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), RETRY_SECONDS)
        except TimeoutError:
            return
