"""SQL of the lists of classes, tags and locations, with how many living records each has."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, Uuid, distinct, func, null, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.directory.audience_queries import is_at
from api.directory.models import Enrollment, Family, RecordTag, Student, StudioClass
from api.directory.student_queries import stored_class
from api.directory.student_rules import StoredClass, Weekday
from api.kit.bulk import is_any
from api.kit.changes import ChangesQuery
from api.kit.paging import PageQuery

# Classes.


class ListedClass(NamedTuple):
    stored: StoredClass
    students: int
    families: int
    updated_at: datetime


class ClassQuery(NamedTuple):
    """Which classes. `words`: folded; each must be part of the class's name, days, room or coach."""

    words: Sequence[str] = ()
    weekday: Weekday | None = None
    location: str | None = None
    archived: bool = False


async def list_classes(
    session: AsyncSession, organization_id: UUID, paging: PageQuery, wanted: ClassQuery
) -> list[ListedClass]:
    """By name."""
    after = paging.name_key()
    statement = _narrowed(organization_id, wanted)
    if not wanted.archived:
        statement = statement.where(StudioClass.archived_at.is_(None))
    if after is not None:
        statement = statement.where(tuple_(StudioClass.name, StudioClass.id) > tuple_(*after))
    rows = await session.scalars(statement.order_by(StudioClass.name, StudioClass.id).limit(paging.rows_to_read))
    return await _counted(session, organization_id, rows.all())


async def list_changed_classes(
    session: AsyncSession, organization_id: UUID, changes: ChangesQuery, wanted: ClassQuery
) -> list[ListedClass]:
    """By time of change, archived ones included."""
    statement = changes.narrow(_narrowed(organization_id, wanted), StudioClass.updated_at, StudioClass.id)
    return await _counted(session, organization_id, (await session.scalars(statement)).all())


def _narrowed(organization_id: UUID, wanted: ClassQuery) -> Select[StudioClass]:
    statement = select(StudioClass).where(
        StudioClass.organization_id == organization_id,
        *(StudioClass.search.contains(word, autoescape=True) for word in wanted.words),
    )
    if wanted.archived:
        statement = statement.where(StudioClass.archived_at.is_not(None))
    if wanted.weekday is not None:
        statement = statement.where(StudioClass.weekdays.contains([wanted.weekday.value]))
    if wanted.location is not None:
        statement = statement.where(is_at(StudioClass.location, wanted.location))
    return statement


async def listed_class(session: AsyncSession, organization_id: UUID, class_id: UUID) -> ListedClass | None:
    rows = await session.scalars(
        select(StudioClass).where(StudioClass.organization_id == organization_id, StudioClass.id == class_id)
    )
    for found in await _counted(session, organization_id, rows.all()):
        return found
    return None


async def _counted(session: AsyncSession, organization_id: UUID, classes: Sequence[StudioClass]) -> list[ListedClass]:
    """With the students of living families that attend them, and the number of these families."""
    counts = await session.execute(
        _attended(organization_id, [each.id for each in classes])
        .with_only_columns(Enrollment.class_id, func.count(), func.count(distinct(Family.id)))
        .group_by(Enrollment.class_id)
    )
    by_class = {row[0]: (row[1], row[2]) for row in counts}
    return [ListedClass(stored_class(row), *by_class.get(row.id, (0, 0)), row.updated_at) for row in classes]


def _attended(organization_id: UUID, class_ids: Collection[UUID] | None = None) -> Select[Any]:
    """Enrollment, its student and the student's living family."""
    statement = (
        select(Enrollment.class_id)
        .select_from(Enrollment)
        .join(
            Student,
            (Student.organization_id == Enrollment.organization_id) & (Student.id == Enrollment.student_id),
        )
        .join(Family, (Family.organization_id == Student.organization_id) & (Family.id == Student.family_id))
        .where(Enrollment.organization_id == organization_id, Family.archived_at.is_(None))
    )
    return statement if class_ids is None else statement.where(Enrollment.class_id == is_any(class_ids))


# Tags.


class ListedTag(NamedTuple):
    key: str
    name: str
    families: int
    staff_members: int


async def list_tags(session: AsyncSession, organization_id: UUID, *, after: str | None, limit: int) -> list[ListedTag]:
    """By name, also those that archived records alone have."""
    tags = (
        select(RecordTag.key, func.min(RecordTag.name), func.count(Family.id), func.count(StaffMember.id))
        .outerjoin(
            Family,
            (Family.organization_id == RecordTag.organization_id)
            & (Family.id == RecordTag.family_id)
            & Family.archived_at.is_(None),
        )
        .outerjoin(
            StaffMember,
            (StaffMember.organization_id == RecordTag.organization_id)
            & (StaffMember.id == RecordTag.staff_member_id)
            & StaffMember.archived_at.is_(None),
        )
        .where(RecordTag.organization_id == organization_id)
    )
    if after is not None:
        tags = tags.where(RecordTag.key > after)
    rows = await session.execute(tags.group_by(RecordTag.key).order_by(RecordTag.key).limit(limit))
    return [ListedTag(*row) for row in rows]


# Locations.


class ListedLocation(NamedTuple):
    key: str
    name: str
    families: int
    """Of it, or with a student in a class there: those that a filter by it finds."""
    staff_members: int
    classes: int


async def list_locations(
    session: AsyncSession, organization_id: UUID, *, after: str | None, limit: int
) -> list[ListedLocation]:
    """The locations of living records and classes, by name."""
    here = _places(organization_id).subquery()
    locations = select(
        here.c.key,
        func.min(here.c.name),
        func.count(distinct(here.c.family_id)),
        func.count(here.c.staff_member_id),
        func.count(here.c.class_id),
    )
    if after is not None:
        locations = locations.where(here.c.key > after)
    rows = await session.execute(locations.group_by(here.c.key).order_by(here.c.key).limit(limit))
    return [ListedLocation(*row) for row in rows]


def _places(organization_id: UUID) -> Any:
    """A row for each location of a record or class, and for each family in a class of a location."""
    nothing = null().cast(Uuid)

    def of(model: type[Family] | type[StaffMember] | type[StudioClass], *ids: Any) -> Select[Any]:
        columns = zip(("family_id", "staff_member_id", "class_id"), ids, strict=True)
        return select(
            func.lower(model.location).label("key"),
            model.location.label("name"),
            *(each.label(name) for name, each in columns),
        ).where(model.organization_id == organization_id, model.archived_at.is_(None), model.location.is_not(None))

    attending = (
        _attended(organization_id)
        .join(
            StudioClass,
            (StudioClass.organization_id == Enrollment.organization_id) & (StudioClass.id == Enrollment.class_id),
        )
        .where(StudioClass.archived_at.is_(None), StudioClass.location.is_not(None))
        .with_only_columns(func.lower(StudioClass.location), StudioClass.location, Family.id, nothing, nothing)
        .distinct()
    )
    return union_all(
        of(Family, Family.id, nothing, nothing),
        of(StaffMember, nothing, StaffMember.id, nothing),
        of(StudioClass, nothing, nothing, StudioClass.id),
        attending,
    )
