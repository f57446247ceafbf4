"""The outbox: claim, post, settle. No transaction is open while a provider is talked to.

A message is handed over at most once (SEND-NEVER-TWICE): it is posted only by the holder of its lease, and a lease
is taken only from `queued`. What may have been handed over is `unknown` and is asked about, never posted again.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.audit.rules import SYSTEM
from api.consent import service as consent
from api.consent.rules import explanation
from api.consent.schemas import OptInCheckOut
from api.conversations import queries as conversation_queries
from api.conversations.models import Conversation
from api.delivery import queries
from api.delivery.rules import MAX_ATTEMPTS, RECONCILE_FOR, backoff, may_repeat, next_question, pace
from api.directory import queries as directory
from api.directory.models import PhoneNumber
from api.directory.rules import OptInSource
from api.kit.database import Database, database_time
from api.kit.ids import new_id
from api.kit.secrets import SecretBox
from api.lines import queries as lines
from api.lines.models import Line
from api.lines.service import line_settings, open_line
from api.live.service import announce_conversation, announce_message, announce_phone_number
from api.messages.models import Message, MessageEvent, OutboxEntry
from api.messages.service import apply_report
from api.providers.port import (
    Accepted,
    CannotTell,
    Found,
    LineAccess,
    MessageStatus,
    NotFoundAtProvider,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    ReconcileOutcome,
    Rejected,
    SendOutcome,
    StatusReport,
    UnknownMessage,
)

CLAIM_BATCH = 32

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim:
    """A message that this worker alone may post, until its lease ends."""

    organization_id: UUID
    message_id: UUID
    lease_token: UUID
    provider: str
    line: LineAccess
    message: OutgoingMessage


@dataclass(frozen=True)
class Question:
    """A message whose outcome is unknown, to be asked about."""

    organization_id: UUID
    provider: str
    line: LineAccess
    message: UnknownMessage


async def claim(
    database: Database,
    organization_id: UUID,
    *,
    secrets: SecretBox,
    public_base_url: str,
    lease: timedelta,
    limit: int = CLAIM_BATCH,
) -> list[Claim]:
    """Take due messages of one organization, checking opt-in again under their numbers' locks (OPTIN-DISPATCH)."""
    async with database.transaction() as session:
        found = await queries.candidates(session, organization_id, limit=limit)
        if not found:
            return []
        numbers = await directory.lock_phone_numbers(
            session, organization_id, [candidate.phone_number_id for candidate in found]
        )
        conversations = await conversation_queries.lock_conversations(
            session, organization_id, [candidate.conversation_id for candidate in found]
        )
        entries = await queries.lock_queued(session, organization_id, [candidate.message_id for candidate in found])
        messages = await queries.messages(session, organization_id, [entry.id for entry in entries])
        by_line = await lines.lines_by_ids(session, organization_id, list({entry.line_id for entry in entries}))
        at = await database_time(session)
        granted = await _within_pace(session, entries, by_line, at=at)
        pairs = [
            (numbers[conversations[entry.conversation_id].phone_number_id], by_line[entry.line_id]) for entry in granted
        ]
        checks = await consent.check_many(session, organization_id, pairs)
        claims: list[Claim] = []
        for entry, (number, line), check in zip(granted, pairs, checks, strict=True):
            message = messages[entry.id]
            message.opt_in_check = OptInCheckOut.of(check).model_dump(mode="json")
            if not check.allowed and not entry.past_gate:
                report = _failure(
                    MessageStatus.FAILED, code=f"not_allowed_{check.reason.value}", title=explanation(check)
                )
                apply_report(message, conversations[entry.conversation_id], report, at=at)
                _add_event(session, message, report.provider_status, at=at, report=report)
                await queries.remove_entry(session, organization_id, entry.id)
                _announce(session, message)
                continue
            token = new_id()
            message.status = MessageStatus.SENDING.value
            entry.state = "sending"
            entry.lease_token = token
            entry.claimed_at = at
            entry.due_at = at + lease
            entry.attempts += 1
            _add_event(session, message, MessageStatus.SENDING.value, at=at)
            _show_status(conversations[entry.conversation_id], message)
            _announce(session, message)
            claims.append(
                Claim(
                    organization_id=organization_id,
                    message_id=message.id,
                    lease_token=token,
                    provider=line.provider,
                    line=open_line(line, secrets),
                    message=_outgoing(message, number, line, public_base_url=public_base_url),
                )
            )
        await session.flush()
    return claims


async def _within_pace(
    session: AsyncSession, entries: Sequence[OutboxEntry], by_line: dict[UUID, Line], *, at: datetime
) -> list[OutboxEntry]:
    """Those that their line's rate limit lets go now; the others wait for their slot."""
    granted: list[OutboxEntry] = []
    for line_id, line in sorted(by_line.items()):
        waiting = [entry for entry in entries if entry.line_id == line_id]
        limit = line_settings(line).messages_per_second
        if limit is not None:
            await session.refresh(line, with_for_update={"key_share": True})
        decided = pace(next_send_at=line.next_send_at, now=at, per_second=limit, waiting=len(waiting))
        if limit is not None:
            line.next_send_at = decided.next_send_at
        granted += waiting[: decided.granted]
        for entry, due_at in zip(waiting[decided.granted :], decided.deferred_until, strict=True):
            entry.due_at = due_at
    return granted


async def settle(database: Database, claimed: Claim, outcome: SendOutcome) -> None:
    """Write what came of a posted message, guarded by its lease.

    A lease that was lost meanwhile (it expired and the message became `unknown`) still takes a definite outcome:
    it is the answer to the one time that the message was handed over.
    """
    async with database.transaction() as session:
        organization_id = claimed.organization_id
        message, conversation, number, entry = await _lock_for_settling(session, organization_id, claimed.message_id)
        holds_lease = entry is not None and entry.lease_token == claimed.lease_token
        at = await database_time(session)
        match outcome:
            case Accepted():
                report = StatusReport(
                    provider_message_id=outcome.provider_message_id,
                    status=outcome.status,
                    provider_status=outcome.status.value,
                    error_code=None,
                    error_title=None,
                    opted_out=False,
                    provider_time=None,
                )
                if message.provider_message_id is None:
                    message.provider_message_id = outcome.provider_message_id
                apply_report(message, conversation, report, at=at)
                _add_event(session, message, MessageStatus.SENT.value, at=at, detail=outcome.detail)
                await queries.remove_entry(session, organization_id, message.id)
            case Rejected():
                await _fail(session, message, conversation, code=outcome.code, title=outcome.title, at=at)
                if outcome.opted_out:
                    await _stop(session, number, at=at)
                    announce_conversation(session, organization_id, conversation.id)
            case NotProcessed() if not holds_lease:
                return
            case NotProcessed() if entry is not None and entry.attempts >= MAX_ATTEMPTS:
                code = outcome.code or "not_processed"
                await _fail(session, message, conversation, code=code, title=outcome.detail, at=at)
            case NotProcessed():
                assert entry is not None
                wait = backoff(
                    entry.attempts,
                    jitter=random.random(),  # noqa: S311  # Spreads retries; nothing secret.
                    retry_after_seconds=outcome.retry_after_seconds,
                )
                entry.state, entry.lease_token, entry.due_at = "queued", None, at + wait
                _add_event(session, message, "retrying", at=at, code=outcome.code, detail=outcome.detail)
            case OutcomeUnknown() if not holds_lease:
                return
            case OutcomeUnknown():
                assert entry is not None
                _make_unknown(session, message, conversation, entry, detail=outcome.detail, at=at)
        _announce(session, message)
        await session.flush()


async def expire_leases(database: Database, organization_id: UUID) -> int:
    """What a vanished worker had claimed may or may not have been handed over: it becomes `unknown`."""
    async with database.transaction() as session:
        expired = await queries.expired_leases(session, organization_id, limit=CLAIM_BATCH)
    for message_id in expired:
        async with database.transaction() as session:
            message, conversation, _, entry = await _lock_for_settling(session, organization_id, message_id)
            at = await database_time(session)
            if entry is None or entry.state != "sending" or entry.due_at > at:
                continue
            if message.status != MessageStatus.SENDING.value:
                # A callback has told its fate already.
                await queries.remove_entry(session, organization_id, message_id)
            else:
                _make_unknown(
                    session,
                    message,
                    conversation,
                    entry,
                    detail="The worker that was sending it stopped before the provider's answer was stored.",
                    at=at,
                )
            _announce(session, message)
            await session.flush()
    return len(expired)


async def take_questions(
    database: Database, organization_id: UUID, *, secrets: SecretBox, public_base_url: str
) -> list[Question]:
    """Unknown outcomes that are due to be asked about. Each is put off before it is asked: a crash repeats nothing.

    A provider may be asked by handing it the message again. So the numbers are locked and opt-in is checked, as when
    a message is claimed.
    """
    async with database.transaction() as session:
        found = await queries.due_questions(session, organization_id, limit=CLAIM_BATCH)
        if not found:
            return []
        numbers = await directory.lock_phone_numbers(session, organization_id, [each.phone_number_id for each in found])
        number_of = {each.message_id: numbers[each.phone_number_id] for each in found}
        entries = await queries.lock_unknown(session, organization_id, [each.message_id for each in found])
        messages = await queries.messages(session, organization_id, [entry.id for entry in entries])
        by_line = await lines.lines_by_ids(session, organization_id, list({entry.line_id for entry in entries}))
        last_seqs = await queries.last_outgoing_seqs(
            session, organization_id, [entry.conversation_id for entry in entries]
        )
        checks = await consent.check_many(
            session, organization_id, [(number_of[entry.id], by_line[entry.line_id]) for entry in entries]
        )
        at = await database_time(session)
        questions: list[Question] = []
        for entry, check in zip(entries, checks, strict=True):
            message, number, line = messages[entry.id], number_of[entry.id], by_line[entry.line_id]
            claimed_at = entry.claimed_at or message.created_at
            if at - claimed_at > RECONCILE_FOR:
                _add_event(
                    session,
                    message,
                    MessageStatus.UNKNOWN.value,
                    at=at,
                    source="reconciliation",
                    detail="The provider was asked for a day and does not know it. It may have arrived.",
                )
                await queries.remove_entry(session, organization_id, entry.id)
                continue
            entry.attempts += 1
            entry.due_at = at + next_question(entry.attempts)
            known = await queries.provider_ids_since(
                session, organization_id, entry.conversation_id, since=claimed_at - timedelta(minutes=5)
            )
            repeatable = may_repeat(
                allowed=check.allowed or entry.past_gate,
                is_last=message.seq == last_seqs[entry.conversation_id],
                since_claim=at - claimed_at,
            )
            questions.append(
                Question(
                    organization_id=organization_id,
                    provider=line.provider,
                    line=open_line(line, secrets),
                    message=UnknownMessage(
                        message_id=message.id,
                        to=number.number,
                        body=message.body,
                        claimed_at=claimed_at,
                        known_provider_ids=frozenset(known),
                        repeat=_outgoing(message, number, line, public_base_url=public_base_url)
                        if repeatable
                        else None,
                    ),
                )
            )
        await session.flush()
    return questions


async def settle_question(database: Database, question: Question, outcome: ReconcileOutcome) -> None:
    """Write the provider's answer about an unknown outcome, if it is one."""
    if isinstance(outcome, CannotTell | NotFoundAtProvider):
        log.info("delivery.still_unknown", message_id=str(question.message.message_id))
        return
    async with database.transaction() as session:
        message, conversation, number, entry = await _lock_for_settling(
            session, question.organization_id, question.message.message_id
        )
        if entry is None or entry.state != "unknown":
            return
        at = await database_time(session)
        match outcome:
            case Found(report=report):
                opted_out = report.opted_out
                if message.provider_message_id is None:
                    message.provider_message_id = report.provider_message_id
            case Rejected(opted_out=opted_out):
                report = _failure(MessageStatus.FAILED, code=outcome.code, title=outcome.title)
        apply_report(message, conversation, report, at=at)
        _add_event(session, message, report.provider_status, at=at, source="reconciliation", report=report)
        await queries.remove_entry(session, question.organization_id, message.id)
        if opted_out:
            await _stop(session, number, at=at)
            announce_conversation(session, question.organization_id, conversation.id)
        _announce(session, message)
        await session.flush()


async def _lock_for_settling(
    session: AsyncSession, organization_id: UUID, message_id: UUID
) -> tuple[Message, Conversation, PhoneNumber, OutboxEntry | None]:
    """Everything a settlement touches, locked in the order of the house."""
    message = (await queries.messages(session, organization_id, [message_id]))[message_id]
    row = await conversation_queries.conversation(session, organization_id, message.conversation_id)
    assert row is not None
    number = await directory.lock_phone_number(session, organization_id, row.number.id)
    locked = await conversation_queries.lock_conversations(session, organization_id, [row.conversation.id])
    message = (await queries.messages(session, organization_id, [message_id]))[message_id]
    entry = await queries.lock_entry(session, organization_id, message_id)
    return message, locked[row.conversation.id], number, entry


def _outgoing(message: Message, number: PhoneNumber, line: Line, *, public_base_url: str) -> OutgoingMessage:
    """The message as the provider gets it, each time the same."""
    return OutgoingMessage(
        message_id=message.id,
        to=number.number,
        body=message.body,
        media_urls=[each["url"] for each in message.media],
        status_callback_url=f"{public_base_url}/webhooks/{line.provider}/{line.id}/status?message_id={message.id}",
    )


def _make_unknown(
    session: AsyncSession,
    message: Message,
    conversation: Conversation,
    entry: OutboxEntry,
    *,
    detail: str,
    at: datetime,
) -> None:
    entry.state, entry.lease_token = "unknown", None
    entry.attempts = 0
    entry.due_at = at + next_question(0)
    if message.status == MessageStatus.SENDING.value:
        message.status = MessageStatus.UNKNOWN.value
        _show_status(conversation, message)
    _add_event(session, message, MessageStatus.UNKNOWN.value, at=at, detail=detail)


async def _fail(
    session: AsyncSession,
    message: Message,
    conversation: Conversation,
    *,
    code: str,
    title: str,
    at: datetime,
) -> None:
    report = _failure(MessageStatus.FAILED, code=code, title=title)
    apply_report(message, conversation, report, at=at)
    _add_event(session, message, MessageStatus.FAILED.value, at=at, report=report)
    await queries.remove_entry(session, message.organization_id, message.id)


async def _stop(session: AsyncSession, number: PhoneNumber, *, at: datetime) -> None:
    """The provider says that the recipient has opted out (OPTIN-STOP)."""
    entry = consent.stop(number, actor=SYSTEM, source=OptInSource.PROVIDER, at=at)
    if entry is not None:
        await session.flush()
        await audit.record(session, number.organization_id, entry, at=at)
        announce_phone_number(session, number.organization_id, number.number)


def _failure(status: MessageStatus, *, code: str, title: str) -> StatusReport:
    return StatusReport(
        provider_message_id="",
        status=status,
        provider_status=status.value,
        error_code=code,
        error_title=title,
        opted_out=False,
        provider_time=None,
    )


def _add_event(
    session: AsyncSession,
    message: Message,
    status: str,
    *,
    at: datetime,
    source: str = "worker",
    code: str | None = None,
    detail: str | None = None,
    report: StatusReport | None = None,
) -> None:
    session.add(
        MessageEvent(
            organization_id=message.organization_id,
            message_id=message.id,
            at=at,
            status=status,
            source=source,
            code=report.error_code if report else code,
            detail=report.error_title if report else detail,
        )
    )


def _show_status(conversation: Conversation, message: Message) -> None:
    if conversation.last_seq == message.seq:
        conversation.last_message_status = message.status


def _announce(session: AsyncSession, message: Message) -> None:
    announce_message(session, message.organization_id, message.conversation_id, message.id, seq=message.seq)
