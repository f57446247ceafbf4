"""SQL of the directory."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, literal, or_, select, text, true
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.audit.rules import Actor
from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord
from api.directory.rules import Holder, OwnerKind, RefusalCause
from api.kit.ids import new_id
from api.kit.phone import old_spellings, spellings, variants


async def ensure_phone_numbers(
    session: AsyncSession, organization_id: UUID, numbers: Sequence[str]
) -> dict[str, PhoneNumber]:
    """The rows of these numbers, made where missing, and of their other spellings; locked in the order of their ids.

    That lock comes before every other of the same numbers' conversations, records and messages. A number's variants
    are made with it, so that whoever lets a text go waits for whoever refuses one under another spelling (decision
    0018).
    """
    wanted = sorted({each for number in numbers for each in (number, *variants(number))})
    if not wanted:
        return {}
    every = sorted({each for number in wanted for each in (number, *old_spellings(number))})
    locked = (
        select(PhoneNumber)
        .where(PhoneNumber.organization_id == organization_id, PhoneNumber.number.in_(every))
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
    """These rows; locked, with those of their other spellings, in the order of their ids."""
    ids = set(phone_number_ids)
    numbers = (
        await session.scalars(
            select(PhoneNumber.number).where(PhoneNumber.organization_id == organization_id, PhoneNumber.id.in_(ids))
        )
    ).all()
    if any(len(spellings(number)) > 1 for number in numbers):
        found = await ensure_phone_numbers(session, organization_id, numbers)
        return {row.id: row for row in found.values() if row.id in ids}
    rows = await session.scalars(
        select(PhoneNumber)
        .where(PhoneNumber.organization_id == organization_id, PhoneNumber.id.in_(ids))
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
    """Those of these numbers that are on a row."""
    if not numbers:
        return {}
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


async def keep_refusals(
    session: AsyncSession,
    organization_id: UUID,
    phone_record_ids: Sequence[UUID],
    *,
    cause: RefusalCause,
    by: Actor,
    at: datetime,
    owner_name: str | None = None,
    contact_name: str | None = None,
) -> None:
    """Write a refusal for each of these records that is opted out, before it stops saying so (OPTIN-REMOVED).

    Their numbers are locked. A standing refusal of the same owner and number becomes this one. The names are what the
    owner of the records was called until now, where the rows say something else already.
    """
    if not phone_record_ids:
        return
    await session.execute(
        text(
            "INSERT INTO refusals (organization_id, id, phone_number_id, phone_record_id, kind, owner_id, owner_name,"
            " contact_name, changed_at, changed_by, source, cause, removed_at, removed_by)"
            " SELECT DISTINCT ON (record.phone_number_id, coalesce(family.id, staff.id), contact.name)"
            " record.organization_id, given.id, record.phone_number_id, record.id,"
            " CASE WHEN record.contact_id IS NOT NULL THEN 'family' ELSE 'staff_member' END,"
            " coalesce(family.id, staff.id), coalesce(CAST(:owner_name AS text), family.name, staff.name),"
            " coalesce(CAST(:contact_name AS text), contact.name),"
            " record.opt_in_changed_at, record.opt_in_changed_by, record.opt_in_source, :cause, :at,"
            " CAST(:removed_by AS jsonb)"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:phone_record_ids AS uuid[])) AS given(id, phone_record_id)"
            " JOIN phone_records AS record"
            " ON record.organization_id = :organization_id AND record.id = given.phone_record_id"
            " LEFT JOIN contacts AS contact"
            " ON contact.organization_id = :organization_id AND contact.id = record.contact_id"
            " LEFT JOIN families AS family"
            " ON family.organization_id = :organization_id AND family.id = contact.family_id"
            " LEFT JOIN staff_members AS staff"
            " ON staff.organization_id = :organization_id AND staff.id = record.staff_member_id"
            " WHERE record.opt_in_state = 'opted_out'"
            " ON CONFLICT (organization_id, phone_number_id, kind, owner_id, contact_name) WHERE lifted_at IS NULL"
            " DO UPDATE SET phone_record_id = excluded.phone_record_id, owner_name = excluded.owner_name,"
            " changed_at = excluded.changed_at, changed_by = excluded.changed_by, source = excluded.source,"
            " cause = excluded.cause, removed_at = excluded.removed_at, removed_by = excluded.removed_by"
        ),
        {
            "organization_id": organization_id,
            "ids": [new_id() for _ in phone_record_ids],
            "phone_record_ids": list(phone_record_ids),
            "cause": cause.value,
            "at": at,
            "removed_by": json.dumps(by.as_json()),
            "owner_name": owner_name,
            "contact_name": contact_name,
        },
    )
