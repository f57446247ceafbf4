"""Claiming due messages: the opt-in is checked a second time, and each message gets a lease (OPTIN-DISPATCH).

A line's pace says how many texts it may send now, and no more are read: none is claimed and put back (decision 0045).
"""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.broadcasts.claims import MOVED_CODE, MOVED_TITLE, moved_away
from api.consent import service as consent
from api.consent.rules import OptInCheck, Reason, explanation
from api.conversations import outbox
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch
from api.conversations.message_costs import list_cost
from api.conversations.models import Conversation, Message, OutboxEntry
from api.delivery import claim_queries, queries
from api.delivery.rules import failure, pace
from api.delivery.shares import CLAIM_BATCH, Capacity, shares
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.kit.crash_points import CrashPoint, reached
from api.kit.database import Database, database_time
from api.kit.ids import new_id
from api.kit.secrets import SecretBox
from api.lines.models import Line
from api.lines.service import line_settings, lines_by_ids, open_line
from api.media.signed import VALID_FOR, SignedFile, carrier_address
from api.prices import credits
from api.prices.rules import NO_CREDITS, NO_CREDITS_CODE, Allowance, Cost
from api.prices.service import price_lists
from api.providers.port import LineAccess, MessageStatus, OutgoingMessage

PARKED_UNTIL = datetime(9999, 1, 1, tzinfo=UTC)
"""When a mass text is due that is past its `not_after`: never, until it gets another time (`outbox.set_windows`)."""

PARKED_AT_ONCE = 5_000


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
    cost: Cost | None
    """By the line's price list (COST)."""
    has_moved: bool
    """It is part of a mass text, and its number has left the record through which it was in the audience."""


async def claim_due(
    database: Database,
    organization_id: UUID,
    *,
    secrets: SecretBox,
    public_base_url: str,
    lease: timedelta,
    capacity: Capacity | None = None,
) -> list[Claim]:
    """Claim the first due messages of each lane, as many as its share is (`shares`).

    Of a conversation only the earliest waiting text is claimed (SEND-ORDER). `capacity`: None for an idle worker.
    """
    post_before = time.monotonic() + lease.total_seconds()
    claims: list[Claim] = []
    async with database.transaction() as session:
        await claim_queries.plan_by_index(session)
        due, late, at = await _lock_due(session, organization_id, capacity or Capacity())
        allowed = await _allowance(session, organization_id, due)
        batch = Batch(organization_id, at=at)
        for entry in late:
            entry.due_at = PARKED_UNTIL
            batch.let_next_leave(entry.conversation_id)
        for each in due:
            token = _decide(batch, each, allowed, lease=lease)
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
                            attempt=each.entry.attempts,
                        ),
                        request_id=each.entry.request_id,
                    )
                )
        await batch.write(session)
        reached(CrashPoint.CLAIM_BEFORE_COMMIT)
    reached(CrashPoint.CLAIM_COMMITTED)
    await _park(database, organization_id, late)
    return claims


async def _lock_due(
    session: AsyncSession, organization_id: UUID, capacity: Capacity
) -> tuple[list[_Due], list[OutboxEntry], datetime]:
    """Lock numbers, conversations and outbox entries, in this order (decision 0006), and check the opt-in.

    Returns the due messages, and the entries that are past their `not_after` (MASS-HOURS).
    """
    by_line, found = await _first_due(session, organization_id, capacity)
    if not found:
        return [], [], await database_time(session)
    numbers = await directory.lock_phone_numbers(session, organization_id, [each.phone_number_id for each in found])
    locked = await conversations.lock_conversations(session, organization_id, [each.conversation_id for each in found])
    entries = await _lock_first(session, organization_id, [each.message_id for each in found])
    at = await database_time(session)
    late = [entry for entry in entries if entry.not_after is not None and entry.not_after <= at]
    in_time = [entry for entry in entries if entry not in late]
    granted = await _within_pace(session, in_time, by_line, at=at)
    messages = await queries.messages(session, organization_id, [entry.id for entry in granted])
    pairs = [(numbers[locked[entry.conversation_id].phone_number_id], by_line[entry.line_id]) for entry in granted]
    checks = await consent.check_many(session, organization_id, pairs)
    lists = await price_lists(session, organization_id, [line for _, line in pairs])
    moved = await moved_away(
        session, organization_id, [entry.id for entry in granted if entry.broadcast_id is not None]
    )
    due = [
        _Due(
            entry=entry,
            message=messages[entry.id],
            conversation=locked[entry.conversation_id],
            number=number,
            line=line,
            check=check,
            cost=list_cost(lists.get(line.id), number.number, messages[entry.id]),
            has_moved=entry.id in moved,
        )
        for entry, (number, line), check in zip(granted, pairs, checks, strict=True)
    ]
    return due, late, at


async def _first_due(
    session: AsyncSession, organization_id: UUID, capacity: Capacity
) -> tuple[dict[UUID, Line], list[claim_queries.Candidate]]:
    """The lines that may send now, and the first texts of each, as many as it may send. Not locked yet."""
    lanes = await claim_queries.lanes(session, organization_id)
    ready = [lane for lane in lanes if lane.ready_in <= 0 and capacity.of(lane)]
    if not ready:
        return {}, []
    by_line = await lines_by_ids(session, organization_id, list({lane.line_id for lane in ready}))
    at = await database_time(session)
    allowed = {
        line_id: pace(next_send_at=line.next_send_at, now=at, per_second=_rate(line), waiting=CLAIM_BATCH).granted
        for line_id, line in by_line.items()
    }
    # With more lines than a batch has texts, chance decides which ones send first.
    random.shuffle(ready)
    taken = shares(ready, allowed, capacity.turns, limit=CLAIM_BATCH)
    return by_line, await claim_queries.first_of(session, organization_id, taken)


async def _lock_first(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]
) -> Sequence[OutboxEntry]:
    """Lock the entries of these messages that are still due. The conversations are locked.

    An entry that must wait after all is marked so: a process of an earlier version has queued it, or its mass text has
    just been paused.
    """
    locked = await queries.lock_queued(session, organization_id, message_ids)
    await claim_queries.plan_as_usual(session)
    entries = sorted(locked, key=lambda entry: (entry.priority, entry.due_at, entry.id))
    waiting = await outbox.must_wait(session, organization_id, entries)
    if waiting:
        await outbox.mark_behind(session, organization_id, waiting)
        affected = {entry.conversation_id for entry in entries if entry.id in waiting}
        await outbox.place(session, organization_id, affected)
    return [entry for entry in entries if entry.id not in waiting]


async def _allowance(session: AsyncSession, organization_id: UUID, due: Sequence[_Due]) -> Allowance | None:
    """The credits that these texts may take of. None, without a statement, if their lines have no price lists."""
    if all(each.line.price_currency is None for each in due):
        return None
    return await credits.allowance(session, organization_id)


def _decide(batch: Batch, due: _Due, allowed: Allowance | None, *, lease: timedelta) -> UUID | None:
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
    if due.has_moved:
        batch.report(due.conversation, message, failure(MOVED_CODE, MOVED_TITLE))
        return None
    if not _priced(batch, due, allowed):
        batch.report(due.conversation, message, failure(NO_CREDITS_CODE, NO_CREDITS))
        return None
    token = new_id()
    entry.state, entry.lease_token = "sending", token
    entry.claimed_at, entry.due_at = batch.at, batch.at + lease
    entry.attempts += 1
    batch.move(due.conversation, message, MessageStatus.SENDING)
    return token


def _priced(batch: Batch, due: _Due, allowed: Allowance | None) -> bool:
    """Give the message its cost (COST). False if the credits do not cover it; a confirmation leaves all the same.

    A message that is posted again has its cost already.
    """
    message = due.message
    if message.credits is not None:
        return True
    if allowed is None or due.line.price_currency is None:
        if due.cost is not None or message.cost is not None:
            batch.price(message, due.cost, takes=None)
        return True
    takes = allowed.take(due.cost, always=due.entry.past_gate)
    if takes is None:
        return False
    batch.price(message, due.cost, takes=takes)
    return True


async def _within_pace(
    session: AsyncSession, entries: Sequence[OutboxEntry], by_line: Mapping[UUID, Line], *, at: datetime
) -> list[OutboxEntry]:
    """The entries that their line's rate limit allows now. Nothing changes of the others.

    There are others only if another worker has used the line's slots since they were read.
    """
    granted: list[OutboxEntry] = []
    for line_id, line in sorted(by_line.items()):
        waiting = [entry for entry in entries if entry.line_id == line_id]
        if not waiting:
            continue
        limit = _rate(line)
        if limit is not None:
            await session.refresh(line, with_for_update={"key_share": True})
        decided = pace(next_send_at=line.next_send_at, now=at, per_second=limit, waiting=len(waiting))
        if limit is not None:
            line.next_send_at = decided.next_send_at
        granted += waiting[: decided.granted]
    return granted


def _rate(line: Line) -> float | None:
    return line_settings(line).messages_per_second


async def _park(database: Database, organization_id: UUID, late: Sequence[OutboxEntry]) -> None:
    """Defer what waits beside these entries and is past its `not_after` too."""
    for line_id, broadcast_id in {(entry.line_id, entry.broadcast_id) for entry in late}:
        if broadcast_id is not None:
            async with database.transaction() as session:
                await claim_queries.park(
                    session, organization_id, line_id, broadcast_id, until=PARKED_UNTIL, limit=PARKED_AT_ONCE
                )


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
    message: Message,
    number: PhoneNumber,
    line: Line,
    *,
    media_urls: Sequence[str],
    public_base_url: str,
    attempt: int = 1,
) -> OutgoingMessage:
    """The message as its provider gets it: of a real one, each attempt is the same request."""
    return OutgoingMessage(
        message_id=message.id,
        to=number.number,
        body=message.body,
        media_urls=media_urls,
        status_callback_url=f"{public_base_url}/webhooks/{line.provider}/{line.id}/status?message_id={message.id}",
        attempt=attempt,
        is_automatic=message.answers is not None or message.is_away,
    )
