"""SQL of the messages room."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, delete, func, literal_column, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import ApiKey, StaffMember
from api.consent.keywords import Keyword
from api.conversations.message_rules import Direction, Encoding
from api.conversations.models import Conversation, Message, MessageRow, OutboxEntry, TimelineEntry
from api.kit.bulk import insert_together
from api.kit.lexemes import search_vector


def messages_of(organization_id: UUID) -> Select[Message, UUID, str]:
    """The messages of a business, each with who sent it."""
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
"""Of the texts on one page: 200 of the longest that carriers deliver fit. Longer ones make a page of fewer."""


async def within_page_bytes(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]
) -> Sequence[UUID]:
    """The first of these messages, in their order, until their texts fill a page: one at least."""
    # PostgreSQL knows the length of a text without reading it.
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


async def thread(
    session: AsyncSession,
    organization_id: UUID,
    conversation_id: UUID,
    *,
    before_seq: int | None = None,
    after_seq: int | None = None,
    around_seq: int | None = None,
    last_seq: int,
    limit: int,
) -> ThreadPage:
    """A page of a thread that ends at `last_seq`: its newest messages, or those before, after or around a `seq`."""
    in_thread = select(Message.id).where(
        Message.organization_id == organization_id, Message.conversation_id == conversation_id
    )
    if around_seq is not None:
        after_seq = await _seq_before(session, organization_id, conversation_id, around_seq, count=limit // 2)
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
    """The messages of a page in order of `seq`, and whether `statement`, which has one id more, leads further."""
    ids = (await session.scalars(statement)).all()
    shown = await within_page_bytes(session, organization_id, ids[:limit])
    rows = await _rows(session, messages_of(organization_id).where(Message.id.in_(shown)).order_by(Message.seq))
    return rows, len(shown) < len(ids)


async def _seq_before(
    session: AsyncSession, organization_id: UUID, conversation_id: UUID, seq: int, *, count: int
) -> int:
    """The `seq` after which a page starts that has `count` messages before `seq`, or as many as half fill a page."""
    statement = (
        select(Message.seq, func.octet_length(Message.body))
        .where(
            Message.organization_id == organization_id,
            Message.conversation_id == conversation_id,
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


async def missed(
    session: AsyncSession,
    organization_id: UUID,
    conversation_id: UUID,
    *,
    after_seq: int,
    except_sender_id: UUID | None,
    inbound_only: bool,
    limit: int,
) -> list[MessageRow]:
    """What has come since `after_seq`: arrivals and, unless `inbound_only`, what somebody else has sent."""
    statement = messages_of(organization_id).where(Message.conversation_id == conversation_id, Message.seq > after_seq)
    arrived = Message.direction == Direction.INBOUND.value
    if inbound_only:
        statement = statement.where(arrived)
    else:
        sender = func.coalesce(Message.sent_by_staff_member_id, Message.sent_by_api_key_id)
        statement = statement.where(or_(arrived, sender.is_distinct_from(except_sender_id)))
    return await _rows(session, statement.order_by(Message.seq).limit(limit))


class InboundAbove(NamedTuple):
    messages: int
    first_at: datetime | None
    """The earliest time at which one of them arrived."""


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
    """How often each number's keywords have been answered, by whichever line."""
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
    """New messages, as the columns of a `Message` that have no default; all rows name the same."""
    await insert_together(session, Message, rows)


STORE_CONVERSATIONS = text(
    "UPDATE conversations AS stored SET status = new.status, last_seq = new.last_seq, seen_seq = new.seen_seq,"
    " unread_messages = new.unread_messages, seen_deadline = new.seen_deadline,"
    " last_message_direction = new.direction, last_message_preview = new.preview,"
    " last_message_status = new.message_status, last_message_created_at = new.created_at,"
    " last_message_at = new.last_message_at, updated_at = new.updated_at"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:last_seqs AS integer[]),"
    " CAST(:seen_seqs AS integer[]), CAST(:unread AS integer[]), CAST(:deadlines AS timestamptz[]),"
    " CAST(:directions AS text[]), CAST(:previews AS text[]), CAST(:message_statuses AS text[]),"
    " CAST(:created AS timestamptz[]), CAST(:last_at AS timestamptz[]), CAST(:updated AS timestamptz[]))"
    " AS new(id, status, last_seq, seen_seq, unread_messages, seen_deadline, direction, preview, message_status,"
    " created_at, last_message_at, updated_at)"
    " WHERE stored.organization_id = :organization_id AND stored.id = new.id"
)


async def store_conversations(session: AsyncSession, rows: Sequence[Conversation]) -> None:
    """Write what changes of these locked rows of one organization. The session lets go of them."""
    if not rows:
        return
    for row in rows:
        if row in session:
            # The statement writes them all at once; the session would write them one by one.
            session.expunge(row)
    await session.execute(
        STORE_CONVERSATIONS,
        {
            "organization_id": rows[0].organization_id,
            "ids": [row.id for row in rows],
            "statuses": [row.status for row in rows],
            "last_seqs": [row.last_seq for row in rows],
            "seen_seqs": [row.seen_seq for row in rows],
            "unread": [row.unread_messages for row in rows],
            "deadlines": [row.seen_deadline for row in rows],
            "directions": [row.last_message_direction for row in rows],
            "previews": [row.last_message_preview for row in rows],
            "message_statuses": [row.last_message_status for row in rows],
            "created": [row.last_message_created_at for row in rows],
            "last_at": [row.last_message_at for row in rows],
            "updated": [row.updated_at for row in rows],
        },
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
    """The whole text of a received message, and what is derived from it."""
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
    """The texts that came later in its conversation, newest first."""
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
    """As it is now, whatever this session knew of it."""
    return (
        await session.scalars(
            select(Message)
            .where(Message.organization_id == organization_id, Message.id == message_id)
            .execution_options(populate_existing=True)
        )
    ).one()
