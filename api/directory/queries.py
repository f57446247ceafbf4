"""SQL of the directory: locks and stored records. `store_queries.py` writes plans.

Locks are taken in this order: families, staff members, phone numbers, and the audit chain last; within each by id.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    func,
    literal,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, undefer

from api.access.models import StaffMember
from api.directory.erased import bring_back
from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord, RecordTag, stored_phone_record
from api.directory.rules import (
    Holder,
    OwnerKind,
    StoredContact,
    StoredFamily,
    StoredPhoneRecord,
    StoredStaffMember,
)
from api.directory.student_queries import students_of, tags_of
from api.kit.bulk import insert_together, is_any
from api.kit.ids import new_id
from api.kit.phone import old_spellings, spellings, variants


async def ensure_phone_numbers(
    session: AsyncSession, organization_id: UUID, numbers: Iterable[str]
) -> dict[str, PhoneNumber]:
    """The rows of these numbers, made where missing, and of their other spellings; locked in the order of their ids.

    This lock is taken before any lock on the numbers' conversations, phone records and messages. A number's variants
    are made with it, so that a transaction that allows a text waits for one that refuses it under another spelling
    (decision 0018).
    """
    return (await lock_or_make_numbers(session, organization_id, numbers)).rows


class LockedNumbers(NamedTuple):
    rows: dict[str, PhoneNumber]
    made: frozenset[str]
    """Numbers that had no row."""


async def lock_or_make_numbers(session: AsyncSession, organization_id: UUID, numbers: Iterable[str]) -> LockedNumbers:
    """`ensure_phone_numbers`, with the numbers that it made."""
    wanted = {each for number in numbers for each in (number, *variants(number))}
    if not wanted:
        return LockedNumbers({}, frozenset())
    every = {each for number in wanted for each in (number, *old_spellings(number))}
    locked = _locked_numbers(organization_id, PhoneNumber.number == is_any(every, "text"))
    found = {row.number: row for row in await session.scalars(locked)}
    missing = sorted(wanted - found.keys())
    if not missing:
        return LockedNumbers(found, frozenset())
    new = {new_id(): number for number in missing}
    rows = [{"organization_id": organization_id, "id": row_id, "number": number} for row_id, number in new.items()]
    await insert_together(session, PhoneNumber, rows, skip_existing=True)
    found = {row.number: row for row in await session.scalars(locked)}
    made = [row for row in found.values() if row.id in new]
    await bring_back(session, organization_id, made)
    return LockedNumbers(found, frozenset(row.number for row in made))


def _locked_numbers(organization_id: UUID, which: ColumnElement[bool]) -> Select[PhoneNumber]:
    return (
        select(PhoneNumber)
        .where(PhoneNumber.organization_id == organization_id, which)
        .order_by(PhoneNumber.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


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
    rows = await session.scalars(_locked_numbers(organization_id, PhoneNumber.id.in_(ids)))
    return {row.id: row for row in rows}


async def lock_phone_number(session: AsyncSession, organization_id: UUID, phone_number_id: UUID) -> PhoneNumber:
    return (await lock_phone_numbers(session, organization_id, [phone_number_id]))[phone_number_id]


async def phone_number(session: AsyncSession, organization_id: UUID, number: str) -> PhoneNumber | None:
    return (await phone_numbers(session, organization_id, [number])).get(number)


async def phone_number_by_id(session: AsyncSession, organization_id: UUID, phone_number_id: UUID) -> PhoneNumber:
    statement = select(PhoneNumber).where(
        PhoneNumber.organization_id == organization_id, PhoneNumber.id == phone_number_id
    )
    return (await session.scalars(statement)).one()


async def phone_numbers(session: AsyncSession, organization_id: UUID, numbers: Sequence[str]) -> dict[str, PhoneNumber]:
    """The rows of those of these numbers that have one."""
    if not numbers:
        return {}
    rows = await session.scalars(
        select(PhoneNumber).where(
            PhoneNumber.organization_id == organization_id, PhoneNumber.number == is_any(set(numbers), "text")
        )
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


def phone_number_ids_with_tag(organization_id: UUID, key: str) -> Select[Any]:
    """The ids of the numbers of families and staff that have the tag with this folded name."""
    return (
        select(PhoneRecord.phone_number_id)
        .outerjoin(
            Contact,
            (Contact.organization_id == PhoneRecord.organization_id) & (Contact.id == PhoneRecord.contact_id),
        )
        .join(
            RecordTag,
            (RecordTag.organization_id == PhoneRecord.organization_id)
            & or_(RecordTag.family_id == Contact.family_id, RecordTag.staff_member_id == PhoneRecord.staff_member_id),
        )
        .where(PhoneRecord.organization_id == organization_id, RecordTag.key == key)
    )


# Stored records.


async def families(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> list[StoredFamily]:
    """Families with all that is on them, unordered."""
    rows = await session.execute(
        select(
            *(Family.id, Family.external_id, Family.name, Family.archived_at, Family.location, Family.notes),
            *(Family.metadata_, Family.created_at, Family.updated_at),
        ).where(Family.organization_id == organization_id, Family.id == is_any(ids))
    )
    contacts = (
        await session.execute(
            select(
                *(Contact.id, Contact.family_id, Contact.name, Contact.relation, Contact.position),
                *(Contact.created_at, Contact.updated_at),
            )
            .where(Contact.organization_id == organization_id, Contact.family_id == is_any(ids))
            .order_by(Contact.position, Contact.id)
        )
    ).all()
    records = await _phone_records(session, organization_id, PhoneRecord.contact_id, [row.id for row in contacts])
    by_family: dict[UUID, list[StoredContact]] = {}
    for contact_id, family_id, name, relation, position, *times in contacts:
        contact = StoredContact(contact_id, name, relation, position, records.get(contact_id, ()), *times)
        by_family.setdefault(family_id, []).append(contact)
    students = await students_of(session, organization_id, ids)
    tags = await tags_of(session, organization_id, RecordTag.family_id, ids)
    return [
        StoredFamily(
            id=row.id,
            external_id=row.external_id,
            name=row.name,
            archived=row.archived_at is not None,
            contacts=by_family.get(row.id, ()),
            students=students.get(row.id, ()),
            tags=tags.get(row.id, ()),
            location=row.location,
            notes=row.notes,
            metadata=row.metadata_,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


async def staff_members(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> list[StoredStaffMember]:
    """Staff members with their phone records, unordered."""
    rows = await session.scalars(
        select(StaffMember)
        .where(StaffMember.organization_id == organization_id, StaffMember.id == is_any(ids))
        .options(undefer(StaffMember.notes), undefer(StaffMember.metadata_))
        .execution_options(populate_existing=True)
    )
    records = await _phone_records(session, organization_id, PhoneRecord.staff_member_id, ids)
    tags = await tags_of(session, organization_id, RecordTag.staff_member_id, ids)
    return [
        StoredStaffMember(
            id=row.id,
            external_id=row.external_id,
            name=row.name,
            email=row.email,
            permissions=row.permissions,
            is_admin=row.is_admin,
            archived=row.archived_at is not None,
            phone_records=records.get(row.id, ()),
            tags=tags.get(row.id, ()),
            location=row.location,
            notes=row.notes,
            metadata=row.metadata_,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


async def _phone_records(
    session: AsyncSession, organization_id: UUID, owner: InstrumentedAttribute[UUID | None], owner_ids: Sequence[UUID]
) -> dict[UUID, list[StoredPhoneRecord]]:
    by_owner: dict[UUID, list[StoredPhoneRecord]] = {}
    if not owner_ids:
        return by_owner
    rows = await session.execute(
        select(
            *(owner.label("owner_id"), PhoneRecord.id, PhoneNumber.number, PhoneRecord.label, PhoneRecord.position),
            *(PhoneRecord.opt_in_state, PhoneRecord.opt_in_source),
            *(PhoneRecord.opt_in_changed_at, PhoneRecord.opt_in_changed_by),
            *(PhoneRecord.created_at, PhoneRecord.updated_at),
        )
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == PhoneRecord.organization_id)
            & (PhoneNumber.id == PhoneRecord.phone_number_id),
        )
        .where(PhoneRecord.organization_id == organization_id, owner == is_any(owner_ids))
        .order_by(PhoneRecord.position, PhoneRecord.id)
    )
    for row in rows:
        assert row.owner_id is not None
        by_owner.setdefault(row.owner_id, []).append(stored_phone_record(row, row.number))
    return by_owner


async def email_holders(session: AsyncSession, organization_id: UUID, emails: Sequence[str]) -> dict[str, UUID]:
    """Who signs in with each of these addresses, as the database compares them."""
    if not emails:
        return {}
    rows = await session.execute(
        text(
            "SELECT wanted.email, staff.id FROM unnest(CAST(:emails AS text[])) AS wanted(email)"
            " JOIN staff_members AS staff ON staff.organization_id = :organization_id"
            " AND lower(staff.email) = lower(wanted.email)"
        ),
        {"organization_id": organization_id, "emails": list(emails)},
    )
    return {row[0]: row[1] for row in rows}


async def id_of_external_id(
    session: AsyncSession, model: type[Family] | type[StaffMember], organization_id: UUID, external_id: str
) -> UUID | None:
    """Also of an archived record."""
    return await session.scalar(
        select(model.id).where(model.organization_id == organization_id, model.external_id == external_id)
    )


# Locks.


async def lock_records(
    session: AsyncSession,
    model: type[Family] | type[StaffMember],
    organization_id: UUID,
    *,
    ids: Sequence[UUID],
    external_ids: Sequence[str],
) -> Sequence[UUID]:
    """Lock the rows of these families or staff members. Returns their ids."""
    if not (ids or external_ids):
        return ()
    # Two conditions only where both are needed: one alone uses one index.
    conditions = [model.id == is_any(ids)] if ids else []
    if external_ids:
        conditions.append(model.external_id == is_any(external_ids, "text"))
    locked = (
        select(model.id)
        .where(model.organization_id == organization_id, or_(*conditions))
        .order_by(model.id)
        .with_for_update(key_share=True)
    )
    return (await session.scalars(locked)).all()


async def is_living_administrator(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> bool:
    found = await session.scalar(
        select(StaffMember.id).where(
            StaffMember.organization_id == organization_id,
            StaffMember.id == staff_member_id,
            StaffMember.is_admin,
            StaffMember.archived_at.is_(None),
        )
    )
    return found is not None


async def numbers_on(
    session: AsyncSession, organization_id: UUID, *, family_ids: Sequence[UUID], staff_member_ids: Sequence[UUID]
) -> Sequence[str]:
    """The numbers on the records of these families and staff members."""
    numbers = (
        select(PhoneNumber.number)
        .join(
            PhoneRecord,
            (PhoneRecord.organization_id == PhoneNumber.organization_id)
            & (PhoneRecord.phone_number_id == PhoneNumber.id),
        )
        .where(PhoneNumber.organization_id == organization_id)
    )
    of_families = numbers.join(
        Contact, (Contact.organization_id == PhoneRecord.organization_id) & (Contact.id == PhoneRecord.contact_id)
    ).where(Contact.family_id == is_any(family_ids))
    of_staff_members = numbers.where(PhoneRecord.staff_member_id == is_any(staff_member_ids))
    return [
        number
        for ids, statement in ((family_ids, of_families), (staff_member_ids, of_staff_members))
        if ids
        for number in await session.scalars(statement)
    ]


async def plan_for_each_size(session: AsyncSession) -> None:
    """Make PostgreSQL plan each query of a batch anew: a plan of when the tables were small would scan them whole."""
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
