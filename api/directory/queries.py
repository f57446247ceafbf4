"""SQL of the directory."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord
from api.directory.rules import Holder, OwnerKind
from api.kit.ids import new_id


async def ensure_phone_numbers(
    session: AsyncSession, organization_id: UUID, numbers: Sequence[str]
) -> dict[str, PhoneNumber]:
    """The rows of these E.164 numbers, made where missing, locked in the order of their ids.

    That lock comes before every other of the same numbers' conversations, records and messages.
    """
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    locked = (
        select(PhoneNumber)
        .where(PhoneNumber.organization_id == organization_id, PhoneNumber.number.in_(wanted))
        .order_by(PhoneNumber.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {row.number: row for row in await session.scalars(locked)}
    missing = [number for number in wanted if number not in found]
    if missing:
        await session.execute(
            upsert(PhoneNumber).on_conflict_do_nothing(),
            [{"organization_id": organization_id, "id": new_id(), "number": number} for number in missing],
        )
        found = {row.number: row for row in await session.scalars(locked)}
    return found


async def lock_phone_numbers(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Iterable[UUID]
) -> dict[UUID, PhoneNumber]:
    """Locked in the order of their ids."""
    rows = await session.scalars(
        select(PhoneNumber)
        .where(PhoneNumber.organization_id == organization_id, PhoneNumber.id.in_(set(phone_number_ids)))
        .order_by(PhoneNumber.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def lock_phone_number(session: AsyncSession, organization_id: UUID, phone_number_id: UUID) -> PhoneNumber:
    return (await lock_phone_numbers(session, organization_id, [phone_number_id]))[phone_number_id]


async def phone_number(session: AsyncSession, organization_id: UUID, number: str) -> PhoneNumber | None:
    return (
        await session.scalars(
            select(PhoneNumber).where(PhoneNumber.organization_id == organization_id, PhoneNumber.number == number)
        )
    ).one_or_none()


async def phone_numbers(session: AsyncSession, organization_id: UUID, numbers: Sequence[str]) -> dict[str, PhoneNumber]:
    """Those of these E.164 numbers that are on a row."""
    rows = await session.scalars(
        select(PhoneNumber).where(PhoneNumber.organization_id == organization_id, PhoneNumber.number.in_(set(numbers)))
    )
    return {row.number: row for row in rows}


def phone_records_with_owners(organization_id: UUID) -> Select[Any]:
    """PhoneRecord, owner kind, owner id, owner name, contact name, archived; to be narrowed by `where`."""
    same = PhoneRecord.organization_id
    return (
        select(
            PhoneRecord,
            case(
                (PhoneRecord.contact_id.is_not(None), literal(OwnerKind.FAMILY.value)),
                else_=literal(OwnerKind.STAFF_MEMBER.value),
            ).label("kind"),
            func.coalesce(Family.id, StaffMember.id).label("owner_id"),
            func.coalesce(Family.name, StaffMember.name).label("owner_name"),
            Contact.name.label("contact_name"),
            func.coalesce(Family.archived_at, StaffMember.archived_at).is_not(None).label("archived"),
        )
        .outerjoin(Contact, (Contact.organization_id == same) & (Contact.id == PhoneRecord.contact_id))
        .outerjoin(Family, (Family.organization_id == same) & (Family.id == Contact.family_id))
        .outerjoin(
            StaffMember,
            (StaffMember.organization_id == same) & (StaffMember.id == PhoneRecord.staff_member_id),
        )
        .where(PhoneRecord.organization_id == organization_id)
    )


MAX_HOLDERS = 50
"""Of one number, where conversations are shown. An opt-in check names every record."""


async def holders(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Sequence[UUID]
) -> dict[UUID, list[Holder]]:
    """The holders of each number, families before staff members, each in order of name: `MAX_HOLDERS` at most, those
    whose records are the oldest."""
    by_number: dict[UUID, list[Holder]] = {number_id: [] for number_id in phone_number_ids}
    if not by_number:
        return by_number
    oldest = (
        select(PhoneRecord.id)
        .where(
            PhoneRecord.organization_id == organization_id,
            PhoneRecord.phone_number_id == PhoneNumber.id,
        )
        .order_by(PhoneRecord.id)
        .limit(MAX_HOLDERS)
        .correlate(PhoneNumber)
        .lateral()
    )
    shown = (
        select(oldest.c.id)
        .select_from(PhoneNumber)
        .join(oldest, true())
        .where(PhoneNumber.organization_id == organization_id, PhoneNumber.id.in_(list(by_number)))
    )
    rows = await session.execute(
        phone_records_with_owners(organization_id)
        .where(PhoneRecord.id.in_(shown))
        .order_by("kind", "owner_name", PhoneRecord.id)
    )
    for record, kind, owner_id, owner_name, contact_name, archived in rows:
        by_number[record.phone_number_id].append(
            Holder(
                kind=OwnerKind(kind),
                id=owner_id,
                name=owner_name,
                contact_name=contact_name,
                phone_record_id=record.id,
                archived=archived,
            )
        )
    return by_number


def phone_number_ids_of(organization_id: UUID, *, family_id: UUID | None, staff_member_id: UUID | None) -> Select[Any]:
    """The ids of the numbers on a family's or a staff member's record."""
    statement = select(PhoneRecord.phone_number_id).where(PhoneRecord.organization_id == organization_id)
    if family_id is not None:
        statement = statement.join(
            Contact,
            (Contact.organization_id == PhoneRecord.organization_id) & (Contact.id == PhoneRecord.contact_id),
        ).where(Contact.family_id == family_id)
    if staff_member_id is not None:
        statement = statement.where(PhoneRecord.staff_member_id == staff_member_id)
    return statement


async def family(session: AsyncSession, organization_id: UUID, family_id: UUID) -> Family | None:
    return (
        await session.scalars(select(Family).where(Family.organization_id == organization_id, Family.id == family_id))
    ).one_or_none()


async def contacts_of(
    session: AsyncSession, organization_id: UUID, family_ids: Sequence[UUID]
) -> dict[UUID, list[Contact]]:
    by_family: dict[UUID, list[Contact]] = {family_id: [] for family_id in family_ids}
    rows = await session.scalars(
        select(Contact)
        .where(Contact.organization_id == organization_id, Contact.family_id.in_(list(by_family)))
        .order_by(Contact.position, Contact.id)
    )
    for contact in rows:
        by_family[contact.family_id].append(contact)
    return by_family


async def records_of(
    session: AsyncSession,
    organization_id: UUID,
    *,
    contact_ids: Sequence[UUID] = (),
    staff_member_ids: Sequence[UUID] = (),
) -> dict[UUID, list[tuple[PhoneRecord, str]]]:
    """Phone records with their numbers, by contact or staff member, in their order."""
    by_owner: dict[UUID, list[tuple[PhoneRecord, str]]] = {owner: [] for owner in (*contact_ids, *staff_member_ids)}
    rows = await session.execute(
        select(PhoneRecord, PhoneNumber.number)
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == PhoneRecord.organization_id)
            & (PhoneNumber.id == PhoneRecord.phone_number_id),
        )
        .where(
            PhoneRecord.organization_id == organization_id,
            or_(PhoneRecord.contact_id.in_(contact_ids), PhoneRecord.staff_member_id.in_(staff_member_ids)),
        )
        .order_by(PhoneRecord.position, PhoneRecord.id)
        .execution_options(populate_existing=True)
    )
    for record, number in rows:
        owner = record.contact_id or record.staff_member_id
        assert owner is not None
        by_owner[owner].append((record, number))
    return by_owner


async def lock_family(session: AsyncSession, organization_id: UUID, family_id: UUID) -> Family:
    return (
        await session.scalars(
            select(Family)
            .where(Family.organization_id == organization_id, Family.id == family_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    ).one()


async def lock_staff_member(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> StaffMember:
    return (
        await session.scalars(
            select(StaffMember)
            .where(StaffMember.organization_id == organization_id, StaffMember.id == staff_member_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    ).one()


async def family_by_external_id(session: AsyncSession, organization_id: UUID, external_id: str) -> Family | None:
    return (
        await session.scalars(
            select(Family).where(Family.organization_id == organization_id, Family.external_id == external_id)
        )
    ).one_or_none()


async def staff_member_by_external_id(
    session: AsyncSession, organization_id: UUID, external_id: str
) -> StaffMember | None:
    return (
        await session.scalars(
            select(StaffMember).where(
                StaffMember.organization_id == organization_id, StaffMember.external_id == external_id
            )
        )
    ).one_or_none()


async def count_other_admins(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> int:
    """Living administrators besides this one, each locked, so that two cannot go at the same time."""
    rows = await session.scalars(
        select(StaffMember.id)
        .where(
            StaffMember.organization_id == organization_id,
            StaffMember.id != staff_member_id,
            StaffMember.is_admin,
            StaffMember.archived_at.is_(None),
        )
        .order_by(StaffMember.id)
        .with_for_update(key_share=True)
    )
    return len(rows.all())
