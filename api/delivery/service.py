"""The outbox: claiming what is due, and what becomes of a claim whose worker has vanished.

A message is handed over at most once (SEND-NEVER-TWICE): it is posted only by the holder of its lease, and a lease
is taken only from `queued`. What may have been handed over is `unknown` and is asked about, never posted again. No
transaction is open while a provider is talked to.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.consent import service as consent
from api.consent.rules import Reason, explanation
from api.consent.schemas import OptInCheckOut
from api.conversations import queries as conversation_queries
from api.conversations.message_models import Message, OutboxEntry
from api.delivery import queries
from api.delivery.changes import Changes
from api.delivery.rules import pace
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.kit.crash_points import CrashPoint, reached
from api.kit.database import Database, database_time
from api.kit.secrets import SecretBox
from api.lines import queries as lines
from api.lines.models import Line
from api.lines.service import line_settings, open_line
from api.providers.port import LineAccess, MessageStatus, OutgoingMessage

CLAIM_BATCH = 32


@dataclass(frozen=True)
class Claim:
    """A message that this worker alone may post, until its lease ends."""

    organization_id: UUID
    message_id: UUID
    conversation_id: UUID
    phone_number_id: UUID
    lease_token: UUID
    post_before: float
    """On the monotonic clock: when the lease ends, or a little sooner."""
    provider: str
    line: LineAccess
    message: OutgoingMessage


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
    post_before = time.monotonic() + lease.total_seconds()
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
        access = {line_id: open_line(line, secrets) for line_id, line in by_line.items()}
        changes = Changes(session, organization_id, at=at)
        claims: list[Claim] = []
        for entry, (number, line), check in zip(granted, pairs, checks, strict=True):
            message, conversation = messages[entry.id], conversations[entry.conversation_id]
            if message.status not in {MessageStatus.QUEUED.value, MessageStatus.SENDING.value}:
                # It waits for another try, but the provider has told its fate: it had processed it after all.
                changes.leave_outbox(message)
                continue
            message.opt_in_check = OptInCheckOut.of(check).model_dump(mode="json")
            # A confirmation goes past the gate, but not to what is no phone number (RECV-SENDER).
            if not check.allowed and (not entry.past_gate or check.reason is Reason.NOT_A_PHONE_NUMBER):
                code = f"not_allowed_{check.reason.value}"
                changes.fail(message, conversation, code=code, title=explanation(check))
                continue
            claims.append(
                Claim(
                    organization_id=organization_id,
                    message_id=message.id,
                    conversation_id=conversation.id,
                    phone_number_id=number.id,
                    lease_token=changes.claim(message, conversation, entry, lease=lease),
                    post_before=post_before,
                    provider=line.provider,
                    line=access[line.id],
                    message=outgoing(message, number, line, public_base_url=public_base_url),
                )
            )
        await changes.write()
        reached(CrashPoint.CLAIM_BEFORE_COMMIT)
    reached(CrashPoint.CLAIM_COMMITTED)
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


async def expire_leases(database: Database, organization_id: UUID) -> int:
    """What a vanished worker had claimed may or may not have been handed over: it becomes `unknown`."""
    async with database.transaction() as session:
        expired = await queries.expired_leases(session, organization_id, limit=CLAIM_BATCH)
        if not expired:
            return 0
        conversations = await conversation_queries.lock_conversations(
            session, organization_id, [each.conversation_id for each in expired]
        )
        entries = await queries.lock_entries(session, organization_id, [each.message_id for each in expired])
        messages = await queries.messages(session, organization_id, list(entries))
        at = await database_time(session)
        changes = Changes(session, organization_id, at=at)
        for entry in entries.values():
            message = messages[entry.id]
            if entry.state != "sending" or entry.due_at > at:
                continue
            if message.status != MessageStatus.SENDING.value:
                # A callback has told its fate already.
                changes.leave_outbox(message)
            else:
                detail = "The worker that was sending it stopped before the provider's answer was stored."
                changes.make_unknown(message, conversations[entry.conversation_id], entry, detail=detail)
        await changes.write()
        reached(CrashPoint.EXPIRE_BEFORE_COMMIT)
    reached(CrashPoint.EXPIRE_COMMITTED)
    return len(expired)


def outgoing(message: Message, number: PhoneNumber, line: Line, *, public_base_url: str) -> OutgoingMessage:
    """The message as the provider gets it, each time the same."""
    return OutgoingMessage(
        message_id=message.id,
        to=number.number,
        body=message.body,
        media_urls=[each["url"] for each in message.media],
        status_callback_url=f"{public_base_url}/webhooks/{line.provider}/{line.id}/status?message_id={message.id}",
    )
