"""SQL of what erasing a number does to the records that held it, and that stay."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Text, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.directory.models import Contact, Family, PhoneRecord
from api.kit.bulk import holds_any, is_any

QUIET = {"synchronize_session": False}


async def records_of(
    session: AsyncSession, organization_id: UUID, phone_records: Sequence[PhoneRecord]
) -> tuple[list[UUID], list[UUID]]:
    """The families and the staff members that these phone records are on."""
    contact_ids = [each.contact_id for each in phone_records if each.contact_id]
    families = await session.scalars(
        select(Contact.family_id)
        .where(Contact.organization_id == organization_id, Contact.id == is_any(contact_ids))
        .distinct()
    )
    return list(families), [each.staff_member_id for each in phone_records if each.staff_member_id]


async def empty_notes_and_metadata(
    session: AsyncSession,
    organization_id: UUID,
    family_ids: Sequence[UUID],
    staff_member_ids: Sequence[UUID],
    patterns: Sequence[str],
) -> None:
    """Empty the notes, and the metadata, of these records that name the number or the people who are gone."""
    for model, ids in ((Family, family_ids), (StaffMember, staff_member_ids)):
        # A pattern of a name is quoted, as in JSON.
        for column, written, empty in (
            ("notes", func.to_jsonb(model.notes), None),
            ("metadata_", model.metadata_, {}),
        ):
            await session.execute(
                update(model)
                .where(
                    model.organization_id == organization_id,
                    model.id == is_any(ids),
                    holds_any(written.cast(Text), patterns),
                )
                .values({column: empty})
                .execution_options(**QUIET)
            )
