"""Reconciling unknown outcomes: the provider is asked what became of a message. None is resent by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.broadcasts.late import count_again
from api.consent import service as consent
from api.consent.rules import OptInCheck, Reason
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch
from api.conversations.message_rules import UNKNOWN_FOR_LONG, EntrySource
from api.conversations.models import Conversation, Message, OutboxEntry
from api.delivery import hold_queries, queries
from api.delivery.claim import media_addresses, outgoing
from api.delivery.rules import RECONCILE_FOR, failure, may_repeat, reconcile_wait
from api.delivery.settle import AddLater, no_journal, stop
from api.delivery.shares import CLAIM_BATCH
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.kit.crash_points import CrashPoint, reached
from api.kit.database import Database, database_time
from api.kit.secrets import SecretBox
from api.lines.models import Line
from api.lines.service import lines_by_ids, open_line
from api.providers.port import (
    CannotTell,
    Found,
    LineAccess,
    NotFoundAtProvider,
    ReconcileOutcome,
    Rejected,
    UnknownMessage,
)

CLOCK_SKEW = timedelta(minutes=5)
"""By how much the provider's clock may differ from ours."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reconciliation:
    """A message with an unknown outcome, and what its provider needs to find it."""

    organization_id: UUID
    conversation_id: UUID
    phone_number_id: UUID
    provider: str
    line: LineAccess
    message: UnknownMessage
    request_id: str | None = None
    """The request that queued the message."""


@dataclass(frozen=True)
class _Due:
    """A message to be reconciled, with what is known of it."""

    entry: OutboxEntry
    message: Message
    conversation: Conversation
    number: PhoneNumber
    line: Line
    check: OptInCheck
    last_seq: int
    """The `seq` of the last outgoing message of its conversation."""
    claimed_at: datetime
    unknown_since: datetime
    """When it was claimed, or when its organization was held after a restore, whichever is later."""


async def claim_unknown(
    database: Database,
    organization_id: UUID,
    *,
    secrets: SecretBox,
    public_base_url: str,
    limit: int = CLAIM_BATCH,
) -> list[Reconciliation]:
    """Claim unknown outcomes that are due. Each is deferred before its provider is asked: a crash repeats nothing.

    Some providers are asked by handing them the message again, so the numbers are locked and the opt-in is checked, as
    in a claim.
    """
    claimed: list[Reconciliation] = []
    async with database.transaction() as session:
        locked = await _lock_due(session, organization_id, limit=limit)
        batch = Batch(organization_id, at=await database_time(session))
        for due in locked:
            unknown_for = batch.at - due.unknown_since
            batch.count_not_sent(due.conversation, due.message, overdue=unknown_for > UNKNOWN_FOR_LONG)
            if unknown_for > RECONCILE_FOR:
                detail = "Nothing has been heard of it for a day. It may have arrived."
                batch.note(due.message, "unknown", source=EntrySource.RECONCILIATION, detail=detail)
                batch.leave_outbox(due.message)
                continue
            due.entry.attempts += 1
            due.entry.due_at = batch.at + reconcile_wait(due.entry.attempts)
            claimed.append(
                Reconciliation(
                    organization_id=organization_id,
                    conversation_id=due.entry.conversation_id,
                    phone_number_id=due.number.id,
                    provider=due.line.provider,
                    line=open_line(due.line, secrets),
                    message=await _unknown(session, due, at=batch.at, secrets=secrets, public_base_url=public_base_url),
                    request_id=due.entry.request_id,
                )
            )
        await batch.write(session)
        reached(CrashPoint.RECONCILE_CLAIM_BEFORE_COMMIT)
    reached(CrashPoint.RECONCILE_CLAIM_COMMITTED)
    return claimed


async def _lock_due(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[_Due]:
    found = await queries.due_unknown(session, organization_id, limit=limit)
    if not found:
        return []
    numbers = await directory.lock_phone_numbers(session, organization_id, [each.phone_number_id for each in found])
    number_of = {each.message_id: numbers[each.phone_number_id] for each in found}
    threads = await conversations.lock_conversations(session, organization_id, [each.conversation_id for each in found])
    entries = await queries.lock_unknown(session, organization_id, [each.message_id for each in found])
    messages = await queries.messages(session, organization_id, [entry.id for entry in entries])
    by_line = await lines_by_ids(session, organization_id, list({entry.line_id for entry in entries}))
    last_seqs = await queries.last_outgoing_seqs(session, organization_id, [entry.conversation_id for entry in entries])
    checks = await consent.check_many(
        session, organization_id, [(number_of[entry.id], by_line[entry.line_id]) for entry in entries]
    )
    held_at = await hold_queries.last_held_at(session, organization_id) if any(e.restored for e in entries) else None
    claimed = {entry.id: entry.claimed_at or messages[entry.id].created_at for entry in entries}
    return [
        _Due(
            entry=entry,
            message=messages[entry.id],
            conversation=threads[entry.conversation_id],
            number=number_of[entry.id],
            line=by_line[entry.line_id],
            check=check,
            last_seq=last_seqs[entry.conversation_id],
            claimed_at=claimed[entry.id],
            unknown_since=max(claimed[entry.id], held_at) if entry.restored and held_at else claimed[entry.id],
        )
        for entry, check in zip(entries, checks, strict=True)
    ]


async def _unknown(
    session: AsyncSession, due: _Due, *, at: datetime, secrets: SecretBox, public_base_url: str
) -> UnknownMessage:
    message, number = due.message, due.number
    duplicates = await queries.unknown_duplicates(session, message, number.id)
    known = await queries.provider_ids_since(
        session, message.organization_id, number.id, since=min([due.claimed_at, *duplicates]) - CLOCK_SKEW
    )
    repeatable = may_repeat(
        allowed=due.check.allowed or (due.entry.past_gate and due.check.reason is not Reason.NOT_A_PHONE_NUMBER),
        is_last=message.seq == due.last_seq,
        since_claim=at - due.claimed_at,
    )
    return UnknownMessage(
        message_id=message.id,
        to=number.number,
        body=message.body,
        claimed_at=due.claimed_at,
        known_provider_ids=frozenset(known),
        duplicates_claimed_at=tuple(duplicates),
        repeat=outgoing(
            message,
            number,
            due.line,
            media_urls=media_addresses(
                message, claimed_at=due.claimed_at, secrets=secrets, public_base_url=public_base_url
            ),
            public_base_url=public_base_url,
        )
        if repeatable
        else None,
    )


async def settle_reconciliation(
    database: Database, claimed: Reconciliation, outcome: ReconcileOutcome, *, add_later: AddLater = no_journal
) -> None:
    """Store the provider's answer, if it tells the outcome and no callback has told it meanwhile."""
    reached(CrashPoint.RECONCILE_ANSWERED)
    message_id = claimed.message.message_id
    if isinstance(outcome, CannotTell | NotFoundAtProvider):
        log.info("delivery.still_unknown", message_id=str(message_id))
        return
    organization_id = claimed.organization_id
    async with database.transaction() as session:
        # With the number locked, no other message to it is claimed or reconciled meanwhile.
        numbers = await directory.lock_phone_numbers(session, organization_id, [claimed.phone_number_id])
        locked = await conversations.lock_conversations(session, organization_id, [claimed.conversation_id])
        conversation = locked[claimed.conversation_id]
        entry = (await queries.lock_entries(session, organization_id, [message_id])).get(message_id)
        if entry is None or entry.state != "unknown":
            return
        message = (await queries.messages(session, organization_id, [message_id]))[message_id]
        batch = Batch(organization_id, at=await database_time(session))
        match outcome:
            case Found(report=report):
                if await _is_ambiguous(session, claimed, message, report.provider_message_id):
                    log.info("delivery.reconciliation_ambiguous", message_id=str(message_id))
                    return
                opted_out = report.opted_out
            case Rejected(code=code, title=title, opted_out=opted_out):
                report = failure(code, title)
        batch.report(conversation, message, report, source=EntrySource.RECONCILIATION)
        if opted_out:
            stop(batch, conversation, numbers[claimed.phone_number_id])
        await count_again(session, organization_id, [message])
        await batch.write(session)
        if isinstance(outcome, Found) and outcome.later:
            await add_later(
                session,
                organization_id,
                line_id=claimed.line.line_id,
                provider=claimed.provider,
                later=outcome.later,
            )
        reached(CrashPoint.RECONCILE_SETTLE_BEFORE_COMMIT)
    reached(CrashPoint.RECONCILE_SETTLE_COMMITTED)


async def _is_ambiguous(
    session: AsyncSession, claimed: Reconciliation, message: Message, provider_message_id: str
) -> bool:
    """Whether the message found may be a duplicate text that was posted after the reconciliation was claimed."""
    duplicates = await queries.unknown_duplicates(session, message, claimed.phone_number_id)
    owner = await queries.message_with_provider_id(
        session, message.organization_id, message.line_id, provider_message_id
    )
    return not set(duplicates) <= set(claimed.message.duplicates_claimed_at) or owner not in {None, message.id}
