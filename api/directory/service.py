"""Keeping families, staff members and their phone records."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries as access_queries
from api.access.models import StaffMember
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.directory import queries
from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord
from api.directory.records import Owner, WantedRecord, lock_numbers, parse_records, set_records
from api.directory.rules import match_names
from api.directory.schemas import (
    ContactIn,
    ContactPut,
    FamilyIn,
    FamilyOut,
    FamilyPatch,
    StaffMemberIn,
    StaffMemberOut,
    StaffMemberPatch,
)
from api.directory.search_rules import MIN_WHOLE_NUMBER, DirectoryQuery, as_number, parse_query
from api.kit.database import database_time
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.ids import new_id
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number
from api.live.service import announce_phone_number


async def ensure_phone_numbers(
    session: AsyncSession, organization_id: UUID, numbers: Sequence[str]
) -> dict[str, PhoneNumber]:
    """The locked rows of these numbers, made where missing, and of their other spellings. This lock comes first."""
    return await queries.ensure_phone_numbers(session, organization_id, numbers)


async def lock_phone_numbers(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Iterable[UUID]
) -> dict[UUID, PhoneNumber]:
    """These rows, locked with those of their other spellings."""
    return await queries.lock_phone_numbers(session, organization_id, phone_number_ids)


async def require_family(session: AsyncSession, organization_id: UUID, family_id: UUID) -> Family:
    """Raises `NotFound`, also for another organization's (PERM-TENANT)."""
    family = await queries.family(session, organization_id, family_id)
    if family is None:
        raise NotFound("There is no such family.")
    return family


async def require_staff_member(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> StaffMember:
    """Raises `NotFound`, also for another organization's (PERM-TENANT)."""
    staff_member = await access_queries.staff_member(session, organization_id, staff_member_id)
    if staff_member is None:
        raise NotFound("There is no such staff member.")
    return staff_member


# Families.


async def create_family(session: AsyncSession, *, principal: Principal, new: FamilyIn) -> Family:
    """Raises `Invalid` for a number that is none, `Conflict` for an external id that is taken."""
    organization_id = principal.organization_id
    family = Family(organization_id=organization_id, id=new_id(), name=new.name, external_id=new.external_id)
    created = NewEntry(
        Action.FAMILY_CREATED, principal.actor, details={"family_id": str(family.id), "name": family.name}
    )
    with _conflict_when_taken(new.external_id):
        await _write_family(session, family, new.contacts, principal=principal, entries=[created], is_new=True)
    return family


async def update_family(session: AsyncSession, *, principal: Principal, family_id: UUID, patch: FamilyPatch) -> Family:
    """Raises `NotFound`, `Invalid`, and `Conflict` for an external id that is taken."""
    organization_id = principal.organization_id
    await require_family(session, organization_id, family_id)
    family = await queries.lock_family(session, organization_id, family_id)
    former_name = family.name
    changes: dict[str, object] = {}
    _note_change(changes, family, "name", patch.name)
    _note_change(changes, family, "external_id", patch.external_id)
    with _conflict_when_taken(patch.external_id):
        await _write_family(
            session,
            family,
            patch.contacts,
            principal=principal,
            entries=_updated(family, changes, principal),
            former_name=former_name,
        )
    if patch.archived is not None and patch.archived != (family.archived_at is not None):
        await _archive(session, family, principal=principal, archived=patch.archived, action=Action.FAMILY_ARCHIVED)
    return family


async def put_family(
    session: AsyncSession, *, principal: Principal, external_id: str, family: FamilyIn
) -> tuple[Family, bool]:
    """Create the family with this external id, or make it as given. True when it is new."""
    organization_id = principal.organization_id
    existing = await queries.family_by_external_id(session, organization_id, external_id)
    if existing is None:
        new = family.model_copy(update={"external_id": external_id})
        return await create_family(session, principal=principal, new=new), True
    patch = FamilyPatch(
        name=family.name,
        contacts=[ContactPut.model_validate(contact.model_dump()) for contact in family.contacts],
    )
    updated = await update_family(session, principal=principal, family_id=existing.id, patch=patch)
    return updated, False


async def _write_family(
    session: AsyncSession,
    family: Family,
    contacts: Sequence[ContactIn] | None,
    *,
    principal: Principal,
    entries: list[NewEntry],
    former_name: str | None = None,
    is_new: bool = False,
) -> None:
    """Store the family and, unless None, make its contacts the given list; audit it all."""
    organization_id = family.organization_id
    country = (await access_queries.organization(session, organization_id)).country
    wanted = [
        parse_records(contact.phone_records, country=country, pointer=f"/contacts/{index}/phone_records")
        for index, contact in enumerate(contacts or [])
    ]
    existing = [] if is_new else (await queries.contacts_of(session, organization_id, [family.id]))[family.id]
    records = await queries.records_of(session, organization_id, contact_ids=[contact.id for contact in existing])
    if contacts is not None:
        numbers = await lock_numbers(
            session,
            organization_id,
            existing=[each for group in records.values() for each in group],
            wanted=[each for group in wanted for each in group],
        )
        # Read again under the locks: an opt-in may have changed while they were waited for.
        records = await queries.records_of(session, organization_id, contact_ids=list(records))
    at = await database_time(session)
    family.updated_at = at
    if is_new:
        session.add(family)
    await session.flush()
    if contacts is not None:
        matched = _match_contacts(existing, contacts)
        kept = {contact.id for contact in matched if contact is not None}
        for contact in existing:
            if contact.id not in kept:
                owner = Owner(organization_id, contact_id=contact.id, name=former_name, contact_name=contact.name)
                entries += await set_records(
                    session, owner, existing=records[contact.id], wanted=[], numbers=numbers, principal=principal, at=at
                )
                await session.delete(contact)
        for position, (given, found, group) in enumerate(zip(contacts, matched, wanted, strict=True)):
            contact = found or Contact(organization_id=organization_id, id=new_id(), family_id=family.id)
            former_contact = found.name if found else None
            contact.name, contact.relation, contact.position = given.name, given.relation, position
            session.add(contact)
            await session.flush()
            entries += await set_records(
                session,
                Owner(organization_id, contact_id=contact.id, name=former_name, contact_name=former_contact),
                existing=records.get(contact.id, []),
                wanted=group,
                numbers=numbers,
                principal=principal,
                at=at,
            )
    await session.flush()
    await _record(session, organization_id, entries, at=at)


def _match_contacts(existing: Sequence[Contact], given: Sequence[ContactIn]) -> list[Contact | None]:
    """Which stored contact each given one is: by its id, else by its name (`match_names`); None for a new one.

    Raises `Invalid` for an id that is none of the family's, or that stands there twice.
    """
    unused = {contact.id: contact for contact in existing}
    matched: list[Contact | None] = [None] * len(given)
    without_id: list[int] = []
    for index, contact in enumerate(given):
        contact_id = contact.id if isinstance(contact, ContactPut) else None
        if contact_id is None:
            without_id.append(index)
        elif contact_id in unused:
            matched[index] = unused.pop(contact_id)
        else:
            raise Invalid([(f"/contacts/{index}/id", "This is none of the family's contacts.")])
    left = list(unused.values())
    places = match_names([each.name for each in left], [given[index].name for index in without_id])
    for index, place in zip(without_id, places, strict=True):
        matched[index] = None if place is None else left[place]
    return matched


async def archive_family(session: AsyncSession, principal: Principal, family_id: UUID) -> Family:
    organization_id = principal.organization_id
    await require_family(session, organization_id, family_id)
    family = await queries.lock_family(session, organization_id, family_id)
    if family.archived_at is None:
        await _archive(session, family, principal=principal, archived=True, action=Action.FAMILY_ARCHIVED)
    return family


# Staff members.


async def create_staff_member(
    session: AsyncSession, *, principal: Principal, new: StaffMemberIn, password_hash: str | None
) -> StaffMember:
    """Raises `Invalid` for a number that is none, `Conflict` for an email or external id that is taken.

    `password_hash` is of `new.password`, which is hashed outside of the transaction.
    """
    organization_id = principal.organization_id
    staff_member = StaffMember(
        organization_id=organization_id,
        id=new_id(),
        name=new.name,
        email=new.email,
        password_hash=password_hash,
        permissions=sorted({permission.value for permission in new.permissions}),
        is_admin=new.is_admin,
        external_id=new.external_id,
    )
    created = NewEntry(
        Action.STAFF_MEMBER_CREATED,
        principal.actor,
        details={
            "staff_member_id": str(staff_member.id),
            "name": staff_member.name,
            "permissions": staff_member.permissions,
            "is_admin": staff_member.is_admin,
        },
    )
    country = (await access_queries.organization(session, organization_id)).country
    wanted = parse_records(new.phone_records, country=country, pointer="/phone_records")
    session.add(staff_member)
    with _conflict_when_taken(new.external_id, email=new.email):
        await _write_staff_member(session, staff_member, wanted, existing=[], principal=principal, entries=[created])
    return staff_member


async def update_staff_member(
    session: AsyncSession,
    *,
    principal: Principal,
    staff_member_id: UUID,
    patch: StaffMemberPatch,
    password_hash: str | None,
) -> StaffMember:
    """Raises `NotFound`, `Invalid`, and `Conflict`: a taken email or external id, or nobody left to administer.

    `password_hash` is of `patch.password`, which is hashed outside of the transaction. A new password ends the
    person's sessions but for the one in which they changed it themselves.
    """
    organization_id = principal.organization_id
    await require_staff_member(session, organization_id, staff_member_id)
    staff_member = await queries.lock_staff_member(session, organization_id, staff_member_id)
    former_name = staff_member.name
    with _conflict_when_taken(patch.external_id, email=patch.email):
        changes: dict[str, object] = {}
        _note_change(changes, staff_member, "name", patch.name)
        _note_change(changes, staff_member, "external_id", patch.external_id)
        _note_change(changes, staff_member, "email", patch.email)
        if patch.permissions is not None:
            permissions = sorted({permission.value for permission in patch.permissions})
            _note_change(changes, staff_member, "permissions", permissions)
        if patch.is_admin is False and staff_member.is_admin:
            await _require_another_admin(session, staff_member, principal)
        _note_change(changes, staff_member, "is_admin", patch.is_admin)
        if password_hash is not None:
            staff_member.password_hash = password_hash
            changes["password"] = "replaced"  # noqa: S105  # Says that it was, not what it is.
            await access_queries.delete_sessions_of(
                session, organization_id, staff_member_id, except_for=principal.credential_id
            )
        entries = _updated(staff_member, changes, principal)
        wanted: list[WantedRecord] | None = None
        if patch.phone_records is not None:
            country = (await access_queries.organization(session, organization_id)).country
            wanted = parse_records(patch.phone_records, country=country, pointer="/phone_records")
        existing = await queries.records_of(session, organization_id, staff_member_ids=[staff_member_id])
        await _write_staff_member(
            session,
            staff_member,
            wanted,
            existing=existing[staff_member_id],
            principal=principal,
            entries=entries,
            former_name=former_name,
        )
    if patch.archived is not None and patch.archived != (staff_member.archived_at is not None):
        await _archive_staff_member(session, staff_member, principal=principal, archived=patch.archived)
    return staff_member


async def put_staff_member(
    session: AsyncSession,
    *,
    principal: Principal,
    external_id: str,
    staff_member: StaffMemberIn,
    password_hash: str | None,
) -> tuple[StaffMember, bool]:
    """Create the staff member with this external id, or make them as given. True when they are new."""
    organization_id = principal.organization_id
    existing = await queries.staff_member_by_external_id(session, organization_id, external_id)
    if existing is None:
        new = staff_member.model_copy(update={"external_id": external_id})
        created = await create_staff_member(session, principal=principal, new=new, password_hash=password_hash)
        return created, True
    patch = StaffMemberPatch.model_validate(staff_member.model_dump(exclude={"external_id"}))
    updated = await update_staff_member(
        session, principal=principal, staff_member_id=existing.id, patch=patch, password_hash=password_hash
    )
    return updated, False


async def _write_staff_member(
    session: AsyncSession,
    staff_member: StaffMember,
    wanted: list[WantedRecord] | None,
    *,
    existing: Sequence[tuple[PhoneRecord, str]],
    principal: Principal,
    entries: list[NewEntry],
    former_name: str | None = None,
) -> None:
    """Store the person and, unless None, make their phone records the wanted list; audit it all."""
    organization_id = staff_member.organization_id
    if wanted is not None:
        with session.no_autoflush:
            numbers = await lock_numbers(session, organization_id, existing=existing, wanted=wanted)
            if existing:
                # Read again under the locks: an opt-in may have changed while they were waited for.
                again = await queries.records_of(session, organization_id, staff_member_ids=[staff_member.id])
                existing = again[staff_member.id]
    at = await database_time(session)
    staff_member.updated_at = at
    await session.flush()
    if wanted is not None:
        owner = Owner(organization_id, staff_member_id=staff_member.id, name=former_name)
        entries += await set_records(
            session, owner, existing=existing, wanted=wanted, numbers=numbers, principal=principal, at=at
        )
    await _record(session, organization_id, entries, at=at)


async def archive_staff_member(session: AsyncSession, principal: Principal, staff_member_id: UUID) -> StaffMember:
    """The person is signed out everywhere and cannot sign in again."""
    organization_id = principal.organization_id
    await require_staff_member(session, organization_id, staff_member_id)
    staff_member = await queries.lock_staff_member(session, organization_id, staff_member_id)
    if staff_member.archived_at is None:
        await _archive_staff_member(session, staff_member, principal=principal, archived=True)
    return staff_member


async def _archive_staff_member(
    session: AsyncSession, staff_member: StaffMember, *, principal: Principal, archived: bool
) -> None:
    if archived:
        if staff_member.is_admin:
            await _require_another_admin(session, staff_member, principal)
        await access_queries.delete_sessions_of(session, staff_member.organization_id, staff_member.id)
    await _archive(session, staff_member, principal=principal, archived=archived, action=Action.STAFF_MEMBER_ARCHIVED)


async def _require_another_admin(session: AsyncSession, staff_member: StaffMember, principal: Principal) -> None:
    if principal.id == staff_member.id:
        raise Conflict("You cannot take the administrator role from yourself. Ask another administrator.")
    if await queries.count_other_admins(session, staff_member.organization_id, staff_member.id) == 0:
        raise Conflict("This is the last administrator. Make somebody else one first.")


# Both.


def _note_change(changes: dict[str, object], record: Family | StaffMember, name: str, value: object) -> None:
    """Set an attribute to a value that is given and new, and remember it for the audit log."""
    before = getattr(record, name)
    if value is not None and value != before:
        changes[name] = {"from": before, "to": value}
        setattr(record, name, value)


def _updated(record: Family | StaffMember, changes: dict[str, object], principal: Principal) -> list[NewEntry]:
    if not changes:
        return []
    is_family = isinstance(record, Family)
    action = Action.FAMILY_UPDATED if is_family else Action.STAFF_MEMBER_UPDATED
    key = "family_id" if is_family else "staff_member_id"
    return [NewEntry(action, principal.actor, details={key: str(record.id), "name": record.name, "changes": changes})]


async def _record(session: AsyncSession, organization_id: UUID, entries: Sequence[NewEntry], *, at: datetime) -> None:
    """Audit the entries, and announce the numbers whose consent they are about."""
    await audit.record(session, organization_id, *entries, at=at)
    for number in sorted({entry.phone_number for entry in entries if entry.phone_number is not None}):
        announce_phone_number(session, organization_id, number)


async def _archive(
    session: AsyncSession, record: Family | StaffMember, *, principal: Principal, archived: bool, action: Action
) -> None:
    """Archive a record, or bring it back. It changes what opt-in checks see, so it waits for those in flight."""
    is_family = isinstance(record, Family)
    ids = await session.scalars(
        queries.phone_number_ids_of(
            record.organization_id,
            family_id=record.id if is_family else None,
            staff_member_id=None if is_family else record.id,
        )
    )
    await queries.lock_phone_numbers(session, record.organization_id, ids)
    at: datetime = await database_time(session)
    record.archived_at = at if archived else None
    record.updated_at = at
    await session.flush()
    details = {
        "family_id" if is_family else "staff_member_id": str(record.id),
        "name": record.name,
        "archived": archived,
    }
    await audit.record(session, record.organization_id, NewEntry(action, principal.actor, details=details), at=at)


@contextmanager
def _conflict_when_taken(external_id: str | None, *, email: str | None = None) -> Iterator[None]:
    """Whichever statement finds that a unique value is taken, the answer says which."""
    try:
        yield
    except IntegrityError as error:
        if "email" in str(error.orig):
            raise Conflict(f"Somebody signs in with {email} already.") from error
        if "external_id" in str(error.orig):
            raise Conflict(f"There is a record with the external id “{external_id}” already.") from error
        raise


async def families_out(session: AsyncSession, organization_id: UUID, families: list[Family]) -> list[FamilyOut]:
    contacts = await queries.contacts_of(session, organization_id, [family.id for family in families])
    contact_ids = [contact.id for group in contacts.values() for contact in group]
    records = await queries.records_of(session, organization_id, contact_ids=contact_ids)
    return [FamilyOut.of(family, contacts[family.id], records) for family in families]


async def staff_members_out(
    session: AsyncSession, organization_id: UUID, staff_members: list[StaffMember]
) -> list[StaffMemberOut]:
    records = await queries.records_of(session, organization_id, staff_member_ids=[each.id for each in staff_members])
    return [StaffMemberOut.of(each, records[each.id]) for each in staff_members]


async def parse_search(session: AsyncSession, organization_id: UUID, q: str | None) -> DirectoryQuery | None:
    """None when nothing was typed. A number is read as it is dialled in the organization's country."""
    if q is None or not q.strip():
        return None
    written, whole_number = as_number(q), None
    if written is not None and len(written) >= MIN_WHOLE_NUMBER:
        country = (await access_queries.organization(session, organization_id)).country
        with suppress(InvalidPhoneNumberError):
            whole_number = parse_phone_number(written, country=country)
    return parse_query(q, whole_number=whole_number)
