"""SQL of messages, their timelines and the outbox."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import ApiKey, StaffMember
from api.consent.keywords import Keyword
from api.conversations.message_rules import Direction, Encoding
from api.conversations.models import Conversation, Message, MessageRow, OutboxEntry, TimelineEntry
from api.kit.bulk import insert_together
from api.kit.lexemes import search_vector


def messages_of(organization_id: UUID) -> Select[Message, UUID, str]:
    """An organization's messages, as the columns of a `MessageRow`."""
    return (
        select(
            Message,
            func.coalesce(Message.sent_by_staff_member_id, Message.sent_by_api_key_id),
            func.coalesce(StaffMember.name, ApiKey.name),
        )
        .outerjoin(
            StaffMember,
            (StaffMember.organization_id == Message.organization_id)
            & (StaffMember.id == Message.sent_by_staff_member_id),
        )
        .outerjoin(
            ApiKey,
            (ApiKey.organization_id == Message.organization_id) & (ApiKey.id == Message.sent_by_api_key_id),
        )
        .where(Message.organization_id == organization_id)
    )


PAGE_BYTES = 8_000_000
"""The most bytes of text on one page: 200 of the longest texts that carriers deliver fit."""


async def within_page_bytes(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]
) -> Sequence[UUID]:
    """The first of these messages, in their order, whose texts fit on a page; at least one."""
    # PostgreSQL reads the length of a text without the text.
    statement = select(Message.id, func.octet_length(Message.body)).where(
        Message.organization_id == organization_id, Message.id.in_(message_ids)
    )
    sizes: dict[UUID, int] = {row[0]: row[1] for row in await session.execute(statement)}
    ends = list(accumulate(sizes[message_id] for message_id in message_ids))
    return message_ids[: max(1, bisect_right(ends, PAGE_BYTES))]


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
        rows, has_more = await _page(session, organization_id, later, limit=limit)
        return ThreadPage(rows, has_before=min(after_seq, last_seq) > 0, has_after=has_more)
    if before_seq is not None:
        in_thread = in_thread.where(Message.seq < before_seq)
    newest = in_thread.order_by(Message.seq.desc()).limit(limit + 1)
    rows, has_more = await _page(session, organization_id, newest, limit=limit)
    has_after = before_seq is not None and before_seq <= last_seq
    return ThreadPage(rows, has_before=has_more, has_after=has_after)


async def _page(
    session: AsyncSession, organization_id: UUID, statement: Select[UUID], *, limit: int
) -> tuple[list[MessageRow], bool]:
    """The messages of a page in order of `seq`, and whether there are more. `statement` selects `limit` + 1 ids."""
    ids = (await session.scalars(statement)).all()
    shown = await within_page_bytes(session, organization_id, ids[:limit])
    rows = await _rows(session, messages_of(organization_id).where(Message.id.in_(shown)).order_by(Message.seq))
    return rows, len(shown) < len(ids)


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
    rows = await _rows(session, messages_of(organization_id).where(Message.id == message_id))
    return rows[0] if rows else None


MISSED_SHOWN = 50


async def arrived(session: AsyncSession, conversation: Conversation, *, after_seq: int) -> list[MessageRow]:
    """The first `MISSED_SHOWN` messages received after `after_seq`."""
    return await _after(session, conversation, after_seq, Message.direction == Direction.INBOUND.value)


async def missed(
    session: AsyncSession, conversation: Conversation, *, after_seq: int, except_sender_id: UUID
) -> list[MessageRow]:
    """The first `MISSED_SHOWN` messages after `after_seq`: received, or sent by another sender."""
    sender = func.coalesce(Message.sent_by_staff_member_id, Message.sent_by_api_key_id)
    by_others = sender.is_distinct_from(except_sender_id)
    return await _after(session, conversation, after_seq, or_(Message.direction == Direction.INBOUND.value, by_others))


async def _after(
    session: AsyncSession, conversation: Conversation, after_seq: int, condition: ColumnElement[bool]
) -> list[MessageRow]:
    statement = messages_of(conversation.organization_id).where(
        Message.conversation_id == conversation.id, Message.seq > after_seq, condition
    )
    return await _rows(session, statement.order_by(Message.seq).limit(MISSED_SHOWN))


async def is_retried(session: AsyncSession, organization_id: UUID, message_id: UUID) -> bool:
    """Whether a later message is a retry of this one."""
    statement = select(Message.id).where(
        Message.organization_id == organization_id, Message.retry_of_message_id == message_id
    )
    return (await session.execute(statement)).first() is not None


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


async def add_messages(session: AsyncSession, rows: Sequence[dict[str, object]]) -> None:
    """New messages, as the columns of a `Message` without `search`."""
    vectors = [search_vector(str(row["body"]), organization_id=cast("UUID", row["organization_id"])) for row in rows]
    await insert_together(
        session, Message, [{**row, "search": vector} for row, vector in zip(rows, vectors, strict=True)]
    )


async def add_timeline_entries(session: AsyncSession, rows: Sequence[dict[str, object]]) -> None:
    """New timeline entries, as the columns of a `TimelineEntry`."""
    await insert_together(session, TimelineEntry, rows)


async def add_outbox_entries(session: AsyncSession, rows: Sequence[dict[str, object]]) -> None:
    """Queue messages. `rows`: the columns of an `OutboxEntry` that have no default."""
    await insert_together(session, OutboxEntry, rows)


async def remove_outbox_entries(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID], *, state: str | None = None
) -> None:
    """The outbox entries of these messages; with `state`, only those that are in it."""
    if not message_ids:
        return
    statement = delete(OutboxEntry).where(
        OutboxEntry.organization_id == organization_id, OutboxEntry.id.in_(message_ids)
    )
    if state is not None:
        statement = statement.where(OutboxEntry.state == state)
    await session.execute(statement.execution_options(synchronize_session=False))


async def set_body(
    session: AsyncSession, message: Message, *, body: str, segments: int, encoding: Encoding, asks_to_stop: bool
) -> None:
    """Store the whole text of a received message, and what is derived from it."""
    await session.execute(
        update(Message)
        .where(Message.organization_id == message.organization_id, Message.id == message.id)
        .values(
            body=body,
            segments=segments,
            encoding=encoding.value,
            asks_to_stop=asks_to_stop,
            search=search_vector(body, organization_id=message.organization_id),
        )
        .execution_options(synchronize_session=False)
    )
    await session.refresh(message, ["body", "segments", "encoding", "asks_to_stop"])


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


async def received_message(session: AsyncSession, organization_id: UUID, message_id: UUID) -> Message:
    """The message as it is now in the database, whatever this session has loaded of it."""
    return (
        await session.scalars(
            select(Message)
            .where(Message.organization_id == organization_id, Message.id == message_id)
            .execution_options(populate_existing=True)
        )
    ).one()
