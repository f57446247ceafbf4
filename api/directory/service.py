"""Reading and changing families, staff members and their phone records.

Every change is a batch of one or many wanted records: lock → read → plan → store.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.api_keys import keeps_administration
from api.access.errors import PermissionRequired
from api.access.models import StaffMember
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import NewEntry
from api.directory import queries, search_queries
from api.directory.audience import parse_search
from api.directory.class_entries import entries_of
from api.directory.models import Family, PhoneNumber, PhoneRecord
from api.directory.number_changes import numbers_changed
from api.directory.plan import (
    Author,
    Conflicting,
    LacksPermission,
    NotPlanned,
    Plan,
    Planned,
    Taken,
    plan_opt_in,
    plan_record,
)
from api.directory.queries import MAX_HOLDERS as MAX_HOLDERS
from api.directory.queries import ensure_phone_numbers as ensure_phone_numbers
from api.directory.queries import holders as holders
from api.directory.queries import lock_phone_number as lock_phone_number
from api.directory.queries import lock_phone_numbers as lock_phone_numbers
from api.directory.queries import phone_number as phone_number
from api.directory.queries import phone_number_ids_of as phone_number_ids_of
from api.directory.queries import phone_number_ids_with_tag as phone_number_ids_with_tag
from api.directory.queries import phone_numbers as phone_numbers
from api.directory.queries import phone_records_with_owners as phone_records_with_owners
from api.directory.rules import (
    GivenOptIn,
    OwnerKind,
    StoredFamily,
    StoredRecord,
    StoredStaffMember,
    WantedRecord,
)
from api.directory.search_queries import Listed
from api.directory.staff_changes import staff_changed
from api.directory.store_queries import store
from api.directory.student_queries import lock_classes
from api.directory.student_queries import students_of as students_of
from api.directory.student_rules import Classes, merged
from api.events.service import record_entries
from api.kit.database import database_time
from api.kit.errors import AlreadyExists, Conflict, Invalid, NotFound
from api.kit.preconditions import require_unchanged
from api.live.service import announce_directory

Stored = TypeVar("Stored", StoredFamily, StoredStaffMember)


@dataclass(frozen=True)
class Kind(Generic[Stored]):
    """One of the two kinds of record: its table, and how it is read."""

    owner: OwnerKind
    model: type[Family] | type[StaffMember]
    read: Callable[[AsyncSession, UUID, Sequence[UUID]], Awaitable[list[Stored]]]
    """Records by their ids, unordered."""
    not_found: str


FAMILY = Kind(OwnerKind.FAMILY, Family, queries.families, "There is no such family.")
STAFF_MEMBER = Kind(OwnerKind.STAFF_MEMBER, StaffMember, queries.staff_members, "There is no such staff member.")
KINDS: Mapping[OwnerKind, Kind[Any]] = {kind.owner: kind for kind in (FAMILY, STAFF_MEMBER)}


# Reading.


async def require(session: AsyncSession, kind: Kind[Stored], organization_id: UUID, record_id: UUID) -> Stored:
    """A family or staff member. Raises `NotFound`, also for one of another organization (PERM-TENANT)."""
    for record in await kind.read(session, organization_id, [record_id]):
        return record
    raise NotFound(kind.not_found)


async def require_by_external_id(
    session: AsyncSession, kind: Kind[Stored], organization_id: UUID, external_id: str
) -> Stored:
    """Raises as `require`. Archived records have their external ids still."""
    record_id = await queries.id_of_external_id(session, kind.model, organization_id, external_id)
    if record_id is None:
        raise NotFound(kind.not_found)
    return await require(session, kind, organization_id, record_id)


async def list_records(session: AsyncSession, kind: Kind[Stored], listed: Listed) -> tuple[list[Stored], str | None]:
    """A page of families or staff members by name, and the cursor of the next page, if there is one."""
    search = await parse_search(session, listed.organization_id, listed.filter.q)
    ids, next_cursor = await search_queries.page(session, kind.model, listed, search=search)
    found = {each.id: each for each in await kind.read(session, listed.organization_id, ids)}
    return [found[record_id] for record_id in ids if record_id in found], next_cursor


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
        raise await _taken(session, principal.organization_id, wanted, str(error.orig)) from error
    if isinstance(planned, Planned):
        return planned
    if isinstance(planned, LacksPermission):
        raise PermissionRequired(planned.permission)
    if isinstance(planned, Taken):
        raise AlreadyExists(planned.detail, existing_id=planned.holder_id, conflicting=[planned.place.pointer])
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
    classes: Classes


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
    await require_unchanged(session)
    author = Author(principal, may_change_staff=principal.is_admin and locked.has_administrator, import_id=import_id)
    if len(batch) > 1:
        plan, outcomes = await asyncio.to_thread(_plan, batch, locked, author)
    else:
        plan, outcomes = _plan(batch, locked, author)
    if not is_trial:
        at = await database_time(session)
        number_ids = {number: row.id for number, row in locked.numbers.rows.items()}
        classes = merged(locked.classes, plan.classes)
        await store(
            session,
            organization_id,
            plan,
            number_ids=number_ids,
            author=principal.actor,
            at=at,
            classes=classes,
        )
        await numbers_changed(session, organization_id, set(plan.numbers) - locked.numbers.made)
        await staff_changed(session, organization_id, plan, by=principal.actor)
        class_entries = entries_of(principal.actor, locked.classes, classes, import_id=import_id)
        await audit.record(session, organization_id, *class_entries, *plan.entries, at=at)
        record_entries(session, organization_id, plan.entries)
        if class_entries or plan.entries:
            announce_directory(session, organization_id)
    return outcomes


def _plan(batch: Sequence[WantedRecord], locked: _Locked, author: Author) -> tuple[Plan, list[Planned | NotPlanned]]:
    plans: list[Plan] = []
    outcomes: list[Planned | NotPlanned] = []
    for wanted in batch:
        stored = None if wanted.target is None else locked.records.get((wanted.kind, wanted.target))
        if stored is None and isinstance(wanted.target, UUID):
            raise NotFound(KINDS[wanted.kind].not_found)
        try:
            plan, planned = plan_record(wanted, stored, author=author, emails=locked.emails, classes=locked.classes)
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
    changes_staff = any(wanted.kind is OwnerKind.STAFF_MEMBER for wanted in batch)
    administrator_id = principal.staff_member_id if changes_staff else None
    named = [each for wanted in batch for student in wanted.students or () for each in student.classes or ()]
    classes = await lock_classes(
        session,
        organization_id,
        ids={each.id for each in named if each.id is not None},
        keys={each.key for each in named if each.id is None},
        may_make=not is_trial,
    )
    ids: dict[OwnerKind, Sequence[UUID]] = {}
    for owner, kind in KINDS.items():
        targets = [wanted.target for wanted in batch if wanted.kind is owner]
        by_id = [target for target in targets if isinstance(target, UUID)]
        if owner is OwnerKind.STAFF_MEMBER and administrator_id is not None:
            by_id.append(administrator_id)
        by_external_id = [target for target in targets if isinstance(target, str)]
        ids[owner] = await queries.lock_records(
            session, kind.model, organization_id, ids=by_id, external_ids=by_external_id
        )
    if administrator_id is not None:
        has_administrator = await queries.is_living_administrator(session, organization_id, administrator_id)
    else:
        has_administrator = changes_staff and await keeps_administration(session, principal)
    numbers = queries.LockedNumbers({}, frozenset())
    if not is_trial and any(wanted.concerns_numbers for wanted in batch):
        held = await queries.numbers_on(
            session, organization_id, family_ids=ids[OwnerKind.FAMILY], staff_member_ids=ids[OwnerKind.STAFF_MEMBER]
        )
        given = {each.number for wanted in batch for each in wanted.all_phone_records()}
        numbers = await queries.lock_or_make_numbers(session, organization_id, given.union(held))
    records: dict[Target, StoredRecord] = {}
    for owner, kind in KINDS.items():
        for record in await kind.read(session, organization_id, ids[owner]) if ids[owner] else ():
            records |= {(owner, key): record for key in (record.id, record.external_id) if key is not None}
    emails = [wanted.email for wanted in batch if wanted.email is not None]
    email_holders = await queries.email_holders(session, organization_id, emails)
    return _Locked(records, numbers, email_holders, has_administrator, classes)


async def _taken(session: AsyncSession, organization_id: UUID, wanted: WantedRecord, error: str) -> Conflict:
    """The conflict that a constraint reports. It ends the transaction, which the error has aborted."""
    await session.rollback()
    if "email" in error and wanted.email is not None:
        holders = await queries.email_holders(session, organization_id, [wanted.email])
        return AlreadyExists(
            f"Somebody signs in with {wanted.email} already.",
            existing_id=holders.get(wanted.email),
            conflicting=["/email"],
        )
    if "external_id" in error and wanted.external_id is not None:
        model = KINDS[wanted.kind].model
        return AlreadyExists(
            f"There is a record with the external id “{wanted.external_id}” already.",
            existing_id=await queries.id_of_external_id(session, model, organization_id, wanted.external_id),
            conflicting=["/external_id"],
        )
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
