"""What a worker does for a mass text: start it, queue its recipients in batches, cancel what is queued, finish it.

Each batch is one transaction under the lock of the mass text. A recipient's row and its message are written together,
and the row's id is the message's: whatever crashes, a number gets one message of a mass text.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.models import Organization
from api.access.rules import Permission, Principal, PrincipalKind, first_missing
from api.audit.rules import SYSTEM, Action
from api.broadcasts import queries
from api.broadcasts.audience import consent_reason
from api.broadcasts.control import pause_by_system
from api.broadcasts.costs import CostedText, has_credits
from api.broadcasts.daily import Tomorrow, within_daily_limits
from api.broadcasts.fields import Wording
from api.broadcasts.files import files_of
from api.broadcasts.hours import Availability, Window
from api.broadcasts.models import Broadcast, BroadcastRecipient
from api.broadcasts.numbers import facts_of
from api.broadcasts.rules import (
    CANCELLED_CODE,
    BroadcastState,
    Deed,
    LeftOut,
    PauseReason,
    RecipientState,
    after,
    may_queue,
)
from api.broadcasts.service import announce_broadcast, availability, record, wording_of
from api.consent import service as consent
from api.consent.rules import OptInCheck
from api.conversations import outbox
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch, state_of
from api.conversations.message_rules import OfBroadcast, OutgoingText
from api.conversations.models import InboxRow
from api.conversations.rules import text_goes_out
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.kit.database import Database, database_time, plan_anew
from api.lines import service as lines
from api.lines.models import Line
from api.providers.port import MessageStatus, StatusReport

BATCH = 200
"""Recipients of one transaction. Their messages and conversations are read together by each open page's event stream
(`live.gathering.MAX_GATHERED`)."""

CANCEL_BATCH = 500

MOST_AHEAD = 10**9

FOLLOWED = timedelta(minutes=10)

CANCELLED_TITLE = "The mass text was cancelled before this left."


async def work_on(database: Database, organization_id: UUID, broadcast_id: UUID, *, counts: bool = True) -> bool:
    """One batch of whatever the mass text needs. Returns whether there is more to do at once.

    `counts`: count the recipients too, which reads all of them.
    """
    async with database.transaction() as session:
        row = await queries.lock_broadcast(session, organization_id, broadcast_id, skip_locked=True)
        if row is None or not row.is_active:
            return False
        match BroadcastState(row.state):
            case BroadcastState.SCHEDULED:
                return await _start(session, row)
            case BroadcastState.SENDING:
                more = await _send_more(session, row)
            case BroadcastState.CANCELLED:
                more = await _cancel_more(session, row)
            case BroadcastState.SENT:
                more = False
                await _follow(session, row)
            case _:
                return False
        if counts:
            await refresh(session, row)
        return more


# Starting.


async def _start(session: AsyncSession, row: Broadcast) -> bool:
    at = await database_time(session)
    if row.send_at is not None and row.send_at > at:
        return False
    state = after(BroadcastState.SCHEDULED, Deed.SEND)
    assert state is not None
    row.state, row.started_at, row.updated_at = state.value, at, at
    await session.flush()
    await record(session, SYSTEM, Action.BROADCAST_STARTED, row, {"recipients": row.recipients})
    announce_broadcast(session, row)
    return True


# Expansion.


@dataclass(frozen=True)
class _Sending:
    """A mass text that is being sent, at one time."""

    row: Broadcast
    sender: Principal
    organization: Organization
    wording: Wording
    available: Availability

    @property
    def at(self) -> datetime:
        return self.available.at

    def text_of(self, row: BroadcastRecipient) -> str:
        return self.wording.text(row.fields or {})


async def _send_more(session: AsyncSession, row: Broadcast) -> bool:
    sender = await _sender_now(session, row)
    if sender is None:
        await pause_by_system(session, row, PauseReason.AUTHOR)
        return False
    organization = await access.organization(session, row.organization_id)
    at = await database_time(session)
    sending = _Sending(
        row,
        sender,
        organization,
        wording_of(row, organization, my_name=sender.name if sender.staff_member_id else None),
        availability(organization, at=at, any_hour=row.any_hour_reason is not None),
    )
    if await _defer_late(session, sending):
        return True
    due = await queries.due_recipients(session, row.organization_id, row.id, at=at, limit=BATCH)
    free = await _may_queue_now(session, row, due) if due else 0
    if free:
        await _expand(session, sending, due[:free])
        return len(due) == free == BATCH
    if not due:
        await _finish(session, row, at=at)
    return False


async def _sender_now(session: AsyncSession, row: Broadcast) -> Principal | None:
    """Whoever confirmed it, with the permissions of now. None if these are not enough any more (PERM-NOW)."""
    assert row.sender is not None, "it was confirmed"
    sender_id = UUID(row.sender["id"])
    then = Principal(
        kind=PrincipalKind(row.sender["kind"]),
        organization_id=row.organization_id,
        id=sender_id,
        name=row.sender["name"],
        permissions=frozenset(),
        is_admin=False,
        credential_id=sender_id,
    )
    sender = await access.principal_now(session, then)
    needed = [Permission.SMS_LOGS, Permission.MASS_TEXT]
    if row.any_hour_reason is not None:
        needed.append(Permission.MASS_TEXT_ANY_HOUR)
    return None if sender is None or first_missing(sender.permissions, needed) else sender


async def _may_queue_now(session: AsyncSession, row: Broadcast, due: Sequence[BroadcastRecipient]) -> int:
    """How many of these recipients may be queued in this batch."""
    line_ids = {each.line_id for each in due if each.line_id is not None}
    by_id = await lines.lines_by_ids(session, row.organization_id, list(line_ids))
    rates = [lines.line_settings(line).messages_per_second for line in by_id.values()]
    most = may_queue(rates, queued=0, batch=MOST_AHEAD)
    if most == MOST_AHEAD:
        return len(due)
    queued = await queries.count_in_outbox(session, row.organization_id, row.id, up_to=most)
    return may_queue(rates, queued=queued, batch=len(due))


async def _expand(session: AsyncSession, sending: _Sending, due: Sequence[BroadcastRecipient]) -> None:
    """Queue the recipients that may be texted now. The others wait for their hours, or are skipped with the reason."""
    organization_id = sending.row.organization_id
    await plan_anew(session)
    number_ids = {row.phone_number_id for row in due if row.phone_number_id is not None}
    numbers = await directory.lock_phone_numbers(session, organization_id, number_ids)
    lawful, deferred, outcomes = _by_hours(sending, due, numbers)
    await queries.store_due_times(session, deferred)
    by_line = await lines.lines_by_ids(session, organization_id, list({row.line_id for row in lawful if row.line_id}))
    texted, refused = await _checked(session, organization_id, lawful, numbers, by_line)
    outcomes += refused
    texts = [CostedText(line, number.number, sending.text_of(row)) for row, number, line, _ in texted]
    has_media = bool(sending.row.media_urls or sending.row.files)
    if not await has_credits(session, organization_id, texts, has_media=has_media):
        await pause_by_system(session, sending.row, PauseReason.NO_CREDITS)
        return
    texted = await _within_daily_limits(session, sending, texted)
    pairs = [(line.id, number.id) for _, number, line, _ in texted]
    found = await conversations.ensure_conversations(session, organization_id, pairs)
    batch = Batch(organization_id, at=sending.at)
    for row, number, line, check in texted:
        window = None if sending.available.any_hour else sending.available.window(facts_of(number.number).zones)
        conversation = InboxRow(found[line.id, number.id], number)
        text = OutgoingText(
            body=sending.text_of(row),
            media_urls=sending.row.media_urls,
            files=files_of(sending.row),
            check=check,
            sent_by=sending.sender,
            message_id=row.id,
            broadcast=OfBroadcast(sending.row.id, sending.row.name, not_after=window.closes_at if window else None),
        )
        batch.queue(conversation, text, text_goes_out(state_of(conversation.conversation)))
        outcomes.append(_outcome(row, RecipientState.QUEUED))
    await batch.write(session)
    await queries.store_outcomes(session, outcomes)


def _by_hours(
    sending: _Sending, due: Sequence[BroadcastRecipient], numbers: Mapping[UUID, PhoneNumber]
) -> tuple[list[BroadcastRecipient], list[dict[str, Any]], list[dict[str, Any]]]:
    """Those that may be reached now, the times of those that have to wait, and those that never may (MASS-HOURS)."""
    now: list[BroadcastRecipient] = []
    deferred: list[dict[str, Any]] = []
    never: list[dict[str, Any]] = []
    for row in due:
        assert row.phone_number_id is not None
        zones = facts_of(numbers[row.phone_number_id].number).zones
        window = sending.available.window(zones)
        if sending.available.any_hour or (window is not None and window.is_open(sending.at)):
            now.append(row)
        elif window is None:
            never.append(_outcome(row, RecipientState.SKIPPED, LeftOut.NO_LAWFUL_HOUR))
        else:
            deferred.append({"organization_id": row.organization_id, "id": row.id, "due_at": window.opens_at})
    return now, deferred, never


_Checked = tuple[BroadcastRecipient, PhoneNumber, Line, OptInCheck]


async def _checked(
    session: AsyncSession,
    organization_id: UUID,
    rows: Sequence[BroadcastRecipient],
    numbers: Mapping[UUID, PhoneNumber],
    by_line: Mapping[UUID, Line],
) -> tuple[list[_Checked], list[dict[str, Any]]]:
    """Those that may be texted, and the outcomes of the others. Consent is that of now (MASS-OPTIN)."""
    moved = await queries.moved(session, organization_id, [row.id for row in rows])
    pairs = [
        (numbers[row.phone_number_id], by_line[row.line_id]) for row in rows if row.phone_number_id and row.line_id
    ]
    checks = await consent.check_many(session, organization_id, pairs)
    texted: list[_Checked] = []
    refused: list[dict[str, Any]] = []
    for row, (number, line), check in zip(rows, pairs, checks, strict=True):
        reason = consent_reason(check)
        if reason is None and row.id in moved:
            reason = LeftOut.MOVED.value
        if reason is None:
            texted.append((row, number, line, check))
        else:
            refused.append(_outcome(row, RecipientState.SKIPPED, reason))
    return texted, refused


async def _within_daily_limits(session: AsyncSession, sending: _Sending, texted: Sequence[_Checked]) -> list[_Checked]:
    """Those that their lines may send today. The others wait for tomorrow."""
    today, over = await within_daily_limits(session, sending.organization, texted, lambda each: each[2], at=sending.at)
    if over:
        tomorrow = Tomorrow(sending.organization, at=sending.at, any_hour=sending.available.any_hour)
        rows = [
            {
                "organization_id": row.organization_id,
                "id": row.id,
                "due_at": tomorrow.opens_at(facts_of(number.number).zones),
            }
            for row, number, _, _ in over
        ]
        await queries.store_due_times(session, rows)
    return today


def _outcome(row: BroadcastRecipient, state: RecipientState, reason: str | None = None) -> dict[str, Any]:
    return {"organization_id": row.organization_id, "id": row.id, "state": state.value, "reason": reason}


async def _defer_late(session: AsyncSession, sending: _Sending) -> bool:
    """Queued texts whose hours have ended get the next ones. The claim leaves them where they are till then.

    Returns whether there were any: a batch of their own, since new texts lock numbers first (decision 0006).
    """
    organization_id = sending.row.organization_id
    late = await outbox.out_of_window(session, organization_id, sending.row.id, limit=BATCH)
    if not late:
        return False
    still = await outbox.lock_queued(session, organization_id, [each.message_id for each in late])
    numbers = await queries.numbers_of(session, organization_id, [each.message_id for each in late])
    windows = []
    for each in late:
        window = sending.available.window(facts_of(numbers[each.message_id]).zones)
        if each.message_id in still:
            windows.append(_next_window(each.message_id, window, at=sending.at))
    await outbox.set_windows(session, organization_id, windows)
    return True


def _next_window(message_id: UUID, window: Window | None, *, at: datetime) -> outbox.Window:
    """Without any, as the hours stand, it is looked at again tomorrow."""
    if window is None:
        return outbox.Window(message_id, at + timedelta(days=1), at + timedelta(days=1, seconds=1))
    return outbox.Window(message_id, max(window.opens_at, at), window.closes_at)


# Cancelling and finishing.


async def _cancel_more(session: AsyncSession, row: Broadcast) -> bool:
    organization_id = row.organization_id
    if await queries.cancel_waiting(session, organization_id, row.id, limit=CANCEL_BATCH):
        return True
    queued = await outbox.queued_texts(session, organization_id, row.id, limit=BATCH)
    if queued:
        await _cancel_queued(session, organization_id, queued)
        return True
    if not await queries.is_unfinished(session, organization_id, row.id):
        await outbox.resume_broadcast(session, organization_id, row.id)  # Nothing of it waits any more.
        await _follow(session, row)
    return False


async def _cancel_queued(session: AsyncSession, organization_id: UUID, queued: Collection[outbox.WaitingText]) -> None:
    """Their messages fail, as cancelled. Those that a worker has claimed meanwhile stay."""
    locked = await conversations.lock_conversations(session, organization_id, {each.conversation_id for each in queued})
    still = await outbox.lock_queued(session, organization_id, [each.message_id for each in queued])
    messages = await queries.messages(session, organization_id, still)
    batch = Batch(organization_id, at=await database_time(session))
    report = StatusReport(
        provider_message_id="",
        provider_status=MessageStatus.FAILED.value,
        status=MessageStatus.FAILED,
        error_code=CANCELLED_CODE,
        error_title=CANCELLED_TITLE,
        opted_out=False,
        provider_time=None,
    )
    for message in messages.values():
        batch.report(locked[message.conversation_id], message, report)
    await batch.write(session)


async def _finish(session: AsyncSession, row: Broadcast, *, at: datetime) -> None:
    """Nothing waits to be queued now. It is sent once nothing waits at all."""
    if await queries.is_unfinished(session, row.organization_id, row.id):
        return
    state = after(BroadcastState(row.state), Deed.FINISH)
    assert state is not None
    row.state, row.finished_at, row.updated_at = state.value, at, at
    await refresh(session, row)
    await session.flush()
    await record(session, SYSTEM, Action.BROADCAST_FINISHED, row, {"counts": row.counts})
    announce_broadcast(session, row)


async def _follow(session: AsyncSession, row: Broadcast) -> None:
    """Deliveries are reported after the last text has left. Pages that show the report hear of them for a while."""
    at = await database_time(session)
    if row.finished_at is None or row.finished_at < at - FOLLOWED:
        row.is_active = False
        await session.flush()
        await refresh(session, row)


async def refresh(session: AsyncSession, row: Broadcast) -> None:
    """Count the recipients by state, and announce the counts if they have changed."""
    counted: dict[str, int] = {}
    for each in await queries.counts(session, row.organization_id, row.id):
        counted[each.state] = counted.get(each.state, 0) + each.recipients
    if counted != row.counts:
        row.counts = counted
        await session.flush()
        announce_broadcast(session, row)
