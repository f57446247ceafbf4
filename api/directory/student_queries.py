"""SQL of students, classes and tags."""

import hashlib
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from api.directory.models import Enrollment, RecordTag, Student, StudioClass
from api.directory.student_rules import Classes, StoredClass, StoredStudent, Weekday
from api.kit.bulk import is_any
from api.kit.ids import new_id


def stored_class(row: StudioClass) -> StoredClass:
    return StoredClass(
        id=row.id,
        name=row.name,
        weekdays=[Weekday(day) for day in row.weekdays],
        time=row.time,
        room=row.room,
        coach=row.coach,
        location=row.location,
        archived=row.archived_at is not None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


async def students_of(
    session: AsyncSession, organization_id: UUID, family_ids: Collection[UUID]
) -> dict[UUID, list[StoredStudent]]:
    """The students of each family in their order, each with the living classes that they attend."""
    students = (
        await session.execute(
            select(
                *(Student.id, Student.family_id, Student.name, Student.position),
                *(Student.created_at, Student.updated_at),
            )
            .where(Student.organization_id == organization_id, Student.family_id == is_any(family_ids))
            .order_by(Student.position, Student.id)
        )
    ).all()
    attended: dict[UUID, list[StoredClass]] = {}
    if students:
        rows = await session.execute(
            select(Enrollment.student_id, StudioClass)
            .join(
                StudioClass,
                (StudioClass.organization_id == Enrollment.organization_id) & (StudioClass.id == Enrollment.class_id),
            )
            .where(
                Enrollment.organization_id == organization_id,
                Enrollment.student_id == is_any([row.id for row in students]),
                StudioClass.archived_at.is_(None),
            )
            .order_by(StudioClass.name, StudioClass.id)
            .execution_options(populate_existing=True)
        )
        for student_id, each in rows:
            attended.setdefault(student_id, []).append(stored_class(each))
    by_family: dict[UUID, list[StoredStudent]] = {}
    for row in students:
        classes = attended.get(row.id, ())
        student = StoredStudent(row.id, row.name, row.position, classes, row.created_at, row.updated_at)
        by_family.setdefault(row.family_id, []).append(student)
    return by_family


async def tags_of(
    session: AsyncSession,
    organization_id: UUID,
    owner: InstrumentedAttribute[UUID | None],
    owner_ids: Collection[UUID],
) -> dict[UUID, list[str]]:
    rows = await session.execute(
        select(owner, RecordTag.name)
        .where(RecordTag.organization_id == organization_id, owner == is_any(owner_ids))
        .order_by(RecordTag.key)
    )
    by_owner: dict[UUID, list[str]] = {}
    for owner_id, name in rows:
        assert owner_id is not None
        by_owner.setdefault(owner_id, []).append(name)
    return by_owner


# Classes.


async def lock_classes(
    session: AsyncSession,
    organization_id: UUID,
    *,
    ids: Collection[UUID],
    keys: Collection[str],
    may_make: bool,
) -> Classes:
    """The classes with these ids and keys, and new ids for keys that no living class has.

    Whoever makes classes holds the organization's lock of them until the transaction ends, so that no class is made
    twice. Without `may_make` nothing is locked.
    """
    if not (ids or keys):
        return Classes()
    found = await _classes(session, organization_id, ids, keys)
    missing = set(keys) - _living_keys(found)
    if missing and may_make:
        await lock_making(session, organization_id)
        found = await _classes(session, organization_id, ids, keys)
        missing = set(keys) - _living_keys(found)
    return Classes({each.id: each for each in found}, {key: new_id() for key in sorted(missing)})


def _living_keys(classes: Sequence[StoredClass]) -> set[str]:
    return {each.key for each in classes if not each.archived}


async def lock_making(session: AsyncSession, organization_id: UUID) -> None:
    key = int.from_bytes(hashlib.sha256(b"classes/" + organization_id.bytes).digest()[:8], signed=True)
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


async def _classes(
    session: AsyncSession, organization_id: UUID, ids: Collection[UUID], keys: Collection[str]
) -> list[StoredClass]:
    rows = await session.scalars(
        select(StudioClass)
        .where(
            StudioClass.organization_id == organization_id,
            or_(
                StudioClass.id == is_any(ids),
                StudioClass.archived_at.is_(None) & (StudioClass.key == is_any(keys, "text")),
            ),
        )
        .execution_options(populate_existing=True)
    )
    return [stored_class(row) for row in rows]


async def living_class_id(session: AsyncSession, organization_id: UUID, key: str) -> UUID | None:
    """The class with this key that is not archived."""
    return await session.scalar(
        select(StudioClass.id).where(
            StudioClass.organization_id == organization_id, StudioClass.key == key, StudioClass.archived_at.is_(None)
        )
    )


async def require_class(session: AsyncSession, organization_id: UUID, class_id: UUID) -> StudioClass | None:
    """Locked."""
    return await session.scalar(
        select(StudioClass)
        .where(StudioClass.organization_id == organization_id, StudioClass.id == class_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
