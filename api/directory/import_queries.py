"""SQL of the import: whole batches in few statements, over arrays.

Locks are taken in the order of the house: owners, phone numbers, and the audit chain last; within each by id.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, any_, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from api.access.models import StaffMember, stored_permissions
from api.directory.import_changes import (
    Changes,
    StoredContact,
    StoredFamily,
    StoredNumber,
    StoredStaffMember,
)
from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord
from api.kit.ids import new_id


class Concerned(NamedTuple):
    """What a transaction is going to touch: external ids of families and of staff members, and E.164 numbers."""

    families: Sequence[str]
    staff_members: Sequence[str]
    numbers: Sequence[str]


async def try_lock_imports(session: AsyncSession, key: int) -> bool:
    taken: bool = (await session.execute(select(func.pg_try_advisory_xact_lock(key)))).scalar_one()
    return taken


class Locked(NamedTuple):
    is_administrator: bool
    """Whether `administrator_id`, whose row is locked too, is a living administrator; False where none was given."""
    made: set[str]
    """The numbers that were on no row before."""


async def lock(
    session: AsyncSession, organization_id: UUID, concerned: Concerned, *, administrator_id: UUID | None
) -> Locked:
    """Lock every row that these can touch, and make the numbers that are missing."""
    # The tables grow under the import: a plan made while they were small would scan them whole for every batch.
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    family_ids = await _lock_by_external_id(session, "families", organization_id, concerned.families, also=None)
    is_administrator = False
    staff_ids: list[UUID] = []
    if concerned.staff_members or administrator_id is not None:
        staff_ids = await _lock_by_external_id(
            session, "staff_members", organization_id, concerned.staff_members, also=administrator_id
        )
        statement = select(StaffMember.is_admin & StaffMember.archived_at.is_(None)).where(
            StaffMember.organization_id == organization_id, StaffMember.id == administrator_id
        )
        is_administrator = bool((await session.execute(statement)).scalar_one_or_none())
    made = await _lock_numbers(session, organization_id, concerned.numbers, family_ids, staff_ids)
    return Locked(is_administrator, made)


async def _lock_by_external_id(
    session: AsyncSession, table: str, organization_id: UUID, external_ids: Sequence[str], *, also: UUID | None
) -> list[UUID]:
    rows = await session.execute(
        text(
            f"SELECT id FROM {table} WHERE organization_id = :organization_id"  # noqa: S608  # One of two names.
            " AND (external_id = ANY(CAST(:external_ids AS text[])) OR id = CAST(:also AS uuid))"
            " ORDER BY id FOR NO KEY UPDATE"
        ),
        {"organization_id": organization_id, "external_ids": list(external_ids), "also": also},
    )
    return [row[0] for row in rows]


async def _lock_numbers(
    session: AsyncSession,
    organization_id: UUID,
    numbers: Sequence[str],
    family_ids: Sequence[UUID],
    staff_ids: Sequence[UUID],
) -> set[str]:
    """These numbers, and those that the records of these families and staff members hold now. Returns the new ones."""
    statement = text(
        "SELECT count(*) FROM (SELECT id FROM phone_numbers WHERE organization_id = :organization_id AND id IN ("
        "   SELECT id FROM phone_numbers"
        "   WHERE organization_id = :organization_id AND number = ANY(CAST(:numbers AS text[]))"
        "   UNION ALL SELECT record.phone_number_id FROM phone_records AS record"
        "   JOIN contacts AS contact ON contact.organization_id = record.organization_id"
        "   AND contact.id = record.contact_id"
        "   WHERE record.organization_id = :organization_id AND contact.family_id = ANY(CAST(:family_ids AS uuid[]))"
        "   UNION ALL SELECT record.phone_number_id FROM phone_records AS record"
        "   WHERE record.organization_id = :organization_id"
        "   AND record.staff_member_id = ANY(CAST(:staff_ids AS uuid[]))"
        " ) ORDER BY id FOR NO KEY UPDATE) AS locked"
    )
    values: dict[str, Any] = {
        "organization_id": organization_id,
        "numbers": list(numbers),
        "family_ids": list(family_ids),
        "staff_ids": list(staff_ids),
    }
    await session.execute(statement, values)
    if not numbers:
        return set()
    rows = await session.execute(
        text(
            "INSERT INTO phone_numbers (organization_id, id, number)"
            " SELECT :organization_id, wanted.id, wanted.number"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[])) AS wanted(id, number)"
            " WHERE NOT EXISTS (SELECT FROM phone_numbers AS known"
            "   WHERE known.organization_id = :organization_id AND known.number = wanted.number)"
            " ORDER BY wanted.number ON CONFLICT (organization_id, number) DO NOTHING RETURNING number"
        ),
        {
            "organization_id": organization_id,
            "ids": [new_id() for _ in numbers],
            "numbers": sorted(numbers),
        },
    )
    # Somebody else may have made one of them since the first statement: then it is theirs, and to be locked.
    await session.execute(statement, values)
    return {row[0] for row in rows}


async def families(
    session: AsyncSession, organization_id: UUID, external_ids: Sequence[str]
) -> dict[str, StoredFamily]:
    """With their contacts and numbers, by external id."""
    if not external_ids:
        return {}
    found = await session.execute(
        select(Family.id, Family.external_id, Family.name).where(
            Family.organization_id == organization_id, Family.external_id == _any(external_ids, "text")
        )
    )
    rows = found.all()
    if not rows:
        return {}
    contacts = (
        await session.execute(
            select(Contact.id, Contact.family_id, Contact.name, Contact.relation, Contact.position)
            .where(Contact.organization_id == organization_id, Contact.family_id == _any([row[0] for row in rows]))
            .order_by(Contact.position, Contact.id)
        )
    ).all()
    records = await _records(session, organization_id, PhoneRecord.contact_id, [row[0] for row in contacts])
    by_family: dict[UUID, list[StoredContact]] = {}
    for contact_id, family_id, name, relation, position in contacts:
        contact = StoredContact(contact_id, name, relation, position, records.get(contact_id, ()))
        by_family.setdefault(family_id, []).append(contact)
    return {str(row[1]): StoredFamily(row[0], row[2], by_family.get(row[0], ())) for row in rows}


async def staff_members(
    session: AsyncSession, organization_id: UUID, external_ids: Sequence[str]
) -> dict[str, StoredStaffMember]:
    """With their numbers, by external id."""
    if not external_ids:
        return {}
    found = await session.execute(
        select(
            *(StaffMember.id, StaffMember.external_id, StaffMember.name, StaffMember.email),
            *(StaffMember.first_permissions, StaffMember.has_directory, StaffMember.is_admin),
        ).where(StaffMember.organization_id == organization_id, StaffMember.external_id == _any(external_ids, "text"))
    )
    rows = found.all()
    records = await _records(session, organization_id, PhoneRecord.staff_member_id, [row[0] for row in rows])
    return {
        external_id: StoredStaffMember(
            staff_id,
            name,
            email,
            stored_permissions(first, has_directory=has_directory),
            is_admin,
            records.get(staff_id, ()),
        )
        for staff_id, external_id, name, email, first, has_directory, is_admin in rows
        if external_id is not None
    }


async def _records(
    session: AsyncSession, organization_id: UUID, owner: InstrumentedAttribute[UUID | None], owner_ids: Sequence[UUID]
) -> dict[UUID, list[StoredNumber]]:
    by_owner: dict[UUID, list[StoredNumber]] = {}
    if not owner_ids:
        return by_owner
    rows = await session.execute(
        select(
            *(owner, PhoneRecord.id, PhoneNumber.number, PhoneRecord.label),
            *(PhoneRecord.position, PhoneRecord.opt_in_state),
        )
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == PhoneRecord.organization_id)
            & (PhoneNumber.id == PhoneRecord.phone_number_id),
        )
        .where(PhoneRecord.organization_id == organization_id, owner == _any(owner_ids))
        .order_by(PhoneRecord.position, PhoneRecord.id)
    )
    for owner_id, record_id, number, label, position, state in rows:
        assert owner_id is not None
        by_owner.setdefault(owner_id, []).append(StoredNumber(record_id, number, label, position, state))
    return by_owner


async def number_ids(session: AsyncSession, organization_id: UUID, numbers: Sequence[str]) -> dict[str, UUID]:
    rows = await session.execute(
        select(PhoneNumber.number, PhoneNumber.id).where(
            PhoneNumber.organization_id == organization_id, PhoneNumber.number == _any(numbers, "text")
        )
    )
    return {row[0]: row[1] for row in rows}


async def email_holders(session: AsyncSession, organization_id: UUID, emails: Sequence[str]) -> dict[str, UUID]:
    """Who signs in with each of these addresses, as the database compares them."""
    rows = await session.execute(
        text(
            "SELECT wanted.email, staff.id FROM unnest(CAST(:emails AS text[])) AS wanted(email)"
            " JOIN staff_members AS staff ON staff.organization_id = :organization_id"
            " AND lower(staff.email) = lower(wanted.email)"
        ),
        {"organization_id": organization_id, "emails": list(emails)},
    )
    return {row[0]: row[1] for row in rows}


def _any(values: Sequence[object], of: str = "uuid") -> ColumnElement[Any]:
    """`= ANY (array)`: one parameter, however many values."""
    array = ARRAY(Text() if of == "text" else Uuid())
    return any_(bindparam(None, list(values), type_=array))


async def store(session: AsyncSession, organization_id: UUID, changes: Changes, *, at: datetime) -> None:
    """Write everything, what others refer to first. Raises `IntegrityError` where somebody else was faster."""
    write = _Writer(session, {"organization_id": organization_id, "at": at})
    author = json.dumps(changes.actor.as_json())
    await write(
        "UPDATE families AS row SET name = new.name, updated_at = :at FROM {rows}"
        " WHERE row.organization_id = :organization_id AND row.id = new.id",
        {"id": "uuid", "name": "text"},
        changes.families,
    )
    await write(
        "INSERT INTO families (organization_id, id, external_id, name, created_at, updated_at)"
        " SELECT :organization_id, new.id, new.external_id, new.name, :at, :at FROM {rows}",
        {"id": "uuid", "external_id": "text", "name": "text"},
        changes.new_families,
    )
    # Permissions as `HoldsPermissions` stores them.
    staff = {"id": "uuid", "external_id": "text", "name": "text", "email": "text", "permissions": "text"}
    await write(
        "UPDATE staff_members AS row SET name = new.name, email = new.email, is_admin = new.is_admin,"
        " permissions = array_remove(string_to_array(new.permissions, ','), 'directory'),"
        " directory = 'directory' = ANY(string_to_array(new.permissions, ',')), updated_at = :at FROM {rows}"
        " WHERE row.organization_id = :organization_id AND row.id = new.id",
        {**staff, "is_admin": "boolean"},
        changes.staff_members,
    )
    await write(
        "INSERT INTO staff_members"
        " (organization_id, id, external_id, name, email, permissions, directory, is_admin, created_at, updated_at)"
        " SELECT :organization_id, new.id, new.external_id, new.name, new.email,"
        " array_remove(string_to_array(new.permissions, ','), 'directory'),"
        " 'directory' = ANY(string_to_array(new.permissions, ',')), new.is_admin, :at, :at FROM {rows}",
        {**staff, "is_admin": "boolean"},
        changes.new_staff_members,
    )
    await write(
        "DELETE FROM phone_records AS row USING {rows}"
        " WHERE row.organization_id = :organization_id AND row.id = new.id",
        {"id": "uuid"},
        [(each,) for each in changes.removed_records],
    )
    await write(
        "DELETE FROM contacts AS row USING {rows} WHERE row.organization_id = :organization_id AND row.id = new.id",
        {"id": "uuid"},
        [(each,) for each in changes.removed_contacts],
    )
    await write(
        "UPDATE contacts AS row SET name = new.name, relation = new.relation, position = new.position FROM {rows}"
        " WHERE row.organization_id = :organization_id AND row.id = new.id",
        {"id": "uuid", "name": "text", "relation": "text", "position": "integer"},
        changes.contacts,
    )
    await write(
        "INSERT INTO contacts (organization_id, id, family_id, name, relation, position)"
        " SELECT :organization_id, new.id, new.family_id, new.name, new.relation, new.position FROM {rows}",
        {"id": "uuid", "family_id": "uuid", "name": "text", "relation": "text", "position": "integer"},
        changes.new_contacts,
    )
    await write(
        "UPDATE phone_records AS row SET label = new.label, position = new.position FROM {rows}"
        " WHERE row.organization_id = :organization_id AND row.id = new.id",
        {"id": "uuid", "label": "text", "position": "integer"},
        changes.records,
    )
    await write(
        "UPDATE phone_records AS row SET opt_in_state = new.state, opt_in_source = new.source,"
        " opt_in_changed_at = :at, opt_in_changed_by = CAST(:author AS jsonb),"
        " opt_in_wording = NULL, opt_in_note = NULL FROM {rows}"
        " WHERE row.organization_id = :organization_id AND row.id = new.id",
        {"id": "uuid", "state": "text", "source": "text"},
        changes.opt_ins,
        author=author,
    )
    await write(
        "INSERT INTO phone_records (organization_id, id, phone_number_id, contact_id, staff_member_id, label,"
        " position, opt_in_state, opt_in_source, opt_in_changed_at, opt_in_changed_by)"
        " SELECT :organization_id, new.id, new.phone_number_id, new.contact_id, new.staff_member_id, new.label,"
        " new.position, new.state, new.source, CASE WHEN new.source IS NOT NULL THEN CAST(:at AS timestamptz) END,"
        " CASE WHEN new.source IS NOT NULL THEN CAST(:author AS jsonb) END FROM {rows}",
        {
            **{"id": "uuid", "phone_number_id": "uuid", "contact_id": "uuid", "staff_member_id": "uuid"},
            **{"label": "text", "position": "integer", "state": "text", "source": "text"},
        },
        changes.new_records,
        author=author,
    )


class _Writer:
    """Runs a statement over rows given as one array a column. `{rows}` stands for them, called `new`."""

    def __init__(self, session: AsyncSession, values: dict[str, Any]) -> None:
        self._session = session
        self._values = values

    async def __call__(
        self, statement: str, columns: dict[str, str], rows: Iterable[tuple[Any, ...]], **more: object
    ) -> None:
        values = list(zip(*rows, strict=True))
        if not values:
            return
        arrays = ", ".join(f"CAST(:column_{name} AS {of}[])" for name, of in columns.items())
        statement = statement.replace("{rows}", f"unnest({arrays}) AS new({', '.join(columns)})")
        named = {f"column_{name}": list(column) for name, column in zip(columns, values, strict=True)}
        await self._session.execute(text(statement), self._values | named | more)
