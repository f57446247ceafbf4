"""SQL of the search over messages.

The cost of a search must not depend on how common its words are, on the planner's statistics, or on other
organizations. So it takes two statements: the first looks through the newest messages, where common words fill a page.
If that finds too few, the second looks the words up in the index, at a cost in proportion to the matches. Decision 0008
has the figures.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.message_rules import Direction
from api.conversations.models import Message
from api.notes.models import Note
from api.search.rules import Term, search_condition

NEWEST = 1_000
"""Messages that the first statement looks through: about 2 µs each."""

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


async def limit_statements(session: AsyncSession, *, milliseconds: int) -> None:
    """Until the transaction ends, cancel slower statements, and plan each statement for its own words."""
    await session.execute(
        select(
            func.set_config("statement_timeout", str(milliseconds), True),
            # A generic plan would read every message with a common word from the index.
            func.set_config("plan_cache_mode", "force_custom_plan", True),
        )
    )


async def matching_ids(
    session: AsyncSession, organization_id: UUID, terms: Sequence[Term], narrowed: Filter, *, limit: int
) -> Sequence[UUID]:
    """The first `limit` messages that match, newest first by (created_at, id)."""
    condition = search_condition(terms, organization_id=organization_id)
    if narrowed.conversation_id is not None:
        return await _ids(session, _in_conversation(organization_id, condition, narrowed), limit=limit)
    ids = await _ids(session, _among_newest(organization_id, condition, narrowed), limit=limit)
    if len(ids) < limit:
        ids = await _ids(session, _indexed(organization_id, condition, narrowed), limit=limit)
    return ids


def _in_conversation(organization_id: UUID, condition: str, narrowed: Filter) -> Subquery:
    """Without the index: a conversation is short enough."""
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
    # OFFSET 0 keeps the planner from using any other index.
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


async def matching_notes(
    session: AsyncSession,
    organization_id: UUID,
    terms: Sequence[Term],
    *,
    conversation_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[UUID]:
    """The first `limit` notes that match, newest first by (created_at, id)."""
    condition = cast(literal(search_condition(terms, organization_id=organization_id)), TSQUERY)
    columns = (Note.organization_id, Note.id, Note.conversation_id, Note.created_at)
    # OFFSET 0 keeps the planner from using any other index.
    matching = select(*columns).where(Note.search.bool_op("@@")(condition)).offset(0).subquery()
    statement = select(matching.c.id).where(matching.c.organization_id == organization_id)
    if conversation_id is not None:
        statement = statement.where(matching.c.conversation_id == conversation_id)
    if before is not None:
        statement = statement.where(tuple_(matching.c.created_at, matching.c.id) < tuple_(*before))
    newest = statement.order_by(matching.c.created_at.desc(), matching.c.id.desc()).limit(limit)
    return (await session.scalars(newest)).all()
