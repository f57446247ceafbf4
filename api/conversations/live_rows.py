"""What live events carry of conversations: rows, messages and the indicator, read once for all who are shown them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations import inbox_queries, message_queries, queries, service
from api.conversations.endpoints import conversation_detail
from api.conversations.models import InboxRow
from api.conversations.schemas import IndicatorOut
from api.conversations.types import MessageOut
from api.live.events import Content
from api.live.gathering import Change, TooMuch

MAX_ROWS = 500
"""Conversations of one read."""

LIVE_BYTES = 2_000_000
"""Text of one read."""


class ConversationReader:
    """Reads the changes of messages, of conversations, of numbers' consent, and the indicator, in this order.

    An event carries the conversation's version when it was read. The rows of a message and of a number come with it.
    """

    types = frozenset({"message", "conversation", "opt_in", "indicator"})

    async def __call__(
        self, session: AsyncSession, organization_id: UUID, changes: Sequence[Change]
    ) -> Sequence[Content]:
        by_type: dict[str, list[Change]] = {each: [] for each in self.types}
        for change in changes:
            by_type[change["type"]].append(change)
        numbers = {change["phone_number"] for change in by_type["opt_in"]}
        named = [*by_type["conversation"], *by_type["message"]]
        ids = dict.fromkeys(UUID(change["conversation_id"]) for change in named)
        if numbers:
            ids |= dict.fromkeys(
                await queries.conversations_of_numbers(session, organization_id, numbers, limit=MAX_ROWS + 1)
            )
        if len(ids) > MAX_ROWS:
            raise TooMuch
        rows = await queries.conversations_by_ids(session, organization_id, ids) if ids else {}
        message_ids = [UUID(change["message_id"]) for change in by_type["message"]]
        contents = [
            *await _messages(session, organization_id, message_ids, rows),
            *await _conversations(session, organization_id, [rows[each] for each in ids if each in rows]),
            *(Content("opt_in", {"phone_number": number}) for number in sorted(numbers)),
        ]
        if by_type["indicator"]:
            contents.append(await _indicator(session, organization_id))
        return contents


async def _messages(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID], rows: Mapping[UUID, InboxRow]
) -> list[Content]:
    """In the order of their threads. One that is not there any more has no event."""
    if not message_ids:
        return []
    if await message_queries.bytes_of(session, organization_id, message_ids) > LIVE_BYTES:
        raise TooMuch
    found = await message_queries.messages_by_ids(session, organization_id, message_ids)
    found.sort(key=lambda row: (row.message.conversation_id, row.message.seq))
    return [
        Content(
            "message",
            {
                "conversation_id": row.message.conversation_id,
                "message_id": row.message.id,
                "version": rows[row.message.conversation_id].version,
                "message": MessageOut.of(row),
            },
        )
        for row in found
    ]


async def _indicator(session: AsyncSession, organization_id: UUID) -> Content:
    counts = await inbox_queries.indicator(session, organization_id, staff_member_id=None)
    mine = await inbox_queries.mine_by_staff_member(session, organization_id)
    personal = {staff_member_id: {"mine_conversations": count} for staff_member_id, count in mine.items()}
    return Content("indicator", IndicatorOut.model_validate(counts).model_dump(), personal)


async def _conversations(session: AsyncSession, organization_id: UUID, rows: Sequence[InboxRow]) -> list[Content]:
    if not rows:
        return []
    return [
        Content(
            "conversation",
            {
                "conversation_id": view.row.conversation.id,
                "version": view.row.version,
                "conversation": conversation_detail(view),
            },
        )
        for view in await service.views_in(session, organization_id, rows)
    ]
