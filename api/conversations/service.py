"""Conversations: the inbox, starting one, and moving its status under its lock."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries as access
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, Actor, ActorKind, NewEntry
from api.consent import service as consent
from api.consent.rules import OptInCheck, Reason
from api.consent.schemas import OptInCheckOut, OptInInstance, RefusalOut
from api.conversations import queries, rules
from api.conversations.models import Conversation
from api.conversations.queries import InboxRow
from api.conversations.rules import Change, ConversationState, Status, Transition
from api.conversations.schemas import ConversationDetail, ConversationOut, LastMessage, PhoneNumberOut, ViewerOut
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.directory.rules import Holder, display_name
from api.directory.types import HolderOut
from api.kit.database import database_time
from api.kit.errors import Invalid, NotFound
from api.kit.phone import country_of, shown_number
from api.lines import queries as lines
from api.lines.models import Line
from api.lines.rules import NZ_NOTICE, recipient_pays
from api.lines.service import line_or_default
from api.live.service import announce_conversation
from api.providers.port import SEND_LIMITS, ProviderName

ACTIONS = {
    Change.OPENED: Action.CONVERSATION_OPENED,
    Change.CLOSED: Action.CONVERSATION_CLOSED,
    Change.BECAME_UNREAD: Action.CONVERSATION_UNREAD,
}

SWEEP_BATCH = 100

MAX_OF_NUMBER = 200
"""Refusals, and conversations, that a number shows."""


def state_of(conversation: Conversation) -> ConversationState:
    return ConversationState(
        status=Status(conversation.status),
        last_seq=conversation.last_seq,
        seen_seq=conversation.seen_seq,
        unread_messages=conversation.unread_messages,
        seen_deadline=conversation.seen_deadline,
    )


def apply_state(conversation: Conversation, state: ConversationState, *, at: datetime) -> None:
    """Write a decided state to the locked row."""
    conversation.status = state.status.value
    conversation.last_seq = state.last_seq
    conversation.seen_seq = state.seen_seq
    conversation.unread_messages = state.unread_messages
    conversation.seen_deadline = state.seen_deadline
    conversation.updated_at = at


def change_entry(
    change: Change, actor: Actor, conversation_id: UUID, number: str, *, message_id: UUID | None = None
) -> NewEntry:
    return NewEntry(
        ACTIONS[change],
        actor,
        conversation_id=conversation_id,
        message_id=message_id,
        phone_number=number,
    )


def number_actor(number: PhoneNumber) -> Actor:
    return Actor(ActorKind.PHONE_NUMBER, number.id, number.number)


async def require_conversation(session: AsyncSession, organization_id: UUID, conversation_id: UUID) -> InboxRow:
    """Raises `NotFound`, also for another organization's (PERM-TENANT)."""
    row = await queries.conversation(session, organization_id, conversation_id)
    if row is None:
        raise NotFound("There is no such conversation.")
    return row


async def lock(
    session: AsyncSession, organization_id: UUID, conversation_id: UUID, *, with_number: bool = False
) -> InboxRow:
    """The conversation, locked; with its phone number locked before it where consent will be decided."""
    row = await require_conversation(session, organization_id, conversation_id)
    number = row.number
    if with_number:
        number = await directory.lock_phone_number(session, organization_id, number.id)
    locked = await queries.lock_conversations(session, organization_id, [conversation_id])
    return InboxRow(locked[conversation_id], number)


async def conversations_out(
    session: AsyncSession, organization_id: UUID, rows: Sequence[InboxRow]
) -> list[ConversationOut]:
    """The rows with everything the list shows, in a fixed number of statements."""
    checks = await _checks(session, organization_id, rows)
    holders = await directory.holders(session, organization_id, [row.number.id for row in rows])
    viewers = await _viewers(session, organization_id, [row.conversation.id for row in rows])
    country = (await access.organization(session, organization_id)).country
    return [
        ConversationOut(
            **_fields(row, check, holders[row.number.id], viewers.get(row.conversation.id, []), country=country)
        )
        for row, (check, _) in zip(rows, checks, strict=True)
    ]


async def conversation_out(session: AsyncSession, organization_id: UUID, row: InboxRow) -> ConversationDetail:
    ((check, line),) = await _checks(session, organization_id, [row])
    holders = await directory.holders(session, organization_id, [row.number.id])
    viewers = await _viewers(session, organization_id, [row.conversation.id])
    country = (await access.organization(session, organization_id)).country
    pays = recipient_pays(line_kind=line.kind, recipient_country=country_of(row.number.number))
    return ConversationDetail(
        **_fields(row, check, holders[row.number.id], viewers.get(row.conversation.id, []), country=country),
        opt_in_check=OptInCheckOut.of(check),
        notice=NZ_NOTICE if pays else None,
        max_segments=SEND_LIMITS[ProviderName(line.provider)].segments,
    )


async def phone_number_out(session: AsyncSession, number: PhoneNumber) -> PhoneNumberOut:
    """Raises `Conflict` if the business has no line: then nothing can be checked."""
    organization_id = number.organization_id
    check = await consent.check(session, number, await line_or_default(session, organization_id, None))
    rows = await queries.inbox(session, organization_id, phone_number=number.number, limit=MAX_OF_NUMBER)
    return PhoneNumberOut(
        phone_number=number.number,
        stopped_at=number.stopped_at,
        consent=OptInCheckOut.of(check),
        records=[OptInInstance.of(each) for each in check.instances if each.removal is None],
        refusals=[RefusalOut.of(each) for each in await consent.newest_refusals(session, number, limit=MAX_OF_NUMBER)],
        conversations=await conversations_out(session, organization_id, rows),
    )


async def _checks(
    session: AsyncSession, organization_id: UUID, rows: Sequence[InboxRow]
) -> list[tuple[OptInCheck, Line]]:
    by_id = await lines.lines_by_ids(session, organization_id, list({row.conversation.line_id for row in rows}))
    pairs = [(row.number, by_id[row.conversation.line_id]) for row in rows]
    checks = await consent.check_many(session, organization_id, pairs)
    return [(check, line) for check, (_, line) in zip(checks, pairs, strict=True)]


async def _viewers(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]
) -> dict[UUID, list[ViewerOut]]:
    by_conversation: dict[UUID, list[ViewerOut]] = {}
    for row in await queries.active_viewers(session, organization_id, conversation_ids):
        by_conversation.setdefault(row.conversation_id, []).append(
            ViewerOut(staff_member_id=row.staff_member_id, name=row.name, since=row.since)
        )
    return by_conversation


def _fields(
    row: InboxRow, check: OptInCheck, holders: list[Holder], viewers: list[ViewerOut], *, country: str
) -> dict[str, object]:
    conversation, number = row
    last_message = None
    if conversation.last_message_created_at is not None:
        last_message = LastMessage(
            seq=conversation.last_seq,
            direction=conversation.last_message_direction or "",
            preview=conversation.last_message_preview or "",
            created_at=conversation.last_message_created_at,
            status=conversation.last_message_status or "",
        )
    return {
        "id": conversation.id,
        "line_id": conversation.line_id,
        "phone_number": number.number,
        "display_name": display_name(holders, phone_number=shown_number(number.number, country=country)),
        "status": Status(conversation.status),
        "unread_messages": conversation.unread_messages,
        "last_seq": conversation.last_seq,
        "seen_seq": conversation.seen_seq,
        "last_message": last_message,
        "last_message_at": conversation.last_message_at,
        "holders": [HolderOut.of(holder) for holder in holders],
        "opted_out": check.stopped_at is not None or check.reason is Reason.OPTED_OUT,
        "viewers": viewers,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
    }


async def start_conversation(
    session: AsyncSession, principal: Principal, *, number: str, line: Line
) -> tuple[InboxRow, bool]:
    """The conversation between the line and the number, and whether it is new.

    One that exists is returned whatever the opt-in check says; a new one needs it to allow, else
    `NotAllowedToText` is raised. Raises `Invalid` for the line's own number.
    """
    organization_id = principal.organization_id
    if number == line.phone_number:
        raise Invalid([("/phone_number", "This is the line's own number. A line can't text itself.")])
    known = await directory.phone_number(session, organization_id, number)
    if known is not None:
        existing = await queries.find_conversation(session, organization_id, line_id=line.id, phone_number_id=known.id)
        if existing is not None:
            return InboxRow(existing, known), False
    consent.require_allowed(await consent.check_number(session, organization_id, number, line))
    locked = (await directory.ensure_phone_numbers(session, organization_id, [number]))[number]
    # Somebody may have started it, or texted, before the number was locked.
    existing = await queries.find_conversation(session, organization_id, line_id=line.id, phone_number_id=locked.id)
    if existing is not None:
        return InboxRow(existing, locked), False
    consent.require_allowed(await consent.check(session, locked, line))
    conversations = await queries.ensure_conversations(session, organization_id, [(line.id, locked.id)])
    conversation = conversations[line.id, locked.id]
    await session.refresh(conversation)
    at = await database_time(session)
    transition = rules.staff_reopens(state_of(conversation))
    await record_transition(session, InboxRow(conversation, locked), transition, actor=principal.actor, at=at)
    return InboxRow(conversation, locked), True


async def record_transition(
    session: AsyncSession,
    row: InboxRow,
    transition: Transition,
    *,
    actor: Actor,
    at: datetime,
    entries: Sequence[NewEntry] = (),
) -> None:
    """Write a transition to the locked row, with its audit entries (`entries` first) and its announcement."""
    conversation, number = row
    if transition.state != state_of(conversation):
        apply_state(conversation, transition.state, at=at)
        announce_conversation(session, conversation.organization_id, conversation.id)
    await session.flush()
    written = list(entries)
    if transition.change is not None:
        written.append(change_entry(transition.change, actor, conversation.id, number.number))
    await audit.record(session, conversation.organization_id, *written, at=at)


async def reopen(session: AsyncSession, principal: Principal, conversation_id: UUID) -> InboxRow:
    row = await lock(session, principal.organization_id, conversation_id)
    at = await database_time(session)
    transition = rules.staff_reopens(state_of(row.conversation))
    await record_transition(session, row, transition, actor=principal.actor, at=at)
    return row


async def stop_viewing(session: AsyncSession, principal: Principal, *, conversation_id: UUID, viewer_id: UUID) -> None:
    """Release a lease at once (STATUS-VIEWING). Nothing happens when there is none."""
    # With the lock it is before or after a message that arrives, not beside it (decision 0010).
    await lock(session, principal.organization_id, conversation_id)
    if principal.staff_member_id is None:
        return
    released = await queries.release_lease(
        session,
        principal.organization_id,
        conversation_id=conversation_id,
        staff_member_id=principal.staff_member_id,
        viewer_id=viewer_id,
    )
    if released:
        announce_conversation(session, principal.organization_id, conversation_id)


async def sweep(session: AsyncSession, organization_id: UUID) -> int:
    """Clear away ended leases, and make unread what no viewer confirmed in time. Returns how many became unread."""
    due = await queries.due_seen_deadlines(session, organization_id, limit=SWEEP_BATCH)
    # Conversations are locked before leases, as by whoever views one: the other way round the two could deadlock.
    locked = await queries.lock_conversations(session, organization_id, due) if due else {}
    for conversation_id in await queries.delete_ended_leases(session, organization_id):
        announce_conversation(session, organization_id, conversation_id)
    if not locked:
        return 0
    at = await database_time(session)
    entries: list[NewEntry] = []
    for conversation in locked.values():
        transition = rules.seen_deadline_passes(state_of(conversation), at=at)
        if transition.change is None:
            continue
        row = await require_conversation(session, organization_id, conversation.id)
        apply_state(conversation, transition.state, at=at)
        announce_conversation(session, organization_id, conversation.id)
        entries.append(change_entry(transition.change, number_actor(row.number), conversation.id, row.number.number))
    await session.flush()
    await audit.record(session, organization_id, *entries, at=at)
    return len(entries)


async def hold_viewer(
    session: AsyncSession,
    principal: Principal,
    *,
    conversation_id: UUID,
    staff_member_id: UUID,
    viewer_id: UUID,
    lease: timedelta,
    at: datetime,
) -> bool:
    """Start or renew a lease; True when it starts a visit, which is announced."""
    starts = await queries.hold_lease(
        session,
        principal.organization_id,
        conversation_id=conversation_id,
        staff_member_id=staff_member_id,
        session_id=principal.credential_id,
        viewer_id=viewer_id,
        at=at,
        lease=lease,
    )
    if starts:
        announce_conversation(session, principal.organization_id, conversation_id)
    return starts
