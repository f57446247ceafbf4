"""SQL of the inbox: its filters, its two orders, and the counts of the indicator."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Select,
    and_,
    false,
    func,
    literal_column,
    not_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from api.conversations.models import IS_DEFERRED, Conversation, InboxRow
from api.conversations.queries import inbox_rows, with_number
from api.conversations.rules import Status
from api.conversations.scheduled_queries import with_held
from api.directory.models import PhoneNumber
from api.directory.service import phone_number_ids_of, phone_number_ids_with_tag
from api.kit.changes import ChangesQuery
from api.kit.metadata_filter import with_metadata
from api.kit.phone import old_spellings


class InboxSort(StrEnum):
    NEWEST = "newest"
    """By the last message, the newest first."""
    LONGEST_WAITING = "longest_waiting"
    """Conversations in which somebody waits for an answer, the longest first; none that are closed."""


class NobodysOwn(StrEnum):
    """An assignee to filter by, beside staff members."""

    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class InboxFilter:
    """Which conversations a list shows. Every condition that is not None must hold.

    A new condition is a field here and a line in `_conditions`.
    """

    status: Status | None = None
    """`open` leaves out what is in "Later"."""
    phone_number: str | None = None
    """E.164; its old spellings match too."""
    family_id: UUID | None = None
    staff_member_id: UUID | None = None
    """A staff member who holds the number."""
    line_id: UUID | None = None
    assignee: UUID | NobodysOwn | None = None
    """The staff member who has it, or `none`."""
    not_sent: bool | None = None
    """Whether a text of it was not sent, or a scheduled one is held back (NOT-SENT)."""
    later: bool | None = None
    """Whether it is deferred (REMIND)."""
    tag: str | None = None
    """The folded name of a tag of a family or a staff member who holds the number."""
    metadata: Mapping[str, str | None] = field(default_factory=dict)
    """Values that its metadata has."""


# Literals: a parameter is unknown when a generic plan is made, and then no partial index is used.
_DEFERRED = literal_column(f"({IS_DEFERRED})", Boolean)
_IS_NOT_CLOSED = literal_column("status <> 'closed'", Boolean)
_HAS_NOT_SENT = literal_column("not_sent > 0", Boolean)


def _is(status: Status) -> ColumnElement[bool]:
    return literal_column(f"status = '{status.value}'", Boolean)


def is_later() -> ColumnElement[bool]:
    return and_(_is(Status.OPEN), _DEFERRED)


def is_now() -> ColumnElement[bool]:
    """IND-GRAY: open, and not deferred."""
    return and_(_is(Status.OPEN), not_(_DEFERRED))


def _with_not_sent(organization_id: UUID) -> CompoundSelect[Any]:
    """NOT-SENT: the ids of the conversations with a text that was not sent, or with a scheduled one held back."""
    other = aliased(Conversation)
    failed = select(other.id).where(other.organization_id == organization_id, other.not_sent > literal_column("0"))
    return union_all(failed, with_held(organization_id))


def _conditions(organization_id: UUID, narrowed: InboxFilter) -> Iterator[ColumnElement[Any]]:
    if narrowed.status is Status.OPEN and not narrowed.later:
        yield is_now()
    elif narrowed.status is not None:
        yield _is(narrowed.status)
    if narrowed.phone_number is not None:
        yield PhoneNumber.number.in_((narrowed.phone_number, *old_spellings(narrowed.phone_number)))
    if narrowed.family_id is not None or narrowed.staff_member_id is not None:
        held = phone_number_ids_of(
            organization_id, family_id=narrowed.family_id, staff_member_id=narrowed.staff_member_id
        )
        yield Conversation.phone_number_id.in_(held)
    if narrowed.line_id is not None:
        yield Conversation.line_id == narrowed.line_id
    if narrowed.assignee is NobodysOwn.NONE:
        yield Conversation.assignee_id.is_(None)
    elif narrowed.assignee is not None:
        yield Conversation.assignee_id == narrowed.assignee
    if narrowed.not_sent is not None:
        needs_somebody = Conversation.id.in_(_with_not_sent(organization_id))
        yield needs_somebody if narrowed.not_sent else not_(needs_somebody)
    if narrowed.later is not None:
        yield is_later() if narrowed.later else not_(is_later())
    if narrowed.tag is not None:
        yield Conversation.phone_number_id.in_(phone_number_ids_with_tag(organization_id, narrowed.tag))


async def _narrowed(
    session: AsyncSession, organization_id: UUID, narrowed: InboxFilter
) -> Select[Conversation, PhoneNumber]:
    described = await with_metadata(session, Conversation, organization_id, narrowed.metadata)
    conditions = _conditions(organization_id, narrowed)
    return with_number(organization_id).where(*conditions, described(Conversation.id))


async def inbox(
    session: AsyncSession,
    organization_id: UUID,
    narrowed: InboxFilter,
    *,
    sort: InboxSort = InboxSort.NEWEST,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[InboxRow]:
    """A page of the inbox. `before`: the sort key of the last row of the page before."""
    statement = await _narrowed(session, organization_id, narrowed)
    if sort is InboxSort.LONGEST_WAITING:
        key = tuple_(Conversation.waiting_since, Conversation.id)
        statement = statement.where(Conversation.waiting_since.is_not(None), _IS_NOT_CLOSED)
        if before is not None:
            statement = statement.where(key > tuple_(*before))
        statement = statement.order_by(Conversation.waiting_since, Conversation.id)
    else:
        if narrowed.assignee is not None and narrowed.status in {Status.OPEN, Status.UNREAD}:
            statement = statement.where(_IS_NOT_CLOSED)
        if before is not None:
            key = tuple_(Conversation.last_message_at, Conversation.id)
            statement = statement.where(key < tuple_(*before))
        statement = statement.order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    return await inbox_rows(session, statement.limit(limit))


async def changed(
    session: AsyncSession, organization_id: UUID, narrowed: InboxFilter, changes: ChangesQuery
) -> list[InboxRow]:
    """A page of the inbox by time of change."""
    statement = await _narrowed(session, organization_id, narrowed)
    return await inbox_rows(session, changes.narrow(statement, Conversation.updated_at, Conversation.id))


def sort_key(row: InboxRow, sort: InboxSort) -> tuple[datetime, UUID]:
    conversation = row.conversation
    if sort is InboxSort.LONGEST_WAITING and conversation.waiting_since is not None:
        return conversation.waiting_since, conversation.id
    return conversation.last_message_at, conversation.id


class Indicator(NamedTuple):
    unread_messages: int
    unread_conversations: int
    open_conversations: int
    not_sent_conversations: int
    mine_conversations: int
    """Not closed and not in "Later", and the person has them."""
    unassigned_conversations: int
    """Not closed and not in "Later", and nobody has them."""
    later_conversations: int


async def indicator(session: AsyncSession, organization_id: UUID, *, staff_member_id: UUID | None) -> Indicator:
    """IND-RED, IND-GRAY and the counts of the filters, each from its partial index."""

    def count(*conditions: ColumnElement[Any]) -> ScalarSelect[int]:
        statement = select(func.count()).select_from(Conversation)
        return statement.where(Conversation.organization_id == organization_id, *conditions).scalar_subquery()

    unread = _is(Status.UNREAD)
    messages = select(func.coalesce(func.sum(Conversation.unread_messages), 0)).where(
        Conversation.organization_id == organization_id, unread
    )
    to_do = and_(_IS_NOT_CLOSED, not_(is_later()))
    only_held = Conversation.id.in_(with_held(organization_id))
    mine = Conversation.assignee_id == staff_member_id if staff_member_id is not None else false()
    row = (
        await session.execute(
            select(
                messages.scalar_subquery(),
                count(unread),
                count(is_now()),
                count(_HAS_NOT_SENT) + count(only_held, Conversation.not_sent == literal_column("0")),
                count(mine, to_do),
                count(Conversation.assignee_id.is_(None), to_do),
                count(is_later()),
            )
        )
    ).one()
    return Indicator(int(row[0]), *row[1:])


async def mine_by_staff_member(session: AsyncSession, organization_id: UUID) -> dict[UUID, int]:
    """`Indicator.mine_conversations` of every staff member who has any."""
    statement = (
        select(Conversation.assignee_id, func.count())
        .where(
            Conversation.organization_id == organization_id,
            Conversation.assignee_id.is_not(None),
            _IS_NOT_CLOSED,
            not_(is_later()),
        )
        .group_by(Conversation.assignee_id)
    )
    return {row[0]: row[1] for row in await session.execute(statement) if row[0] is not None}
