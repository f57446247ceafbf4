"""SQL of messages, their timelines and the outbox."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, literal_column, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import PassiveFlag
from sqlalchemy.orm.attributes import get_history

from api.access.models import ApiKey, StaffMember
from api.consent.keywords import Keyword
from api.conversations.message_rules import Direction
from api.conversations.models import Conversation, Message, MessageRow, OutboxEntry, TimelineEntry
from api.directory.models import PhoneNumber
from api.kit.bulk import is_any, update_together, uuids
from api.kit.changes import ChangesQuery
from api.kit.metadata_filter import with_metadata
from api.kit.paging import how_many_fit

_is_sent_by_staff_member = (StaffMember.organization_id == Message.organization_id) & (
    StaffMember.id == Message.sent_by_staff_member_id
)
_is_sent_by_api_key = (ApiKey.organization_id == Message.organization_id) & (ApiKey.id == Message.sent_by_api_key_id)


def _messages_of(organization_id: UUID) -> Select[Message, UUID, str]:
    """An organization's messages, as the columns of a `MessageRow`."""
    return (
        select(
            Message,
            func.coalesce(Message.sent_by_staff_member_id, Message.sent_by_api_key_id),
            func.coalesce(StaffMember.name, ApiKey.name),
        )
        .outerjoin(StaffMember, _is_sent_by_staff_member)
        .outerjoin(ApiKey, _is_sent_by_api_key)
        .where(Message.organization_id == organization_id)
    )


class Sender(NamedTuple):
    """Who of the business sent a message."""

    kind: str
    id: UUID
    name: str


async def senders_of_last_messages(
    session: AsyncSession, organization_id: UUID, conversations: Sequence[Conversation]
) -> dict[UUID, Sender]:
    """The sender of each conversation's last message, by conversation: none for a received or an automatic one."""
    sent = [each.id for each in conversations if each.last_message_direction == Direction.OUTBOUND.value]
    if not sent:
        return {}
    statement = (
        select(Message.conversation_id, Message.sent_by_api_key_id, StaffMember.id, StaffMember.name, ApiKey.name)
        .join(
            Conversation,
            (Conversation.organization_id == Message.organization_id)
            & (Conversation.id == Message.conversation_id)
            & (Conversation.last_seq == Message.seq),
        )
        .outerjoin(StaffMember, _is_sent_by_staff_member)
        .outerjoin(ApiKey, _is_sent_by_api_key)
        .where(Conversation.organization_id == organization_id, Conversation.id == is_any(sent))
    )
    senders: dict[UUID, Sender] = {}
    for conversation_id, api_key_id, staff_member_id, staff_name, key_name in await session.execute(statement):
        if api_key_id is not None:
            senders[conversation_id] = Sender("api_key", api_key_id, key_name or "")
        elif staff_member_id is not None:
            senders[conversation_id] = Sender("staff_member", staff_member_id, staff_name)
    return senders


PAGE_BYTES = 8_000_000
"""The most bytes of text on one page: 200 of the longest texts that carriers deliver fit."""


async def message_page(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID], *, limit: int
) -> tuple[list[MessageRow], bool]:
    """The first of these messages, in their order, and whether there are more.

    At most `limit` messages and `PAGE_BYTES` of text, but at least one message.
    """
    first = message_ids[:limit]
    # PostgreSQL reads the length of a text without the text.
    statement = select(Message.id, func.octet_length(Message.body)).where(
        Message.organization_id == organization_id, Message.id == is_any(first)
    )
    sizes: dict[UUID, int] = {row[0]: row[1] for row in await session.execute(statement)}
    shown = first[: how_many_fit([sizes[message_id] for message_id in first], PAGE_BYTES)]
    rows = {
        row.message.id: row
        for row in await _rows(session, _messages_of(organization_id).where(Message.id == is_any(shown)))
    }
    return [rows[message_id] for message_id in shown], len(shown) < len(message_ids)


class MessageFilter(NamedTuple):
    """Which messages a list shows: those that fit all that is given."""

    conversation_id: UUID | None
    metadata: Mapping[str, str | None]
    """Values that the message's metadata has."""


async def changed(
    session: AsyncSession, organization_id: UUID, narrowed: MessageFilter, changes: ChangesQuery
) -> tuple[list[MessageRow], str | None]:
    """A page of messages by time of change, and the cursor of the next page."""
    statement = select(Message.updated_at, Message.id).where(Message.organization_id == organization_id)
    if narrowed.conversation_id is not None:
        statement = statement.where(Message.conversation_id == narrowed.conversation_id)
    described = await with_metadata(session, Message, organization_id, narrowed.metadata)
    statement = changes.narrow(statement.where(described(Message.id)), Message.updated_at, Message.id)
    found = await session.execute(statement)
    keys = [(updated_at, message_id) for updated_at, message_id in found]
    rows, _ = await message_page(session, organization_id, [each for _, each in keys], limit=changes.limit)
    _, next_cursor = replace(changes, limit=len(rows)).cut(keys, lambda key: key)
    return rows, next_cursor


class ThreadPage(NamedTuple):
    rows: list[MessageRow]
    """In order of `seq`."""
    has_before: bool
    has_after: bool


class ThreadWindow(NamedTuple):
    """Which messages of a thread a page shows: those before, after or around a `seq`; the newest if all are None."""

    before_seq: int | None = None
    after_seq: int | None = None
    around_seq: int | None = None


async def thread(session: AsyncSession, conversation: Conversation, window: ThreadWindow, *, limit: int) -> ThreadPage:
    organization_id, last_seq = conversation.organization_id, conversation.last_seq
    before_seq, after_seq, around_seq = window
    in_thread = select(Message.id).where(
        Message.organization_id == organization_id, Message.conversation_id == conversation.id
    )
    if around_seq is not None:
        after_seq = await _seq_before(session, conversation, around_seq, count=limit // 2)
    if after_seq is not None:
        later = in_thread.where(Message.seq > after_seq).order_by(Message.seq).limit(limit + 1)
        ids = (await session.scalars(later)).all()
        rows, has_more = await message_page(session, organization_id, ids, limit=limit)
        return ThreadPage(rows, has_before=min(after_seq, last_seq) > 0, has_after=has_more)
    if before_seq is not None:
        in_thread = in_thread.where(Message.seq < before_seq)
    newest = in_thread.order_by(Message.seq.desc()).limit(limit + 1)
    ids = (await session.scalars(newest)).all()
    rows, has_more = await message_page(session, organization_id, ids, limit=limit)
    has_after = before_seq is not None and before_seq <= last_seq
    return ThreadPage(rows[::-1], has_before=has_more, has_after=has_after)


async def _seq_before(session: AsyncSession, conversation: Conversation, seq: int, *, count: int) -> int:
    """The `seq` after which a page starts that shows `count` messages before `seq`, or as many as fill half of it."""
    statement = (
        select(Message.seq, func.octet_length(Message.body))
        .where(
            Message.organization_id == conversation.organization_id,
            Message.conversation_id == conversation.id,
            Message.seq < seq,
        )
        .order_by(Message.seq.desc())
        .limit(count + 1)
    )
    earlier = list(await session.execute(statement))
    shown = min(count, bisect_right(list(accumulate(size for _, size in earlier)), PAGE_BYTES // 2))
    return earlier[shown][0] if len(earlier) > shown else 0


async def _rows(session: AsyncSession, statement: Select[Message, UUID, str]) -> list[MessageRow]:
    return [MessageRow(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def message(session: AsyncSession, organization_id: UUID, message_id: UUID) -> MessageRow | None:
    rows = await _rows(session, _messages_of(organization_id).where(Message.id == message_id))
    return rows[0] if rows else None


async def messages_by_ids(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]
) -> list[MessageRow]:
    return await _rows(session, _messages_of(organization_id).where(Message.id == is_any(message_ids)))


async def bytes_of(session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]) -> int:
    """The length of these messages' texts, in bytes. PostgreSQL knows it without reading them."""
    statement = select(func.coalesce(func.sum(func.octet_length(Message.body)), 0)).where(
        Message.organization_id == organization_id, Message.id == is_any(message_ids)
    )
    return int((await session.execute(statement)).scalar_one())


async def fresh_message(session: AsyncSession, organization_id: UUID, message_id: UUID) -> Message:
    """A message as it is now, although the session read it before its conversation was locked."""
    statement = select(Message).where(Message.organization_id == organization_id, Message.id == message_id)
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


UNSEEN_SHOWN = 50


async def unseen_messages(
    session: AsyncSession, conversation: Conversation, *, seen_seq: int, sender_id: UUID | None
) -> list[MessageRow]:
    """The first `UNSEEN_SHOWN` messages after `seen_seq`: the received ones; with `sender_id`, other senders' too.

    An automatic answer has no sender and is nobody's reply.
    """
    is_unseen: ColumnElement[bool] = Message.direction == Direction.INBOUND.value
    if sender_id is not None:
        sender = func.coalesce(Message.sent_by_staff_member_id, Message.sent_by_api_key_id)
        is_automatic = Message.is_away | Message.is_signup | Message.answers.is_not(None)
        is_unseen = or_(is_unseen, sender.is_distinct_from(sender_id) & ~is_automatic)
    statement = _messages_of(conversation.organization_id).where(
        Message.conversation_id == conversation.id, Message.seq > seen_seq, is_unseen
    )
    return await _rows(session, statement.order_by(Message.seq).limit(UNSEEN_SHOWN))


async def retry_of(session: AsyncSession, organization_id: UUID, message_id: UUID) -> UUID | None:
    """The later message that is a retry of this one."""
    return await session.scalar(
        select(Message.id).where(Message.organization_id == organization_id, Message.retry_of_message_id == message_id)
    )


class InboundAbove(NamedTuple):
    messages: int
    first_at: datetime | None
    """When the first of them arrived, by `created_at`."""


async def inbound_above(session: AsyncSession, organization_id: UUID, conversation_id: UUID, seq: int) -> InboundAbove:
    row = (
        await session.execute(
            select(func.count(), func.min(Message.created_at)).where(
                Message.organization_id == organization_id,
                Message.conversation_id == conversation_id,
                Message.seq > seq,
                Message.direction == Direction.INBOUND.value,
            )
        )
    ).one()
    return InboundAbove(*row)


async def answers_since(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Sequence[UUID], *, since: datetime
) -> dict[UUID, Counter[Keyword]]:
    """How often each number's keywords have been answered since then, by any line."""
    rows = await session.execute(
        select(Conversation.phone_number_id, Message.answers, func.count())
        .join(
            Message,
            (Message.organization_id == Conversation.organization_id) & (Message.conversation_id == Conversation.id),
        )
        .where(
            Conversation.organization_id == organization_id,
            Conversation.phone_number_id.in_(phone_number_ids),
            Message.answers.is_not(None),
            Message.created_at > since,
        )
        .group_by(Conversation.phone_number_id, Message.answers)
    )
    answered: dict[UUID, Counter[Keyword]] = {number_id: Counter() for number_id in phone_number_ids}
    for number_id, word, count in rows:
        answered[number_id][Keyword(str(word))] = count
    return answered


async def timeline(session: AsyncSession, organization_id: UUID, message_id: UUID) -> Sequence[TimelineEntry]:
    return (
        await session.scalars(
            select(TimelineEntry)
            .where(TimelineEntry.organization_id == organization_id, TimelineEntry.message_id == message_id)
            .order_by(TimelineEntry.at, TimelineEntry.id)
        )
    ).all()


_CHANGING = (
    "organization_id",
    "id",
    "status",
    "last_seq",
    "seen_seq",
    "unread_messages",
    "seen_deadline",
    "last_message_direction",
    "last_message_preview",
    "last_message_status",
    "last_message_created_at",
    "last_message_at",
    "version",
    "updated_at",
    "assignee_id",
    "waiting_since",
    "counted_seq",
    "not_sent",
    "reminder_at",
    "reminder_unless_answered",
    "reminder_set_by_id",
    "reminder_set_at",
    "reminder_due_since",
)
"""The columns of a conversation that change often, and its key."""


async def store_conversations(session: AsyncSession, rows: Sequence[Conversation]) -> None:
    """Write what has changed in these locked rows of one organization, and detach them from the session.

    A session would write them one by one.
    """
    for row in rows:
        if row in session:
            session.expunge(row)
    changed: list[dict[str, object]] = []
    described: list[dict[str, object]] = []
    for row in rows:
        columns = {name: getattr(row, name) for name in _CHANGING}
        if get_history(row, "metadata_", PassiveFlag.PASSIVE_NO_INITIALIZE).has_changes():
            described.append({**columns, "metadata": row.metadata_})
        else:
            changed.append(columns)
    await update_together(session, Conversation, changed)
    await update_together(session, Conversation, described)


async def settle_not_sent(session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]) -> None:
    """No text of these conversations is counted as not sent any more."""
    if conversation_ids:
        statement = update(Message).where(
            Message.organization_id == organization_id,
            Message.conversation_id == is_any(conversation_ids),
            Message.not_sent.is_(True),
        )
        await session.execute(statement.values(not_sent=False).execution_options(synchronize_session=False))


async def count_again(session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]) -> None:
    """Dismissed messages count as not sent again."""
    if message_ids:
        statement = update(Message).where(Message.organization_id == organization_id, Message.id == is_any(message_ids))
        await session.execute(statement.values(not_sent=True).execution_options(synchronize_session=False))


async def numbers_of(
    session: AsyncSession, organization_id: UUID, conversations: Sequence[Conversation]
) -> dict[UUID, str]:
    """The numbers of these conversations, by the id of their row."""
    ids = is_any([conversation.phone_number_id for conversation in conversations])
    statement = select(PhoneNumber.id, PhoneNumber.number).where(PhoneNumber.organization_id == organization_id)
    return {row[0]: row[1] for row in await session.execute(statement.where(PhoneNumber.id == ids))}


async def remove_outbox_entries(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID], *, state: str | None = None
) -> None:
    """The outbox entries of these messages; with `state`, only those that are in it."""
    if not message_ids:
        return
    statement = delete(OutboxEntry).where(
        OutboxEntry.organization_id == organization_id, OutboxEntry.id == is_any(message_ids)
    )
    if state is not None:
        statement = statement.where(OutboxEntry.state == state)
    await session.execute(statement.execution_options(synchronize_session=False))


async def bodies_after(session: AsyncSession, message: Message, *, limit: int) -> Sequence[str]:
    """The texts received after it in its conversation, newest first."""
    return (
        await session.scalars(
            select(Message.body)
            .where(
                Message.organization_id == message.organization_id,
                Message.conversation_id == message.conversation_id,
                Message.seq > message.seq,
                Message.direction == literal_column("'inbound'"),
            )
            .order_by(Message.seq.desc())
            .limit(limit)
        )
    ).all()


async def last_message_times(session: AsyncSession, organization_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When the newest text of each organization was stored. One without texts is left out."""
    wanted = select(func.unnest(uuids(organization_ids)).label("id")).subquery()
    newest = (
        select(Message.created_at)
        .where(Message.organization_id == wanted.c.id)
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(1)
        .lateral()
    )
    rows = await session.execute(select(wanted.c.id, newest.c.created_at).join(newest, true()))
    return {row[0]: row[1] for row in rows}
