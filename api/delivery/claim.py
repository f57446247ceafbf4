"""Claiming due messages: the opt-in is checked a second time, and each message gets a lease (OPTIN-DISPATCH)."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.consent import service as consent
from api.consent.rules import OptInCheck, Reason, explanation
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch
from api.conversations.models import Conversation, Message, OutboxEntry
from api.delivery import queries
from api.delivery.rules import failure, pace
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.kit.crash_points import CrashPoint, reached
from api.kit.database import Database, database_time
from api.kit.ids import new_id
from api.kit.secrets import SecretBox
from api.lines.models import Line
from api.lines.service import line_settings, lines_by_ids, open_line
from api.media.signed import VALID_FOR, SignedFile, carrier_address
from api.providers.port import LineAccess, MessageStatus, OutgoingMessage

CLAIM_BATCH = 32


@dataclass(frozen=True)
class Claim:
    """A message that only this worker may post, until its lease ends."""

    organization_id: UUID
    message_id: UUID
    conversation_id: UUID
    phone_number_id: UUID
    lease_token: UUID
    post_before: float
    """Monotonic time after which it must not be posted: the end of the lease, or a little earlier."""
    provider: str
    line: LineAccess
    message: OutgoingMessage
    request_id: str | None = None
    """The request that queued the message: the log lines about it carry this id."""


@dataclass(frozen=True)
class _Due:
    """A due message, with the locked rows that it is decided on."""

    entry: OutboxEntry
    message: Message
    conversation: Conversation
    number: PhoneNumber
    line: Line
    check: OptInCheck


async def claim_due(
    database: Database,
    organization_id: UUID,
    *,
    secrets: SecretBox,
    public_base_url: str,
    lease: timedelta,
    limit: int = CLAIM_BATCH,
) -> list[Claim]:
    """Claim the oldest waiting message of each conversation, if it is due and its line's rate limit allows it now."""
    post_before = time.monotonic() + lease.total_seconds()
    claims: list[Claim] = []
    async with database.transaction() as session:
        due, at = await _lock_due(session, organization_id, limit=limit)
        batch = Batch(organization_id, at=at)
        for each in due:
            token = _decide(batch, each, lease=lease)
            if token is not None:
                claims.append(
                    Claim(
                        organization_id=organization_id,
                        message_id=each.message.id,
                        conversation_id=each.conversation.id,
                        phone_number_id=each.number.id,
                        lease_token=token,
                        post_before=post_before,
                        provider=each.line.provider,
                        line=open_line(each.line, secrets),
                        message=outgoing(
                            each.message,
                            each.number,
                            each.line,
                            media_urls=media_addresses(
                                each.message, claimed_at=at, secrets=secrets, public_base_url=public_base_url
                            ),
                            public_base_url=public_base_url,
                        ),
                        request_id=each.entry.request_id,
                    )
                )
        await batch.write(session)
        reached(CrashPoint.CLAIM_BEFORE_COMMIT)
    reached(CrashPoint.CLAIM_COMMITTED)
    return claims


async def _lock_due(session: AsyncSession, organization_id: UUID, *, limit: int) -> tuple[list[_Due], datetime]:
    """Lock numbers, conversations and outbox entries, in this order (decision 0006), and check the opt-in."""
    found = await queries.candidates(session, organization_id, limit=limit)
    if not found:
        return [], await database_time(session)
    numbers = await directory.lock_phone_numbers(session, organization_id, [each.phone_number_id for each in found])
    locked = await conversations.lock_conversations(session, organization_id, [each.conversation_id for each in found])
    entries = await queries.lock_queued(session, organization_id, [each.message_id for each in found])
    messages = await queries.messages(session, organization_id, [entry.id for entry in entries])
    by_line = await lines_by_ids(session, organization_id, list({entry.line_id for entry in entries}))
    at = await database_time(session)
    granted = await _within_pace(session, entries, by_line, at=at)
    pairs = [(numbers[locked[entry.conversation_id].phone_number_id], by_line[entry.line_id]) for entry in granted]
    checks = await consent.check_many(session, organization_id, pairs)
    due = [
        _Due(entry, messages[entry.id], locked[entry.conversation_id], number, line, check)
        for entry, (number, line), check in zip(granted, pairs, checks, strict=True)
    ]
    return due, at


def _decide(batch: Batch, due: _Due, *, lease: timedelta) -> UUID | None:
    """Give the message a lease and return its token. None if it must not be posted."""
    message, entry, check = due.message, due.entry, due.check
    if message.status not in {MessageStatus.QUEUED.value, MessageStatus.SENDING.value}:
        # A callback reported an outcome while the message waited for a retry.
        batch.leave_outbox(message)
        return None
    message.opt_in_check = check.as_json()
    # A confirmation ignores the opt-in, but is not sent to a sender that is not a phone number (RECV-SENDER).
    if not check.allowed and (not entry.past_gate or check.reason is Reason.NOT_A_PHONE_NUMBER):
        report = failure(f"not_allowed_{check.reason.value}", explanation(check))
        batch.report(due.conversation, message, report)
        return None
    token = new_id()
    entry.state, entry.lease_token = "sending", token
    entry.claimed_at, entry.due_at = batch.at, batch.at + lease
    entry.attempts += 1
    batch.move(due.conversation, message, MessageStatus.SENDING)
    return token


async def _within_pace(
    session: AsyncSession, entries: Sequence[OutboxEntry], by_line: Mapping[UUID, Line], *, at: datetime
) -> list[OutboxEntry]:
    """The entries that their line's rate limit allows now. The others are deferred until it allows them."""
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


def media_addresses(message: Message, *, claimed_at: datetime, secrets: SecretBox, public_base_url: str) -> list[str]:
    """Where the provider fetches the message's files. Those of ours are signed for some hours after the claim."""
    expires_at = claimed_at + VALID_FOR
    return [
        carrier_address(
            secrets,
            public_base_url,
            SignedFile(message.organization_id, UUID(each["id"]), expires_at),
            content_type=each["content_type"],
        )
        if "id" in each
        else each["url"]
        for each in message.media
    ]


def outgoing(
    message: Message, number: PhoneNumber, line: Line, *, media_urls: Sequence[str], public_base_url: str
) -> OutgoingMessage:
    """The message as its provider gets it, each time the same."""
    return OutgoingMessage(
        message_id=message.id,
        to=number.number,
        body=message.body,
        media_urls=media_urls,
        status_callback_url=f"{public_base_url}/webhooks/{line.provider}/{line.id}/status?message_id={message.id}",
    )
