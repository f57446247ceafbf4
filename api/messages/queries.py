"""SQL of the messages room."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import ApiKey, StaffMember
from api.consent.keywords import Keyword
from api.conversations.models import Conversation
from api.kit.bulk import insert_together
from api.kit.ids import new_id
from api.messages.models import Message, MessageEvent
from api.messages.rules import Direction
from api.messages.search_rules import search_vector


class MessageRow(NamedTuple):
    message: Message
    sender_id: UUID | None
    sender_name: str | None


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
    in_thread = messages_of(organization_id).where(Message.conversation_id == conversation_id)
    if around_seq is not None:
        after_seq = await _seq_before(session, organization_id, conversation_id, around_seq, count=limit // 2)
    if after_seq is not None:
        rows = await _rows(session, in_thread.where(Message.seq > after_seq).order_by(Message.seq).limit(limit + 1))
        shown = rows[:limit]
        return ThreadPage(shown, has_before=min(after_seq, last_seq) > 0, has_after=len(rows) > limit)
    if before_seq is not None:
        in_thread = in_thread.where(Message.seq < before_seq)
    rows = await _rows(session, in_thread.order_by(Message.seq.desc()).limit(limit + 1))
    has_after = before_seq is not None and before_seq <= last_seq
    return ThreadPage(list(reversed(rows[:limit])), has_before=len(rows) > limit, has_after=has_after)


async def _seq_before(
    session: AsyncSession, organization_id: UUID, conversation_id: UUID, seq: int, *, count: int
) -> int:
    """The `seq` after which a page starts that has `count` messages before `seq`."""
    earlier = list(
        await session.scalars(
            select(Message.seq)
            .where(
                Message.organization_id == organization_id,
                Message.conversation_id == conversation_id,
                Message.seq < seq,
            )
            .order_by(Message.seq.desc())
            .limit(count + 1)
        )
    )
    return earlier[-1] if len(earlier) > count else 0


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


async def timeline(session: AsyncSession, organization_id: UUID, message_id: UUID) -> Sequence[MessageEvent]:
    return (
        await session.scalars(
            select(MessageEvent)
            .where(MessageEvent.organization_id == organization_id, MessageEvent.message_id == message_id)
            .order_by(MessageEvent.at, MessageEvent.id)
        )
    ).all()


async def add_messages(session: AsyncSession, rows: Sequence[dict[str, object]]) -> None:
    """New messages, as the columns of a `Message` but for `search`."""
    vectors = [search_vector(str(row["body"]), organization_id=cast("UUID", row["organization_id"])) for row in rows]
    await insert_together(
        session, Message, [{**row, "search": vector} for row, vector in zip(rows, vectors, strict=True)]
    )


async def add_steps(session: AsyncSession, rows: Sequence[dict[str, object]]) -> None:
    """Steps of messages' timelines, as the columns of a `MessageEvent` but for `id`."""
    await insert_together(session, MessageEvent, [{"id": new_id(), **row} for row in rows])
