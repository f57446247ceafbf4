"""`updated_at` of families and staff members whose own columns stay, but not what is shown with them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.directory.models import Contact, Enrollment, Family, PhoneRecord, Student
from api.kit.bulk import is_any


async def lock_owner(session: AsyncSession, record: PhoneRecord) -> None:
    """Lock the family or staff member of a phone record, before its number (decision 0006)."""
    await session.execute(_owner(record).with_for_update(key_share=True))


async def touch_owner(session: AsyncSession, record: PhoneRecord, *, at: datetime) -> None:
    """The owner is locked."""
    model = StaffMember if record.contact_id is None else Family
    await session.execute(
        update(model)
        .where(model.organization_id == record.organization_id, model.id.in_(_owner(record)))
        .values(updated_at=at)
        .execution_options(synchronize_session=False)
    )


def _owner(record: PhoneRecord) -> Select[UUID]:
    if record.contact_id is None:
        return select(StaffMember.id).where(
            StaffMember.organization_id == record.organization_id, StaffMember.id == record.staff_member_id
        )
    contact = select(Contact.family_id).where(
        Contact.organization_id == record.organization_id, Contact.id == record.contact_id
    )
    return select(Family.id).where(Family.organization_id == record.organization_id, Family.id.in_(contact))


async def families_attending(
    session: AsyncSession, organization_id: UUID, class_ids: Collection[UUID]
) -> Sequence[UUID]:
    """Families that show these classes, archived ones too."""
    if not class_ids:
        return ()
    return (await session.scalars(_attending(organization_id, class_ids))).all()


async def lock_families_attending(session: AsyncSession, organization_id: UUID, class_ids: Collection[UUID]) -> None:
    """Lock these families in the order of their ids. To be called before the classes are locked."""
    await session.execute(_locked(organization_id, class_ids).with_for_update(key_share=True))


async def touch_families_attending(
    session: AsyncSession, organization_id: UUID, class_ids: Collection[UUID], *, at: datetime
) -> None:
    """The families are locked. One that has come since is left to whoever changes it now."""
    if not class_ids:
        return
    locked = _locked(organization_id, class_ids).with_for_update(key_share=True, skip_locked=True)
    ids = (await session.scalars(locked)).all()
    await session.execute(
        update(Family)
        .where(Family.organization_id == organization_id, Family.id == is_any(ids))
        .values(updated_at=at)
        .execution_options(synchronize_session=False)
    )


def _locked(organization_id: UUID, class_ids: Collection[UUID]) -> Select[UUID]:
    return (
        select(Family.id)
        .where(Family.organization_id == organization_id, Family.id.in_(_attending(organization_id, class_ids)))
        .order_by(Family.id)
    )


def _attending(organization_id: UUID, class_ids: Collection[UUID]) -> Select[UUID]:
    return (
        select(Student.family_id)
        .join(
            Enrollment,
            (Enrollment.organization_id == Student.organization_id) & (Enrollment.student_id == Student.id),
        )
        .where(Enrollment.organization_id == organization_id, Enrollment.class_id == is_any(class_ids))
        .distinct()
    )
