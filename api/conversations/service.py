"""Conversations and their messages: reading them, starting a conversation, completing a received message.

`sending.py` accepts texts, `viewing.py` keeps viewers, closes and reopens, `lifecycle.py` writes every change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.rules import Principal
from api.access.viewers import staff_names
from api.consent import service as consent
from api.consent.keywords import Keyword, keyword
from api.consent.rules import OptInCheck, Reason
from api.conversations import inbox_queries, message_queries, queries, rules, scheduled_queries
from api.conversations.errors import NewMessages
from api.conversations.inbox_queries import InboxFilter, InboxSort, Indicator
from api.conversations.lifecycle import Batch, number_actor, state_of
from api.conversations.line_limits import TextLimits, notice_of, text_limits
from api.conversations.message_queries import MessageFilter, Sender, ThreadPage, ThreadWindow, senders_of_last_messages
from api.conversations.message_queries import answers_since as answers_since
from api.conversations.message_queries import last_message_times as last_message_times
from api.conversations.message_queries import message_page as message_page
from api.conversations.message_rules import content
from api.conversations.models import Conversation, InboxRow, Message, MessageRow
from api.conversations.queries import ViewerRow
from api.conversations.queries import conversations_by_ids as conversations_by_ids
from api.conversations.queries import ensure_conversations as ensure_conversations
from api.conversations.queries import lock_conversations as lock_conversations
from api.conversations.queries import viewed_conversations as viewed_conversations
from api.conversations.rules import Status
from api.directory import service as directory
from api.directory.models import PhoneNumber, Refusal
from api.directory.rules import Holder, OptInSource, display_name
from api.kit.changes import ChangesQuery
from api.kit.database import database_time
from api.kit.errors import Invalid, NotFound
from api.kit.metadata import MetadataChange, merged_or_invalid
from api.kit.phone import shown_number
from api.kit.preconditions import require_unchanged
from api.lines.models import Line
from api.lines.service import line_or_default, lines_by_ids, require_line

MAX_OF_NUMBER = 200
"""The most refusals, and the most conversations, that a number shows."""

STARTS_LOOKED_FOR = 100
"""The later texts of a conversation among which a START is looked for."""


@dataclass(frozen=True)
class ConversationView:
    """A conversation with everything that the inbox shows of it."""

    row: InboxRow
    line: Line
    check: OptInCheck
    holders: list[Holder]
    viewers: Sequence[ViewerRow]
    staff_names: Mapping[UUID, str]
    """Of its assignee, and of who set its reminder."""
    country: str
    """The organization's country."""
    last_sender: Sender | None
    """Who sent the last message; None if it was received, or is automatic."""
    scheduled_at: datetime | None
    """When its next scheduled text leaves."""
    held: int
    """How many of its scheduled texts are held back."""

    @property
    def display_name(self) -> str:
        number = shown_number(self.row.number.number, country=self.country)
        return display_name(self.holders, phone_number=number)

    @property
    def is_opted_out(self) -> bool:
        return self.check.stopped_at is not None or self.check.reason is Reason.OPTED_OUT

    @property
    def notice(self) -> str | None:
        """A warning to staff before they text this number from this line (NZ-NOTICE)."""
        return notice_of(self.line, self.row.number.number)

    @property
    def limits(self) -> TextLimits:
        return text_limits(self.line)


@dataclass(frozen=True)
class PhoneNumberView:
    """A phone number with its consent for the default line, its refusals and its conversations."""

    number: PhoneNumber
    check: OptInCheck
    refusals: Sequence[Refusal]
    conversations: Sequence[ConversationView]


async def require_conversation(session: AsyncSession, organization_id: UUID, conversation_id: UUID) -> InboxRow:
    """Raises `NotFound` if the id is not in this organization (PERM-TENANT)."""
    rows = await queries.conversations_by_ids(session, organization_id, [conversation_id])
    if conversation_id not in rows:
        raise NotFound("There is no such conversation.")
    return rows[conversation_id]


async def lock_conversation(
    session: AsyncSession, organization_id: UUID, conversation_id: UUID, *, with_number: bool = False
) -> InboxRow:
    """Lock a conversation, and compare it or its note with the request's `If-Match`.

    `with_number`: lock its phone number first, since consent is decided or changed.
    """
    row = await require_conversation(session, organization_id, conversation_id)
    number = row.number
    if with_number:
        number = await directory.lock_phone_number(session, organization_id, number.id)
    locked = await queries.lock_conversations(session, organization_id, [conversation_id])
    await require_unchanged(session)
    return InboxRow(locked[conversation_id], number)


def require_known_seq(conversation: Conversation, seen_seq: int) -> None:
    """Raises `Invalid` if the conversation has no message `seen_seq` yet."""
    if seen_seq > conversation.last_seq:
        raise Invalid([("/seen_seq", f"The last message of this conversation is {conversation.last_seq}.")])


async def require_all_seen(
    session: AsyncSession, conversation: Conversation, *, seen_seq: int, sender_id: UUID | None = None
) -> None:
    """Raises `NewMessages` if a message was received after `seen_seq` or, with `sender_id`, sent by another sender.

    Raises `Invalid` if the conversation has no message `seen_seq` yet.
    """
    require_known_seq(conversation, seen_seq)
    unseen = await message_queries.unseen_messages(session, conversation, seen_seq=seen_seq, sender_id=sender_id)
    if unseen:
        raise NewMessages(unseen)


async def require_message(session: AsyncSession, principal: Principal, message_id: UUID) -> MessageRow:
    """Raises `NotFound` if the id is not in the principal's organization."""
    row = await message_queries.message(session, principal.organization_id, message_id)
    if row is None:
        raise NotFound("There is no such message.")
    return row


async def thread(
    session: AsyncSession, principal: Principal, conversation_id: UUID, window: ThreadWindow, *, limit: int
) -> ThreadPage:
    row = await require_conversation(session, principal.organization_id, conversation_id)
    return await message_queries.thread(session, row.conversation, window, limit=limit)


async def indicator(session: AsyncSession, principal: Principal) -> Indicator:
    return await inbox_queries.indicator(session, principal.organization_id, staff_member_id=principal.staff_member_id)


async def inbox(
    session: AsyncSession,
    principal: Principal,
    narrowed: InboxFilter,
    *,
    sort: InboxSort,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[InboxRow]:
    """Conversations in the order of `sort`. Raises `NotFound` if the filter names an id that is not in this
    organization, and `Invalid` for closed conversations that wait.
    """
    if sort is InboxSort.LONGEST_WAITING and narrowed.status is Status.CLOSED:
        raise Invalid([("/query/sort", "Nobody waits in a closed conversation. Use another status.")])
    organization_id = principal.organization_id
    await _require_known(session, organization_id, narrowed)
    return await inbox_queries.inbox(session, organization_id, narrowed, sort=sort, before=before, limit=limit)


async def changed_conversations(
    session: AsyncSession, principal: Principal, narrowed: InboxFilter, changes: ChangesQuery
) -> list[InboxRow]:
    """Conversations by time of change. Raises `NotFound` as `inbox` does."""
    await _require_known(session, principal.organization_id, narrowed)
    return await inbox_queries.changed(session, principal.organization_id, narrowed, changes)


async def _require_known(session: AsyncSession, organization_id: UUID, narrowed: InboxFilter) -> None:
    """Raises `NotFound` if the filter names an id that is not in this organization."""
    if narrowed.family_id is not None:
        await directory.require(session, directory.FAMILY, organization_id, narrowed.family_id)
    if narrowed.staff_member_id is not None:
        await directory.require(session, directory.STAFF_MEMBER, organization_id, narrowed.staff_member_id)
    if narrowed.line_id is not None:
        await require_line(session, organization_id, narrowed.line_id)
    if isinstance(narrowed.assignee, UUID):
        await directory.require(session, directory.STAFF_MEMBER, organization_id, narrowed.assignee)


async def changed_messages(
    session: AsyncSession, principal: Principal, narrowed: MessageFilter, changes: ChangesQuery
) -> tuple[list[MessageRow], str | None]:
    """A page of messages by time of change, and the cursor of the next page, if there is one.

    Raises `NotFound` for a conversation that is not in this organization.
    """
    if narrowed.conversation_id is not None:
        await require_conversation(session, principal.organization_id, narrowed.conversation_id)
    changes = await changes.begun(session)
    return await message_queries.changed(session, principal.organization_id, narrowed, changes)


async def views_of(session: AsyncSession, principal: Principal, rows: Sequence[InboxRow]) -> list[ConversationView]:
    """The inbox's view of each row, read with a fixed number of statements."""
    return await views_in(session, principal.organization_id, rows)


async def views_in(session: AsyncSession, organization_id: UUID, rows: Sequence[InboxRow]) -> list[ConversationView]:
    """The same for everybody in the organization who may see conversations."""
    by_id = await lines_by_ids(session, organization_id, list({row.conversation.line_id for row in rows}))
    pairs = [(row.number, by_id[row.conversation.line_id]) for row in rows]
    checks = await consent.check_many(session, organization_id, pairs)
    holders = await directory.holders(session, organization_id, [row.number.id for row in rows])
    viewers: dict[UUID, list[ViewerRow]] = {row.conversation.id: [] for row in rows}
    for viewer in await queries.active_viewers(session, organization_id, list(viewers)):
        viewers[viewer.conversation_id].append(viewer)
    of_staff = [each for row in rows for each in (row.conversation.assignee_id, row.conversation.reminder_set_by_id)]
    names = await staff_names(session, organization_id, {each for each in of_staff if each is not None})
    country = await access.country_of_organization(session, organization_id)
    senders = await senders_of_last_messages(session, organization_id, [row.conversation for row in rows])
    scheduled = await scheduled_queries.next_times(session, organization_id, list(viewers))
    held = await scheduled_queries.held_counts(session, organization_id, list(viewers))
    return [
        ConversationView(
            row=row,
            line=line,
            check=check,
            holders=holders[row.number.id],
            viewers=viewers[row.conversation.id],
            staff_names=names,
            country=country,
            last_sender=senders.get(row.conversation.id),
            scheduled_at=scheduled.get(row.conversation.id),
            held=held.get(row.conversation.id, 0),
        )
        for row, (_, line), check in zip(rows, pairs, checks, strict=True)
    ]


async def view_of(session: AsyncSession, principal: Principal, row: InboxRow) -> ConversationView:
    (view,) = await views_of(session, principal, [row])
    return view


async def phone_number_view(session: AsyncSession, principal: Principal, given: str) -> PhoneNumberView:
    """Raises `NotFound` if the number is unknown, `Conflict` if the organization has no line to check it for."""
    organization_id = principal.organization_id
    number = await consent.require_phone_number(session, organization_id, given)
    check = await consent.check(session, number, await line_or_default(session, organization_id, None))
    narrowed = InboxFilter(phone_number=number.number)
    rows = await inbox_queries.inbox(session, organization_id, narrowed, limit=MAX_OF_NUMBER)
    return PhoneNumberView(
        number=number,
        check=check,
        refusals=await consent.newest_refusals(session, number, limit=MAX_OF_NUMBER),
        conversations=await views_of(session, principal, rows),
    )


async def start_conversation(
    session: AsyncSession, principal: Principal, *, number: str, line: Line, metadata: MetadataChange | None = None
) -> tuple[InboxRow, bool]:
    """The conversation between the line and the number, and whether it is new. `metadata` changes it either way.

    An existing conversation is returned whatever the opt-in check says. Raises `NotAllowedToText` if a new one is not
    allowed, `Invalid` if the number is the line's own.
    """
    organization_id = principal.organization_id
    if number == line.phone_number:
        raise Invalid([("/phone_number", "This is the line's own number. A line can't text itself.")])
    known = await directory.phone_number(session, organization_id, number)
    if known is not None and (existing := await queries.find_conversation(session, line, known)):
        return await _described(session, principal, existing, metadata), False
    consent.require_allowed(await consent.check_number(session, organization_id, number, line))
    locked = (await directory.ensure_phone_numbers(session, organization_id, [number]))[number]
    # Another request or a received message may have started it before the number was locked.
    if existing := await queries.find_conversation(session, line, locked):
        return await _described(session, principal, existing, metadata), False
    consent.require_allowed(await consent.check(session, locked, line))
    conversations = await queries.ensure_conversations(session, organization_id, [(line.id, locked.id)])
    row = InboxRow(conversations[line.id, locked.id], locked)
    batch = Batch(organization_id, at=await database_time(session))
    batch.change(row, rules.staff_reopens(state_of(row.conversation)), actor=principal.actor)
    batch.set_metadata(row, merged_or_invalid({}, metadata), actor=principal.actor)
    await batch.write(session)
    return row, True


async def _described(
    session: AsyncSession, principal: Principal, row: InboxRow, change: MetadataChange | None
) -> InboxRow:
    if change is None:
        return row
    return await change_metadata(session, principal, row.conversation.id, change)


async def change_metadata(
    session: AsyncSession, principal: Principal, conversation_id: UUID, change: MetadataChange | None
) -> InboxRow:
    """Change the metadata of a conversation. Raises `NotFound`, and `Invalid` for too many keys."""
    row = await lock_conversation(session, principal.organization_id, conversation_id)
    batch = Batch(principal.organization_id, at=await database_time(session))
    metadata = merged_or_invalid(row.conversation.metadata_, change)
    batch.set_metadata(row, metadata, actor=principal.actor)
    await batch.write(session)
    return row


async def lock_received_message(
    session: AsyncSession, organization_id: UUID, message_id: UUID
) -> tuple[InboxRow, Message]:
    """A received message under the locks of its phone number and its conversation."""
    message = await session.get_one(Message, (organization_id, message_id))
    row = await lock_conversation(session, organization_id, message.conversation_id, with_number=True)
    await session.refresh(message)
    return row, message


async def complete_received_message(
    session: AsyncSession, row: InboxRow, message: Message, *, body: str | None
) -> None:
    """Show a received message again, after its files have changed, with `body` as its whole text if that is not None.

    The rows are locked by `lock_received_message`. If the whole text is a STOP, the number stops (OPTIN-STOP), unless
    a later text is a START. A START lifts no stop, since the stop may be newer.
    """
    await session.refresh(message)
    batch = Batch(message.organization_id, at=await database_time(session))
    if body is not None and body != message.body:
        whole = content(body, organization_id=message.organization_id)
        message.body, message.search, message.asks_to_stop = whole.body, whole.search, whole.asks_to_stop
        message.segments, message.encoding = whole.segments.count, whole.segments.encoding.value
        if keyword(body) is Keyword.STOP and not await _started_since(session, message):
            actor = number_actor(row.number)
            stop = consent.stop(row.number, actor=actor, source=OptInSource.KEYWORD, at=batch.at, wording=body)
            batch.change_consent(row, stop)
    batch.show_again(row.conversation, message)
    await batch.write(session)


async def _started_since(session: AsyncSession, message: Message) -> bool:
    later = await message_queries.bodies_after(session, message, limit=STARTS_LOOKED_FOR)
    return any(keyword(body) is Keyword.START for body in later)
