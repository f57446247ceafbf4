"""SQL that writes the students, classes and tags of a plan."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api.directory.models import Enrollment, RecordTag, Student, StudioClass
from api.directory.plan import Plan
from api.directory.rules import OwnerKind
from api.directory.student_rules import ClassChanges, StoredClass, class_search
from api.kit.bulk import insert_together, is_any, update_together
from api.kit.folding import fold_name
from api.kit.ids import new_id

QUIET = {"synchronize_session": False}


async def store_students(
    session: AsyncSession, organization_id: UUID, plan: Plan, *, classes: ClassChanges, at: datetime
) -> None:
    await write_classes(session, organization_id, classes, at=at)
    await _enrollments_gone(session, organization_id, plan)
    if plan.removed_students:
        await session.execute(
            delete(Student)
            .where(Student.organization_id == organization_id, Student.id == is_any(plan.removed_students))
            .execution_options(**QUIET)
        )
    of_organization = {"organization_id": organization_id}
    await update_together(session, Student, [{**of_organization, **row._asdict()} for row in plan.students])
    await insert_together(session, Student, [{**of_organization, **row._asdict()} for row in plan.new_students])
    enrolled = [{**of_organization, "student_id": student, "class_id": each} for student, each in plan.enrolled]
    # A class that was brought back from the archive may have the student still.
    await insert_together(session, Enrollment, enrolled, skip_existing=True)
    await _tags(session, organization_id, plan)


async def _enrollments_gone(session: AsyncSession, organization_id: UUID, plan: Plan) -> None:
    if plan.removed_students:
        await session.execute(
            delete(Enrollment)
            .where(
                Enrollment.organization_id == organization_id, Enrollment.student_id == is_any(plan.removed_students)
            )
            .execution_options(**QUIET)
        )
    if plan.left:
        await session.execute(
            delete(Enrollment)
            .where(
                Enrollment.organization_id == organization_id,
                tuple_(Enrollment.student_id, Enrollment.class_id).in_(plan.left),
            )
            .execution_options(**QUIET)
        )


async def _tags(session: AsyncSession, organization_id: UUID, plan: Plan) -> None:
    for kind, owner in ((OwnerKind.FAMILY, RecordTag.family_id), (OwnerKind.STAFF_MEMBER, RecordTag.staff_member_id)):
        given = [(record_id, tags) for of_kind, record_id, tags in plan.tags if of_kind is kind]
        if not given:
            continue
        await session.execute(
            delete(RecordTag)
            .where(RecordTag.organization_id == organization_id, owner == is_any([record_id for record_id, _ in given]))
            .execution_options(**QUIET)
        )
        rows = [
            {
                "organization_id": organization_id,
                "id": new_id(),
                owner.key: record_id,
                "name": tag,
                "key": fold_name(tag),
            }
            for record_id, tags in given
            for tag in tags
        ]
        await insert_together(session, RecordTag, rows)


async def write_classes(session: AsyncSession, organization_id: UUID, changes: ClassChanges, *, at: datetime) -> None:
    """Raises `IntegrityError` if a living class has the name, days, time and location already."""
    await insert_together(
        session, StudioClass, [{**_columns(organization_id, each, at), "created_at": at} for each in changes.new]
    )
    await update_together(
        session,
        StudioClass,
        [
            {**_columns(organization_id, each, at), "archived_at": at if each.archived else None}
            for each in changes.changed
        ],
    )


def _columns(organization_id: UUID, each: StoredClass, at: datetime) -> dict[str, object]:
    return {
        "organization_id": organization_id,
        "id": each.id,
        "name": each.name,
        "weekdays": list(each.weekdays),
        "time": each.time,
        "room": each.room,
        "coach": each.coach,
        "location": each.location,
        "key": each.key,
        "search": class_search(each.name, each.weekdays, each.room, each.coach),
        "updated_at": at,
    }
