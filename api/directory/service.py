"""Reading and changing families, staff members and their phone records.

Every change is a batch of wanted records, of one or of many, and goes one way: lock → read → plan → store.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.errors import PermissionRequired
from api.access.models import StaffMember
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import NewEntry
from api.directory import queries, search_queries
from api.directory.models import Family, PhoneNumber, PhoneRecord
from api.directory.plan import Author, Conflicting, LacksPermission, NotPlanned, Plan, Planned, plan_opt_in, plan_record
from api.directory.queries import (
    MAX_HOLDERS,
    ensure_phone_numbers,
    holders,
    lock_phone_number,
    lock_phone_numbers,
    phone_number,
    phone_number_ids_of,
    phone_numbers,
    phone_records_with_owners,
)
from api.directory.rules import (
    GivenOptIn,
    OwnerKind,
    StoredFamily,
    StoredRecord,
    StoredStaffMember,
    WantedRecord,
)
from api.directory.search_queries import Listed
from api.directory.search_rules import MIN_WHOLE_NUMBER, DirectoryQuery, as_number, parse_query
from api.directory.store_queries import store
from api.kit.database import database_time
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number
from api.live.service import announce, announce_phone_number

__all__ = [
    "MAX_HOLDERS",
    "change",
    "change_all",
    "ensure_phone_numbers",
    "families",
    "holders",
    "list_families",
    "list_staff_members",
    "lock_phone_number",
    "lock_phone_numbers",
    "phone_number",
    "phone_number_ids_of",
    "phone_numbers",
    "phone_records_with_owners",
    "require_family",
    "require_staff_member",
    "set_opt_in",
    "staff_members",
]

MAX_ANNOUNCED = 100
"""Numbers of one transaction that are announced one by one. Beyond that, open tabs are told to load all they show."""

NOT_FOUND = {OwnerKind.FAMILY: "There is no such family.", OwnerKind.STAFF_MEMBER: "There is no such staff member."}


# Reading.


async def families(session: AsyncSession, organization_id: UUID, family_ids: Sequence[UUID]) -> list[StoredFamily]:
    """In the order of the ids."""
    found = {each.id: each for each in await queries.families(session, organization_id, ids=family_ids)}
    return [found[family_id] for family_id in family_ids if family_id in found]


async def staff_members(
    session: AsyncSession, organization_id: UUID, staff_member_ids: Sequence[UUID]
) -> list[StoredStaffMember]:
    """In the order of the ids."""
    found = {each.id: each for each in await queries.staff_members(session, organization_id, ids=staff_member_ids)}
    return [found[staff_member_id] for staff_member_id in staff_member_ids if staff_member_id in found]


async def require_family(session: AsyncSession, organization_id: UUID, family_id: UUID) -> StoredFamily:
    """Raises `NotFound`, also for a family of another organization (PERM-TENANT)."""
    for family in await families(session, organization_id, [family_id]):
        return family
    raise NotFound(NOT_FOUND[OwnerKind.FAMILY])


async def require_staff_member(
    session: AsyncSession, organization_id: UUID, staff_member_id: UUID
) -> StoredStaffMember:
    """Raises `NotFound`, also for a staff member of another organization (PERM-TENANT)."""
    for staff_member in await staff_members(session, organization_id, [staff_member_id]):
        return staff_member
    raise NotFound(NOT_FOUND[OwnerKind.STAFF_MEMBER])


async def list_families(session: AsyncSession, listed: Listed, *, text: str | None) -> tuple[list[StoredFamily], bool]:
    """A page of families by name, and whether there are more."""
    search = await _parse_search(session, listed.organization_id, text)
    ids, has_more = await search_queries.page(session, Family, listed, search=search)
    return await families(session, listed.organization_id, ids), has_more


async def list_staff_members(
    session: AsyncSession, listed: Listed, *, text: str | None
) -> tuple[list[StoredStaffMember], bool]:
    """A page of staff members by name, and whether there are more."""
    search = await _parse_search(session, listed.organization_id, text)
    ids, has_more = await search_queries.page(session, StaffMember, listed, search=search)
    return await staff_members(session, listed.organization_id, ids), has_more


async def _parse_search(session: AsyncSession, organization_id: UUID, text: str | None) -> DirectoryQuery | None:
    """None if nothing was typed. A number is read as it is dialled in the organization's country."""
    if text is None or not text.strip():
        return None
    written, whole_number = as_number(text), None
    if written is not None and len(written) >= MIN_WHOLE_NUMBER:
        country = await access.country_of_organization(session, organization_id)
        with suppress(InvalidPhoneNumberError):
            whole_number = parse_phone_number(written, country=country)
    return parse_query(text, whole_number=whole_number)


# Changing.


async def change(session: AsyncSession, principal: Principal, wanted: WantedRecord) -> Planned:
    """Make one record as wanted: create it, change it, archive it.

    Raises `NotFound` for a target that is not in the organization, `Invalid` for an id that is not the record's,
    `PermissionRequired` (PERM-DIRECTORY, PERM-ADMIN, OPTIN-WHO), and `Conflict` for an external id or email address
    that is taken and for the principal's own administrator role.
    """
    try:
        (planned,) = await change_all(session, principal, [wanted])
    except IntegrityError as error:
        raise _taken(wanted, str(error.orig)) from error
    if isinstance(planned, Planned):
        return planned
    if isinstance(planned, LacksPermission):
        raise PermissionRequired(planned.permission)
    if isinstance(planned, Conflicting):
        raise Conflict(planned.detail)
    raise Invalid([(planned.place.pointer, planned.detail)])


Target = tuple[OwnerKind, UUID | str]
"""A stored record's kind, and its id or external id."""


@dataclass(frozen=True)
class _Locked:
    """What is stored of a batch's records, all of whose rows are locked."""

    records: Mapping[Target, StoredRecord]
    numbers: queries.LockedNumbers
    emails: Mapping[str, UUID]
    has_administrator: bool


async def change_all(
    session: AsyncSession,
    principal: Principal,
    batch: Sequence[WantedRecord],
    *,
    import_id: UUID | None = None,
    is_trial: bool = False,
) -> list[Planned | NotPlanned]:
    """Make the records as wanted. A record that cannot be planned leaves nothing of itself.

    A trial stores nothing. Raises `NotFound` for a target id that is not in the organization.
    """
    organization_id = principal.organization_id
    if len(batch) > 1:
        await queries.plan_for_each_size(session)
    locked = await _lock(session, principal, batch, is_trial=is_trial)
    author = Author(principal, keeps_staff=principal.is_admin and locked.has_administrator, import_id=import_id)
    if len(batch) > 1:
        plan, outcomes = await asyncio.to_thread(_plan, batch, locked, author)
    else:
        plan, outcomes = _plan(batch, locked, author)
    if not is_trial:
        at = await database_time(session)
        number_ids = {number: row.id for number, row in locked.numbers.rows.items()}
        await store(session, organization_id, plan, number_ids=number_ids, author=principal.actor, at=at)
        await audit.record(session, organization_id, *plan.entries, at=at)
        _announce(session, organization_id, set(plan.numbers) - locked.numbers.made)
    return outcomes


def _plan(batch: Sequence[WantedRecord], locked: _Locked, author: Author) -> tuple[Plan, list[Planned | NotPlanned]]:
    plans: list[Plan] = []
    outcomes: list[Planned | NotPlanned] = []
    for wanted in batch:
        stored = None if wanted.target is None else locked.records.get((wanted.kind, wanted.target))
        if stored is None and isinstance(wanted.target, UUID):
            raise NotFound(NOT_FOUND[wanted.kind])
        try:
            plan, planned = plan_record(wanted, stored, author=author, emails=locked.emails)
        except NotPlanned as refused:
            outcomes.append(refused)
        else:
            plans.append(plan)
            outcomes.append(planned)
    return Plan.joined(plans), outcomes


async def _lock(
    session: AsyncSession, principal: Principal, batch: Sequence[WantedRecord], *, is_trial: bool
) -> _Locked:
    """Lock every row that the batch can touch, make the numbers that are missing, and read what is stored.

    A trial locks and makes no numbers.
    """
    organization_id = principal.organization_id
    ids: dict[OwnerKind, list[UUID]] = {kind: [] for kind in OwnerKind}
    external_ids: dict[OwnerKind, list[str]] = {kind: [] for kind in OwnerKind}
    for wanted in batch:
        if isinstance(wanted.target, UUID):
            ids[wanted.kind].append(wanted.target)
        elif wanted.target is not None:
            external_ids[wanted.kind].append(wanted.target)
    family_ids = await queries.lock_families(
        session, organization_id, ids=ids[OwnerKind.FAMILY], external_ids=external_ids[OwnerKind.FAMILY]
    )
    staff = queries.LockedRecords((), False)
    if any(wanted.kind is OwnerKind.STAFF_MEMBER for wanted in batch):
        staff = await queries.lock_staff_members(
            session,
            organization_id,
            ids=ids[OwnerKind.STAFF_MEMBER],
            external_ids=external_ids[OwnerKind.STAFF_MEMBER],
            administrator_id=principal.staff_member_id,
        )
    numbers = queries.LockedNumbers({}, frozenset())
    if not is_trial and any(wanted.concerns_numbers for wanted in batch):
        held = await queries.numbers_on(session, organization_id, family_ids=family_ids, staff_member_ids=staff.ids)
        given = {each.number for wanted in batch for each in wanted.all_phone_records()}
        numbers = await queries.lock_or_make_numbers(session, organization_id, given.union(held))
    emails = [wanted.email for wanted in batch if wanted.email is not None]
    return _Locked(
        await _stored(session, organization_id, family_ids, staff.ids),
        numbers,
        await queries.email_holders(session, organization_id, emails),
        staff.has_administrator,
    )


async def _stored(
    session: AsyncSession, organization_id: UUID, family_ids: Sequence[UUID], staff_member_ids: Sequence[UUID]
) -> dict[Target, StoredRecord]:
    records: dict[OwnerKind, Sequence[StoredRecord]] = {}
    if family_ids:
        records[OwnerKind.FAMILY] = await queries.families(session, organization_id, ids=family_ids)
    if staff_member_ids:
        records[OwnerKind.STAFF_MEMBER] = await queries.staff_members(session, organization_id, ids=staff_member_ids)
    return {
        (kind, key): record
        for kind, group in records.items()
        for record in group
        for key in (record.id, record.external_id)
        if key is not None
    }


def _announce(session: AsyncSession, organization_id: UUID, numbers: set[str]) -> None:
    if len(numbers) <= MAX_ANNOUNCED:
        for number in sorted(numbers):
            announce_phone_number(session, organization_id, number)
    else:
        announce(session, organization_id, "resync")


def _taken(wanted: WantedRecord, error: str) -> Conflict:
    if "email" in error:
        return Conflict(f"Somebody signs in with {wanted.email} already.")
    if "external_id" in error:
        return Conflict(f"There is a record with the external id “{wanted.external_id}” already.")
    return Conflict("Somebody else is changing the same record. Try again.")


async def set_opt_in(
    session: AsyncSession,
    principal: Principal,
    record: PhoneRecord,
    number: PhoneNumber,
    opt_in: GivenOptIn,
    *,
    at: datetime,
) -> Sequence[NewEntry]:
    """Set the opt-in state of a record whose number is locked. Its evidence is the entries returned.

    Raises `PermissionRequired` for a change that is not the principal's to make (OPTIN-WHO). A refusal that is reset
    stays with the number (OPTIN-REMOVED).
    """
    try:
        plan = plan_opt_in(principal, record.stored(number.number), opt_in)
    except LacksPermission as refused:
        raise PermissionRequired(refused.permission) from refused
    await store(session, record.organization_id, plan, number_ids={}, author=principal.actor, at=at)
    await session.refresh(record)
    return plan.entries
