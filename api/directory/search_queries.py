"""SQL of the lists of families and staff members, and of finding them by name or number (decision 0021)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api.directory import search_rules
from api.directory.audience_queries import Model, conditions, found_by, matches
from api.directory.models import Contact, Enrollment, Family, PhoneRecord, Student
from api.directory.search_rules import DirectoryQuery
from api.directory.types import AudienceFilter
from api.kit.changes import ChangesQuery
from api.kit.errors import Invalid
from api.kit.metadata_filter import with_metadata
from api.kit.paging import PageQuery, how_many_fit

LOOKED_THROUGH = 200
"""Records scanned in order of name before the index is used: a common word fills its page from them."""


@dataclass(frozen=True)
class Listed:
    """A page of the records that fit a filter, in order of name."""

    organization_id: UUID
    filter: AudienceFilter
    paging: PageQuery
    external_id: str | None = None
    metadata: Mapping[str, str | None] = field(default_factory=dict)
    """Values that the record's metadata has."""
    is_described: Callable[[Any], ColumnElement[bool]] | None = None
    """Of the id: whether the record has this metadata. `page` sets it."""
    changes: ChangesQuery | None = None
    """By time of change, archived records included, in place of by name."""

    def first(self, statement: Select[Any], model: Model, columns: Any = None, limit: int | None = None) -> Select[Any]:
        """All but the text of the search. `columns`: those of the model, or of a subquery that has its key."""
        columns = model if columns is None else columns
        after = self.paging.name_key() if self.changes is None else None
        wanted = conditions(model, self.organization_id, self.filter, columns, with_archived=self.changes is not None)
        if after is not None:
            wanted.append(tuple_(columns.name, columns.id) > tuple_(*after))
        if self.external_id is not None:
            wanted.append(columns.external_id == self.external_id)
        if self.is_described is not None:
            wanted.append(self.is_described(columns.id))
        if self.changes is not None:
            return self.changes.narrow(statement.where(*wanted), columns.updated_at, columns.id)
        in_order = statement.where(*wanted).order_by(columns.name, columns.id)
        return in_order.limit(limit or self.paging.rows_to_read)


async def page(
    session: AsyncSession, model: Model, listed: Listed, *, search: DirectoryQuery | None
) -> tuple[list[UUID], str | None]:
    """The ids of a page of families or staff members in their order, and the cursor of the next page, if there is one.

    Raises `Invalid` for a search by time of change.
    """
    if listed.changes is not None:
        if search is not None:
            raise Invalid([("/query/q", "A list by time of change can't be searched. Leave one of both out.")])
        listed = replace(listed, changes=await listed.changes.begun(session))
    described = await with_metadata(session, model, listed.organization_id, listed.metadata)
    listed = replace(listed, is_described=described)
    if search is None:
        rows = (await session.scalars(listed.first(select(model), model))).all()
    else:
        rows = await _found(session, model, search, listed)
    ids = [row.id for row in rows[: listed.paging.limit]]
    sizes = await _sizes(session, listed.organization_id, model, ids)
    limit = how_many_fit(sizes, PAGE_RECORDS)
    if listed.changes is not None:
        shown, next_cursor = replace(listed.changes, limit=limit).cut(rows, lambda row: (row.updated_at, row.id))
    else:
        shown, next_cursor = replace(listed.paging, limit=limit).cut(rows, lambda row: (row.name, row.id))
    return [row.id for row in shown], next_cursor


async def _found(session: AsyncSession, model: Model, search: DirectoryQuery, listed: Listed) -> Sequence[Any]:
    """Searched in two steps, as messages are (decision 0008).

    The first records by name are scanned: enough for a common word. A rarer word is looked up in the index, which
    costs in proportion to its matches.
    """
    condition = search_rules.condition(search, organization_id=listed.organization_id)
    if not condition:
        literally = select(model).where(found_by(model, listed.organization_id, search))
        return (await session.scalars(listed.first(literally, model))).all()
    # Never scan the whole table, even if it was small when the statement was planned, or the word is common.
    await session.execute(select(func.set_config("enable_seqscan", "off", True)))
    key: list[Any] = [model.organization_id, model.id, model.name, model.archived_at, model.search, model.external_id]
    records = select(*key)
    first = listed.first(records, model, limit=LOOKED_THROUGH).subquery()
    looked_through = select(first.c.id).where(matches(first.c.search, condition))
    wanted = listed.paging.rows_to_read
    ids = (await session.scalars(looked_through.order_by(first.c.name, first.c.id).limit(wanted))).all()
    if len(ids) < wanted:
        indexed = search_rules.indexed_condition(search, organization_id=listed.organization_id)
        # OFFSET 0 keeps the planner from using another index in place of this one, or beside it.
        matching = records.where(matches(model.search, indexed)).offset(0).subquery()
        statement = listed.first(select(matching.c.id), model, matching.c)
        if indexed != condition:
            statement = statement.where(matches(matching.c.search, condition))
        ids = (await session.scalars(statement)).all()
    statement = select(model).where(model.organization_id == listed.organization_id, model.id.in_(ids))
    return (await session.scalars(statement.order_by(model.name, model.id))).all()


PAGE_RECORDS = 2_000
"""Contacts, phone records and enrollments on one page. A business has about three a family; a family may have 3,180."""


async def _sizes(session: AsyncSession, organization_id: UUID, model: Model, ids: list[UUID]) -> list[int]:
    """The contacts, phone records and enrollments of each of these, in their order."""
    of_contact = (PhoneRecord.organization_id == Contact.organization_id) & (PhoneRecord.contact_id == Contact.id)
    table, owner = (Contact, Contact.family_id) if model is Family else (PhoneRecord, PhoneRecord.staff_member_id)
    counted = select(owner, func.count()).where(table.organization_id == organization_id, owner.in_(ids))
    if model is Family:
        counted = counted.outerjoin(PhoneRecord, of_contact)
    rows = await session.execute(counted.group_by(owner))
    counts = {row[0]: row[1] for row in rows}
    if model is Family:
        attended = (
            select(Student.family_id, func.count())
            .where(Student.organization_id == organization_id, Student.family_id.in_(ids))
            .outerjoin(
                Enrollment,
                (Enrollment.organization_id == Student.organization_id) & (Enrollment.student_id == Student.id),
            )
            .group_by(Student.family_id)
        )
        for family_id, count in await session.execute(attended):
            counts[family_id] = counts.get(family_id, 0) + count
    return [counts.get(record_id, 0) for record_id in ids]
