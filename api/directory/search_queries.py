"""SQL of the lists of families and staff members, and of finding them by name or number (decision 0021)."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.directory import search_rules
from api.directory.models import Contact, Family, PhoneRecord
from api.directory.search_rules import DirectoryQuery

Record = TypeVar("Record", Family, StaffMember)

LOOKED_THROUGH = 200
"""Records scanned in order of name before the index is used: a common word fills its page from them."""


@dataclass(frozen=True)
class Listed:
    """A page of the living or the archived records, in order of name."""

    organization_id: UUID
    archived: bool
    after: tuple[str, UUID] | None
    """The (name, id) of the last record of the page before."""
    limit: int

    def conditions(self, columns: Any) -> list[ColumnElement[bool]]:
        """`columns`: those of a model, or of a subquery that has its key."""
        conditions = [
            columns.organization_id == self.organization_id,
            columns.archived_at.is_not(None) if self.archived else columns.archived_at.is_(None),
        ]
        if self.after is not None:
            conditions.append(tuple_(columns.name, columns.id) > tuple_(*self.after))
        return conditions

    def first(self, statement: Select[Any], columns: Any, limit: int | None = None) -> Select[Any]:
        return statement.where(*self.conditions(columns)).order_by(columns.name, columns.id).limit(limit or self.limit)


async def page(
    session: AsyncSession, model: type[Record], listed: Listed, *, search: DirectoryQuery | None
) -> tuple[list[UUID], bool]:
    """The ids of a page of families or staff members by name, and whether there are more."""
    more = replace(listed, limit=listed.limit + 1)
    if search is None:
        rows = (await session.scalars(more.first(select(model), model))).all()
    else:
        rows = await _found(session, model, search, more)
    ids = [row.id for row in rows[: listed.limit]]
    shown = await _within_page(session, listed.organization_id, model, ids)
    return shown, len(shown) < len(rows)


async def _found(
    session: AsyncSession, model: type[Record], search: DirectoryQuery, listed: Listed
) -> Sequence[Record]:
    """In two steps, as messages are searched (decision 0008).

    The first records by name are scanned: enough for a common word. A rarer word is looked up in the index, which
    costs in proportion to its matches.
    """
    condition = search_rules.condition(search, organization_id=listed.organization_id)
    if not condition:
        # Signs alone, such as %, are in no word. They are searched literally in the records' own names.
        signs = listed.first(select(model).where(model.name.contains(search.text, autoescape=True)), model)
        return (await session.scalars(signs)).all()
    # Never scan the whole table, even if it was small when the statement was planned, or the word is common.
    await session.execute(select(func.set_config("enable_seqscan", "off", True)))
    key: list[Any] = [model.organization_id, model.id, model.name, model.archived_at, model.search]
    records = select(*key)
    first = listed.first(records, model, LOOKED_THROUGH).subquery()
    looked_through = select(first.c.id).where(_matches(first.c.search, condition))
    ids = (await session.scalars(looked_through.order_by(first.c.name, first.c.id).limit(listed.limit))).all()
    if len(ids) < listed.limit:
        indexed = search_rules.indexed_condition(search, organization_id=listed.organization_id)
        # OFFSET 0 keeps the planner from using another index in place of this one, or beside it.
        matching = records.where(_matches(model.search, indexed)).offset(0).subquery()
        statement = listed.first(select(matching.c.id), matching.c)
        if indexed != condition:
            statement = statement.where(_matches(matching.c.search, condition))
        ids = (await session.scalars(statement)).all()
    statement = select(model).where(model.organization_id == listed.organization_id, model.id.in_(ids))
    return (await session.scalars(statement.order_by(model.name, model.id))).all()


PAGE_RECORDS = 2_000
"""Contacts and phone records on one page. A business has about three a family; a family may have 2,550."""


async def _within_page(
    session: AsyncSession, organization_id: UUID, model: type[Record], ids: list[UUID]
) -> list[UUID]:
    """The first of these, in their order, until their contacts and phone records fill a page: one at least."""
    counts: dict[UUID | None, int]
    if model is Family:
        contacts = await session.execute(
            select(Contact.family_id, func.count())
            .outerjoin(
                PhoneRecord,
                (PhoneRecord.organization_id == Contact.organization_id) & (PhoneRecord.contact_id == Contact.id),
            )
            .where(Contact.organization_id == organization_id, Contact.family_id.in_(ids))
            .group_by(Contact.family_id)
        )
        counts = {row[0]: row[1] for row in contacts}
    else:
        phone_records = await session.execute(
            select(PhoneRecord.staff_member_id, func.count())
            .where(PhoneRecord.organization_id == organization_id, PhoneRecord.staff_member_id.in_(ids))
            .group_by(PhoneRecord.staff_member_id)
        )
        counts = {row[0]: row[1] for row in phone_records}
    ends = list(accumulate(counts.get(record_id, 0) for record_id in ids))
    return ids[: max(1, bisect_right(ends, PAGE_RECORDS))]


def _matches(column: Any, condition: str) -> ColumnElement[bool]:
    matching: ColumnElement[bool] = column.bool_op("@@")(cast(literal(condition), TSQUERY))
    return matching
