"""SQL of the search over messages.

What a search costs must not depend on how common its words are, on the planner's statistics, or on other businesses.
So it is asked in two steps. The newest messages are looked through first: common words fill a page there. Only what is
too rare for that is looked up in the index, where it costs as much as there are matches. Decision 0008 has the figures.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.message_queries import messages_of, within_page_bytes
from api.conversations.message_rules import Direction
from api.conversations.models import Conversation, InboxRow, Message, MessageRow
from api.directory.models import PhoneNumber
from api.search.rules import SearchQuery, search_condition

NEWEST = 1_000
"""Messages looked through before the index is asked: about 2 µs each."""

_KEY = (Message.organization_id, Message.id, Message.conversation_id, Message.direction, Message.created_at)


class Filter(NamedTuple):
    conversation_id: UUID | None = None
    direction: Direction | None = None
    since: datetime | None = None
    """Inclusive."""
    until: datetime | None = None
    """Exclusive."""
    before: tuple[datetime, UUID] | None = None
    """The (created_at, id) of the last message of the page before."""


class FoundRow(NamedTuple):
    row: MessageRow
    conversation: InboxRow


class FoundPage(NamedTuple):
    rows: list[FoundRow]
    has_more: bool


async def limit_statements(session: AsyncSession, *, milliseconds: int) -> None:
    """Until the transaction ends, what takes longer is cancelled, and each statement is planned for its own words."""
    await session.execute(
        select(
            func.set_config("statement_timeout", str(milliseconds), True),
            # A plan made once for all words would ask the index for every message with a common one.
            func.set_config("plan_cache_mode", "force_custom_plan", True),
        )
    )


async def found(
    session: AsyncSession, organization_id: UUID, query: SearchQuery, narrowed: Filter, *, limit: int
) -> FoundPage:
    """The messages that match, newest first by (created_at, id): `limit` of them, or fewer where they are long."""
    condition = search_condition(query, organization_id=organization_id)
    if narrowed.conversation_id is not None:
        ids = await _ids(session, _in_conversation(organization_id, condition, narrowed), limit=limit + 1)
    else:
        ids = await _ids(session, _among_newest(organization_id, condition, narrowed), limit=limit + 1)
        if len(ids) <= limit:
            ids = await _ids(session, _indexed(organization_id, condition, narrowed), limit=limit + 1)
    shown = await within_page_bytes(session, organization_id, ids[:limit])
    return FoundPage(await _loaded(session, organization_id, shown), has_more=len(shown) < len(ids))


def _in_conversation(organization_id: UUID, condition: str, narrowed: Filter) -> Subquery:
    """A conversation is short enough to be looked through."""
    conditions = _conditions(Message, organization_id, narrowed)
    return select(*_KEY).where(*conditions, _matches(condition)).subquery()


def _among_newest(organization_id: UUID, condition: str, narrowed: Filter) -> Subquery:
    newest = (
        select(*_KEY, Message.search)
        .where(*_conditions(Message, organization_id, narrowed))
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(NEWEST)
        .subquery()
    )
    matching = newest.c.search.bool_op("@@")(cast(literal(condition), TSQUERY))
    return select(newest).where(matching).subquery()


def _indexed(organization_id: UUID, condition: str, narrowed: Filter) -> Subquery:
    # OFFSET 0 keeps the planner from using another index in place of this one, or beside it.
    matching = select(*_KEY).where(_matches(condition)).offset(0).subquery()
    return select(matching).where(*_conditions(matching.c, organization_id, narrowed)).subquery()


def _matches(condition: str) -> ColumnElement[bool]:
    return Message.search.bool_op("@@")(cast(literal(condition), TSQUERY))


def _conditions(columns: Any, organization_id: UUID, narrowed: Filter) -> list[ColumnElement[bool]]:
    """`columns`: those of `Message`, or of a subquery that has its key."""
    conditions: list[ColumnElement[bool]] = [columns.organization_id == organization_id]
    if narrowed.conversation_id is not None:
        conditions.append(columns.conversation_id == narrowed.conversation_id)
    if narrowed.direction is not None:
        conditions.append(columns.direction == narrowed.direction.value)
    if narrowed.since is not None:
        conditions.append(columns.created_at >= narrowed.since)
    if narrowed.until is not None:
        conditions.append(columns.created_at < narrowed.until)
    if narrowed.before is not None:
        conditions.append(tuple_(columns.created_at, columns.id) < tuple_(*narrowed.before))
    return conditions


async def _ids(session: AsyncSession, candidates: Subquery, *, limit: int) -> Sequence[UUID]:
    statement = select(candidates.c.id).order_by(candidates.c.created_at.desc(), candidates.c.id.desc()).limit(limit)
    return (await session.scalars(statement)).all()


async def _loaded(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> list[FoundRow]:
    """The messages with their conversations, in the order of `ids`."""
    if not ids:
        return []
    statement: Select[Any] = (
        messages_of(organization_id)
        .add_columns(Conversation, PhoneNumber)
        .join(
            Conversation,
            (Conversation.organization_id == Message.organization_id) & (Conversation.id == Message.conversation_id),
        )
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == Conversation.organization_id)
            & (PhoneNumber.id == Conversation.phone_number_id),
        )
        .where(Message.id.in_(ids))
    )
    by_id = {
        row[0].id: FoundRow(MessageRow(row[0], row[1], row[2]), InboxRow(row[3], row[4]))
        for row in await session.execute(statement)
    }
    return [by_id[message_id] for message_id in ids]
