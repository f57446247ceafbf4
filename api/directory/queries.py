"""SQL of the directory: its locks, and what is stored. `store_queries.py` writes plans.

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
    select,
    text,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from api.access.models import StaffMember
from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord
from api.directory.rules import (
    Holder,
    OptInSource,
    OptInState,
    OwnerKind,
    StoredContact,
    StoredFamily,
    StoredPhoneRecord,
    StoredStaffMember,
)
from api.kit.bulk import is_any
from api.kit.ids import new_id
from api.kit.phone import old_spellings, spellings, variants


async def ensure_phone_numbers(
    session: AsyncSession, organization_id: UUID, numbers: Iterable[str]
) -> dict[str, PhoneNumber]:
    """The rows of these numbers, made where missing, and of their other spellings; locked in the order of their ids.

    That lock comes before every other of the same numbers' conversations, records and messages. A number's variants
    are made with it, so that whoever lets a text go waits for whoever refuses one under another spelling (decision
    0018).
    """
    return (await lock_or_make_numbers(session, organization_id, numbers)).rows


class LockedNumbers(NamedTuple):
    rows: dict[str, PhoneNumber]
    made: frozenset[str]
    """Those that were on no row before."""


async def lock_or_make_numbers(session: AsyncSession, organization_id: UUID, numbers: Iterable[str]) -> LockedNumbers:
    """`ensure_phone_numbers`, with the numbers that it made."""
    wanted = {each for number in numbers for each in (number, *variants(number))}
    if not wanted:
        return LockedNumbers({}, frozenset())
    every = {each for number in wanted for each in (number, *old_spellings(number))}
    locked = (
        select(PhoneNumber)
        .where(PhoneNumber.organization_id == organization_id, PhoneNumber.number == is_any(every, "text"))
        .order_by(PhoneNumber.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {row.number: row for row in await session.scalars(locked)}
    missing = sorted(wanted - found.keys())
    if not missing:
        return LockedNumbers(found, frozenset())
    made = await session.scalars(
        text(
            "INSERT INTO phone_numbers (organization_id, id, number)"
            " SELECT :organization_id, new.id, new.number"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[])) AS new(id, number)"
            " ON CONFLICT (organization_id, number) DO NOTHING RETURNING number"
        ),
        {"organization_id": organization_id, "ids": [new_id() for _ in missing], "numbers": missing},
    )
    return LockedNumbers({row.number: row for row in await session.scalars(locked)}, frozenset(made.all()))


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


# Stored records.


async def families(
    session: AsyncSession, organization_id: UUID, *, ids: Sequence[UUID] = (), external_ids: Sequence[str] = ()
) -> list[StoredFamily]:
    """Families with their contacts and phone records, unordered."""
    rows = (
        await session.execute(
            select(Family.id, Family.external_id, Family.name, Family.archived_at).where(
                Family.organization_id == organization_id, _is_one_of(Family, ids, external_ids)
            )
        )
    ).all()
    contacts = (
        await session.execute(
            select(Contact.id, Contact.family_id, Contact.name, Contact.relation, Contact.position)
            .where(Contact.organization_id == organization_id, Contact.family_id == is_any(row.id for row in rows))
            .order_by(Contact.position, Contact.id)
        )
    ).all()
    records = await _phone_records(session, organization_id, PhoneRecord.contact_id, [row.id for row in contacts])
    by_family: dict[UUID, list[StoredContact]] = {}
    for contact_id, family_id, name, relation, position in contacts:
        contact = StoredContact(contact_id, name, relation, position, records.get(contact_id, ()))
        by_family.setdefault(family_id, []).append(contact)
    return [
        StoredFamily(family_id, external_id, name, archived_at is not None, by_family.get(family_id, ()))
        for family_id, external_id, name, archived_at in rows
    ]


async def staff_members(
    session: AsyncSession, organization_id: UUID, *, ids: Sequence[UUID] = (), external_ids: Sequence[str] = ()
) -> list[StoredStaffMember]:
    """Staff members with their phone records, unordered."""
    rows = (
        await session.scalars(
            select(StaffMember)
            .where(StaffMember.organization_id == organization_id, _is_one_of(StaffMember, ids, external_ids))
            .execution_options(populate_existing=True)
        )
    ).all()
    records = await _phone_records(session, organization_id, PhoneRecord.staff_member_id, [row.id for row in rows])
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
            *(owner, PhoneRecord.id, PhoneNumber.number, PhoneRecord.label, PhoneRecord.position),
            *(PhoneRecord.opt_in_state, PhoneRecord.opt_in_source),
            *(PhoneRecord.opt_in_changed_at, PhoneRecord.opt_in_changed_by),
        )
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == PhoneRecord.organization_id)
            & (PhoneNumber.id == PhoneRecord.phone_number_id),
        )
        .where(PhoneRecord.organization_id == organization_id, owner == is_any(owner_ids))
        .order_by(PhoneRecord.position, PhoneRecord.id)
    )
    for owner_id, record_id, number, label, position, state, source, changed_at, changed_by in rows:
        assert owner_id is not None
        record = StoredPhoneRecord(
            *(record_id, number, label, position, OptInState(state)),
            *(OptInSource(source) if source else None, changed_at, changed_by),
        )
        by_owner.setdefault(owner_id, []).append(record)
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


# Locks.


class LockedRecords(NamedTuple):
    ids: Sequence[UUID]
    has_administrator: bool
    """Whether `administrator_id`, whose row is locked too, is a living administrator; False where none was given."""


async def lock_families(
    session: AsyncSession, organization_id: UUID, *, ids: Sequence[UUID], external_ids: Sequence[str]
) -> Sequence[UUID]:
    """Lock the rows of these families. Returns their ids."""
    if not (ids or external_ids):
        return ()
    return (await session.scalars(_locked(Family, organization_id, _is_one_of(Family, ids, external_ids)))).all()


async def lock_staff_members(
    session: AsyncSession,
    organization_id: UUID,
    *,
    ids: Sequence[UUID],
    external_ids: Sequence[str],
    administrator_id: UUID | None,
) -> LockedRecords:
    """Lock the rows of these staff members and of the administrator who changes them."""
    also = [] if administrator_id is None else [administrator_id]
    condition = _is_one_of(StaffMember, [*ids, *also], external_ids)
    locked = (await session.scalars(_locked(StaffMember, organization_id, condition))).all()
    administrator = await session.scalar(
        select(StaffMember.id).where(
            StaffMember.organization_id == organization_id,
            StaffMember.id == administrator_id,
            StaffMember.is_admin,
            StaffMember.archived_at.is_(None),
        )
    )
    return LockedRecords(locked, administrator is not None)


def _locked(model: type[Family] | type[StaffMember], organization_id: UUID, condition: ColumnElement[bool]) -> Any:
    return (
        select(model.id)
        .where(model.organization_id == organization_id, condition)
        .order_by(model.id)
        .with_for_update(key_share=True)
    )


def _is_one_of(
    model: type[Family] | type[StaffMember], ids: Sequence[UUID], external_ids: Sequence[str]
) -> ColumnElement[bool]:
    """Two conditions only where both are needed: one alone is one index."""
    by_id, by_external_id = model.id == is_any(ids), model.external_id == is_any(external_ids, "text")
    if not external_ids:
        return by_id
    return (by_id | by_external_id) if ids else by_external_id


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
    found: list[str] = []
    if family_ids:
        found += (await session.scalars(of_families)).all()
    if staff_member_ids:
        found += (await session.scalars(numbers.where(PhoneRecord.staff_member_id == is_any(staff_member_ids)))).all()
    return found


async def plan_for_each_size(session: AsyncSession) -> None:
    """For a batch: its tables grow, so a query plan made while they were small would scan them whole."""
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
