"""Keeping families, staff members and their phone records."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries as access_queries
from api.access import service as access
from api.access.models import StaffMember
from api.audit import service as audit
from api.audit.rules import Action, Actor, NewEntry
from api.directory import queries
from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord
from api.directory.rules import OptInState
from api.directory.schemas import FamilyIn, FamilyOut, PhoneRecordIn, StaffMemberIn, StaffMemberOut
from api.kit.database import database_time
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.ids import new_id
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number


def _parse(records: list[PhoneRecordIn], *, country: str, pointer: str) -> list[str]:
    """The E.164 number of each record. Raises `Invalid`, with a pointer to each that is none or stands twice."""
    numbers: list[str] = []
    problems: list[tuple[str, str]] = []
    for index, record in enumerate(records):
        try:
            number = parse_phone_number(record.phone_number, country=country)
        except InvalidPhoneNumberError as error:
            problems.append((f"{pointer}/{index}/phone_number", str(error)))
            continue
        if number in numbers:
            problems.append((f"{pointer}/{index}/phone_number", "This number stands here twice."))
        numbers.append(number)
    if problems:
        raise Invalid(problems)
    return numbers


def _new_record(
    given: PhoneRecordIn,
    number: PhoneNumber,
    *,
    position: int,
    actor: Actor,
    at: datetime,
    contact_id: UUID | None = None,
    staff_member_id: UUID | None = None,
) -> PhoneRecord:
    known = given.opt_in is not None and given.opt_in.state is not OptInState.UNKNOWN
    return PhoneRecord(
        organization_id=number.organization_id,
        id=new_id(),
        phone_number_id=number.id,
        contact_id=contact_id,
        staff_member_id=staff_member_id,
        label=given.label,
        position=position,
        opt_in_state=given.opt_in.state.value if given.opt_in else OptInState.UNKNOWN.value,
        opt_in_source=given.opt_in.source.value if given.opt_in and known else None,
        opt_in_changed_at=at if known else None,
        opt_in_changed_by=actor.as_json() if known else None,
    )


def _opt_in_entry(record: PhoneRecord, number: str, actor: Actor) -> NewEntry:
    """OPTIN-EVIDENCE."""
    return NewEntry(
        Action.OPT_IN_CHANGED,
        actor,
        phone_number=number,
        details={
            "phone_record_id": str(record.id),
            "from": OptInState.UNKNOWN.value,
            "to": record.opt_in_state,
            "source": record.opt_in_source,
        },
    )


async def create_family(session: AsyncSession, *, organization_id: UUID, actor: Actor, new: FamilyIn) -> Family:
    """Raises `Invalid` for a number that is none, `Conflict` for an external id that is taken."""
    country = (await access_queries.organization(session, organization_id)).country
    parsed = [
        _parse(contact.phone_records, country=country, pointer=f"/contacts/{index}/phone_records")
        for index, contact in enumerate(new.contacts)
    ]
    numbers = await queries.ensure_phone_numbers(
        session, organization_id, [number for group in parsed for number in group]
    )
    at = await database_time(session)
    family = Family(organization_id=organization_id, id=new_id(), name=new.name, external_id=new.external_id)
    session.add(family)
    await _flush_unless_taken(session, new.external_id)
    entries = [NewEntry(Action.FAMILY_CREATED, actor, details={"family_id": str(family.id), "name": family.name})]
    for position, (given, group) in enumerate(zip(new.contacts, parsed, strict=True)):
        contact = Contact(
            organization_id=organization_id,
            id=new_id(),
            family_id=family.id,
            name=given.name,
            relation=given.relation,
            position=position,
        )
        session.add(contact)
        await session.flush()
        for index, (record_in, number) in enumerate(zip(given.phone_records, group, strict=True)):
            record = _new_record(record_in, numbers[number], position=index, actor=actor, at=at, contact_id=contact.id)
            session.add(record)
            if record.opt_in_source is not None:
                entries.append(_opt_in_entry(record, number, actor))
    await session.flush()
    await audit.record(session, organization_id, *entries, at=at)
    return family


async def create_staff_member(
    session: AsyncSession, *, organization_id: UUID, actor: Actor, new: StaffMemberIn
) -> StaffMember:
    """Raises `Invalid` for a number that is none, `Conflict` for an email or external id that is taken."""
    country = (await access_queries.organization(session, organization_id)).country
    password_hash = await access.hash_password(new.password) if new.password is not None else None
    parsed = _parse(new.phone_records, country=country, pointer="/phone_records")
    numbers = await queries.ensure_phone_numbers(session, organization_id, parsed)
    at = await database_time(session)
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
    session.add(staff_member)
    await _flush_unless_taken(session, new.external_id, email=new.email)
    entries = [
        NewEntry(
            Action.STAFF_MEMBER_CREATED,
            actor,
            details={
                "staff_member_id": str(staff_member.id),
                "name": staff_member.name,
                "permissions": staff_member.permissions,
                "is_admin": staff_member.is_admin,
            },
        )
    ]
    for index, (record_in, number) in enumerate(zip(new.phone_records, parsed, strict=True)):
        record = _new_record(
            record_in, numbers[number], position=index, actor=actor, at=at, staff_member_id=staff_member.id
        )
        session.add(record)
        if record.opt_in_source is not None:
            entries.append(_opt_in_entry(record, number, actor))
    await session.flush()
    await audit.record(session, organization_id, *entries, at=at)
    return staff_member


async def _flush_unless_taken(session: AsyncSession, external_id: str | None, *, email: str | None = None) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        if email is not None and "email" in str(error.orig):
            raise Conflict(f"Somebody signs in with {email} already.") from error
        raise Conflict(f"There is a record with the external id “{external_id}” already.") from error


async def archive_family(session: AsyncSession, organization_id: UUID, actor: Actor, family_id: UUID) -> Family:
    family = await require_family(session, organization_id, family_id)
    if family.archived_at is None:
        await _lock_numbers(session, organization_id, family_id=family_id)
        family.archived_at = await database_time(session)
        await session.flush()
        await audit.record(
            session,
            organization_id,
            NewEntry(Action.FAMILY_ARCHIVED, actor, details={"family_id": str(family.id), "name": family.name}),
        )
    return family


async def archive_staff_member(
    session: AsyncSession, organization_id: UUID, actor: Actor, staff_member_id: UUID
) -> StaffMember:
    """The person is signed out everywhere and cannot sign in again."""
    staff_member = await require_staff_member(session, organization_id, staff_member_id)
    if staff_member.archived_at is None:
        if actor.id == staff_member_id:
            raise Conflict("You cannot archive yourself. Ask another administrator.")
        await _lock_numbers(session, organization_id, staff_member_id=staff_member_id)
        staff_member.archived_at = await database_time(session)
        await session.flush()
        await access_queries.delete_sessions_of(session, organization_id, staff_member_id)
        await audit.record(
            session,
            organization_id,
            NewEntry(
                Action.STAFF_MEMBER_ARCHIVED,
                actor,
                details={"staff_member_id": str(staff_member.id), "name": staff_member.name},
            ),
        )
    return staff_member


async def _lock_numbers(
    session: AsyncSession,
    organization_id: UUID,
    *,
    family_id: UUID | None = None,
    staff_member_id: UUID | None = None,
) -> None:
    """Archiving changes what an opt-in check sees, so it waits for checks in flight."""
    ids = await session.scalars(
        queries.phone_number_ids_of(organization_id, family_id=family_id, staff_member_id=staff_member_id)
    )
    for phone_number_id in sorted(set(ids)):
        await queries.lock_phone_number(session, organization_id, phone_number_id)


async def require_family(session: AsyncSession, organization_id: UUID, family_id: UUID) -> Family:
    family = await queries.family(session, organization_id, family_id)
    if family is None:
        raise NotFound("There is no such family.")
    return family


async def require_staff_member(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> StaffMember:
    staff_member = await access_queries.staff_member(session, organization_id, staff_member_id)
    if staff_member is None:
        raise NotFound("There is no such staff member.")
    return staff_member


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
