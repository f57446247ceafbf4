"""SQL of audiences: their candidates, set-based, and what their fields and lines need."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    Case,
    ColumnElement,
    Select,
    SelectBase,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    collate,
    func,
    join,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.broadcasts.models import BroadcastRecipient
from api.broadcasts.rules import RecipientState
from api.consent.rules import Reason
from api.conversations.models import Conversation
from api.directory import service as directory
from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord, Refusal, StudioClass
from api.directory.rules import OptInState, OwnerKind
from api.kit.bulk import is_any

ROWS = 2_000
"""Candidates that are read, decided and stored together."""


Part = SelectBase
"""Columns: part, kind, owner_id, contact_position, record_position, phone_number_id, person, family, given."""


class CandidateRow(NamedTuple):
    kind: str | None
    owner_id: UUID | None
    phone_number_id: UUID | None
    number: str | None
    person: str | None
    refused: str | None
    """The opt-in's reason, as far as the number's own row and records say it."""
    family: str | None
    """The name of the person's family; None for staff."""
    is_shared: bool
    """Other rows of the audience have the same number. The fields below are None otherwise."""
    first_person: str | None
    """With `last_person`: the first and the last, in order of bytes, of the people of the audience at this number."""
    last_person: str | None
    first_family: str | None
    """With `last_family`: the same of the names of their families."""
    last_family: str | None
    first_family_id: str | None
    last_family_id: str | None


def _of_families(organization_id: UUID, ids: Sequence[Select[Any]], external_ids: Sequence[str]) -> Part:
    fits: list[ColumnElement[bool]] = [Family.id.in_(each) for each in ids]
    if external_ids:
        fits.append(and_(Family.external_id == is_any(external_ids, "text"), Family.archived_at.is_(None)))
    same = Family.organization_id
    held = join(
        Contact,
        PhoneRecord,
        (PhoneRecord.organization_id == Contact.organization_id) & (PhoneRecord.contact_id == Contact.id),
    )
    return (
        select(
            literal(0).label("part"),
            literal(OwnerKind.FAMILY.value).label("kind"),
            Family.id.label("owner_id"),
            Contact.position.label("contact_position"),
            PhoneRecord.position.label("record_position"),
            PhoneRecord.phone_number_id.label("phone_number_id"),
            Contact.name.label("person"),
            Family.name.label("family"),
            cast(null(), Text).label("given"),
        )
        .select_from(Family)
        .outerjoin(held, (Contact.organization_id == same) & (Contact.family_id == Family.id))
        .where(same == organization_id, or_(*fits))
    )


def _of_staff(organization_id: UUID, ids: Sequence[Select[Any]], external_ids: Sequence[str]) -> Part:
    fits: list[ColumnElement[bool]] = [StaffMember.id.in_(each) for each in ids]
    if external_ids:
        fits.append(and_(StaffMember.external_id == is_any(external_ids, "text"), StaffMember.archived_at.is_(None)))
    same = StaffMember.organization_id
    return (
        select(
            literal(1).label("part"),
            literal(OwnerKind.STAFF_MEMBER.value).label("kind"),
            StaffMember.id.label("owner_id"),
            literal(0).label("contact_position"),
            PhoneRecord.position.label("record_position"),
            PhoneRecord.phone_number_id.label("phone_number_id"),
            StaffMember.name.label("person"),
            cast(null(), Text).label("family"),
            cast(null(), Text).label("given"),
        )
        .select_from(StaffMember)
        .outerjoin(PhoneRecord, (PhoneRecord.organization_id == same) & (PhoneRecord.staff_member_id == StaffMember.id))
        .where(same == organization_id, or_(*fits))
    )


def _given(organization_id: UUID, numbers: Sequence[str]) -> Part:
    given = func.unnest(bindparam(None, list(numbers), type_=ARRAY(Text()))).table_valued("number").render_derived()
    return (
        select(
            literal(2).label("part"),
            cast(null(), Text).label("kind"),
            cast(null(), Uuid).label("owner_id"),
            literal(0).label("contact_position"),
            literal(0).label("record_position"),
            PhoneNumber.id.label("phone_number_id"),
            cast(null(), Text).label("person"),
            cast(null(), Text).label("family"),
            given.c.number.label("given"),
        )
        .select_from(given)
        .outerjoin(
            PhoneNumber,
            (PhoneNumber.organization_id == organization_id) & (PhoneNumber.number == given.c.number),
        )
    )


def _states(organization_id: UUID, candidates: CTE) -> CTE:
    """What the phone records of each candidate's number say, as `consent.rules.Instance.blocks` has it."""
    same = PhoneRecord.organization_id
    # Joined are the archived ones alone: they are few.
    contacts = (
        select(Contact.organization_id, Contact.id)
        .join(Family, (Family.organization_id == Contact.organization_id) & (Family.id == Contact.family_id))
        .where(Family.archived_at.is_not(None))
        .subquery("archived_contacts")
    )
    staff = (
        select(StaffMember.organization_id, StaffMember.id)
        .where(StaffMember.archived_at.is_not(None))
        .subquery("archived_staff")
    )
    is_archived = func.coalesce(contacts.c.id, staff.c.id).is_not(None)
    return (
        select(
            PhoneRecord.phone_number_id,
            func.bool_or(PhoneRecord.opt_in_state == OptInState.OPTED_OUT.value).label("is_out"),
            func.bool_or((PhoneRecord.opt_in_state == OptInState.UNKNOWN.value) & ~is_archived).label("is_unknown"),
            func.bool_or(~is_archived).label("is_living"),
        )
        .outerjoin(contacts, (contacts.c.organization_id == same) & (contacts.c.id == PhoneRecord.contact_id))
        .outerjoin(staff, (staff.c.organization_id == same) & (staff.c.id == PhoneRecord.staff_member_id))
        .where(
            same == organization_id,
            PhoneRecord.phone_number_id.in_(select(candidates.c.phone_number_id)),
        )
        .group_by(PhoneRecord.phone_number_id)
        .cte("states")
    )


def _reason(states: CTE, refused: CTE) -> Case[Any]:
    """The opt-in's reason, the strongest first, as `consent.rules.check_opt_in` has it; null if nothing refuses."""
    return case(
        (PhoneNumber.stopped_at.is_not(None), Reason.STOPPED.value),
        (states.c.is_out | refused.c.phone_number_id.is_not(None), Reason.OPTED_OUT.value),
        (states.c.is_unknown, Reason.NOT_OPTED_IN.value),
        (states.c.is_living, None),
        else_=Reason.NO_RECORD.value,
    )


def _refused(organization_id: UUID) -> CTE:
    """Numbers with a refusal that outlives its record (OPTIN-REMOVED)."""
    return (
        select(Refusal.phone_number_id)
        .where(Refusal.organization_id == organization_id, Refusal.lifted_at.is_(None))
        .distinct()
        .cte("refused")
    )


def _shared(candidates: CTE) -> CTE:
    """The numbers that several candidates have, with their people: the first and the last of each."""
    number_id = candidates.c.phone_number_id
    several = select(number_id).group_by(number_id).having(func.count() > 1)
    person, family = collate(candidates.c.person, "C"), collate(candidates.c.family, "C")
    family_id = case((candidates.c.part == 0, cast(candidates.c.owner_id, Text)), else_=None)
    return (
        select(
            number_id,
            func.min(person).label("first_person"),
            func.max(person).label("last_person"),
            func.min(family).label("first_family"),
            func.max(family).label("last_family"),
            func.min(family_id).label("first_family_id"),
            func.max(family_id).label("last_family_id"),
        )
        .where(number_id.in_(several))
        .group_by(number_id)
        .cte("shared")
    )


def _failed(organization_id: UUID, broadcast_id: UUID) -> Select[Any]:
    return select(BroadcastRecipient.phone_number_id).where(
        BroadcastRecipient.organization_id == organization_id,
        BroadcastRecipient.broadcast_id == broadcast_id,
        BroadcastRecipient.state == RecipientState.FAILED.value,
    )


def candidates_of(
    organization_id: UUID,
    *,
    family_ids: Sequence[Select[Any]],
    staff_member_ids: Sequence[Select[Any]],
    external_ids: Sequence[str],
    numbers: Sequence[str],
    failed_of: UUID | None = None,
) -> Select[Any]:
    """The columns of `CandidateRow`: record by record, and in each by contact and number.

    `failed_of`: a mass text; only numbers where it failed.
    """
    parts: list[Part] = []
    if family_ids or external_ids:
        parts.append(_of_families(organization_id, family_ids, external_ids))
    if staff_member_ids or external_ids:
        parts.append(_of_staff(organization_id, staff_member_ids, external_ids))
    if numbers or not parts:
        parts.append(_given(organization_id, numbers))
    found = union_all(*parts).cte("candidates")
    states, refused, shared = _states(organization_id, found), _refused(organization_id), _shared(found)
    reason = _reason(states, refused)
    return (
        select(
            found.c.kind,
            found.c.owner_id,
            found.c.phone_number_id,
            func.coalesce(PhoneNumber.number, found.c.given),
            found.c.person,
            reason,
            found.c.family,
            shared.c.phone_number_id.is_not(None),
            shared.c.first_person,
            shared.c.last_person,
            shared.c.first_family,
            shared.c.last_family,
            shared.c.first_family_id,
            shared.c.last_family_id,
        )
        .select_from(found)
        .outerjoin(
            PhoneNumber, (PhoneNumber.organization_id == organization_id) & (PhoneNumber.id == found.c.phone_number_id)
        )
        .outerjoin(states, states.c.phone_number_id == found.c.phone_number_id)
        .outerjoin(refused, refused.c.phone_number_id == found.c.phone_number_id)
        .outerjoin(shared, shared.c.phone_number_id == found.c.phone_number_id)
        .where(true() if failed_of is None else found.c.phone_number_id.in_(_failed(organization_id, failed_of)))
        # A family whose contacts hold no number has a row without one for each; the reader drops them beside others.
        .order_by(
            found.c.part,
            found.c.owner_id,
            found.c.contact_position.nulls_last(),
            found.c.record_position.nulls_last(),
            found.c.phone_number_id,
        )
    )


async def stream(session: AsyncSession, statement: Select[Any]) -> AsyncIterator[list[CandidateRow]]:
    """The candidates in slices of about `ROWS`, each with whole records, through a cursor of the database."""
    held: list[CandidateRow] = []
    # Of the connection: the session's own would pass each column through the ORM.
    connection = await session.connection()
    result = await connection.stream(statement.execution_options(yield_per=ROWS))
    async for some in result.partitions():
        held += map(CandidateRow._make, some)
        last = held[-1]
        start = len(held)
        while last.owner_id is not None and start > 0 and held[start - 1].owner_id == last.owner_id:
            start -= 1
        if start:
            yield held[:start]
            held = held[start:]
    if held:
        yield held


async def newest_lines(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """The line of the newest conversation with each number (LINE-CHOICE)."""
    rows = await session.execute(
        select(Conversation.phone_number_id, Conversation.line_id)
        .ext(distinct_on(Conversation.phone_number_id))
        .where(
            Conversation.organization_id == organization_id, Conversation.phone_number_id == is_any(phone_number_ids)
        )
        .order_by(Conversation.phone_number_id, Conversation.last_message_at.desc(), Conversation.id.desc())
    )
    return {row[0]: row[1] for row in rows}


async def known_external_ids(session: AsyncSession, organization_id: UUID, external_ids: Sequence[str]) -> set[str]:
    """Those of living families and staff members."""
    found: set[str] = set()
    for model in (Family, StaffMember):
        rows = await session.scalars(
            select(model.external_id).where(
                model.organization_id == organization_id,
                model.archived_at.is_(None),
                model.external_id == is_any(external_ids, "text"),
            )
        )
        found |= {each for each in rows if each is not None}
    return found


async def known_classes(session: AsyncSession, organization_id: UUID, class_ids: Collection[UUID]) -> set[UUID]:
    rows = await session.scalars(
        select(StudioClass.id).where(
            StudioClass.organization_id == organization_id, StudioClass.id == is_any(class_ids)
        )
    )
    return set(rows)


class OfStudents(NamedTuple):
    """The names of a family's students, and of their classes. A class that two of them attend is there twice."""

    names: Sequence[str] = ()
    classes: Sequence[str] = ()


async def students(session: AsyncSession, organization_id: UUID, family_ids: Collection[str]) -> dict[str, OfStudents]:
    """By the family's id, as text. Families without students are left out."""
    found = await directory.students_of(session, organization_id, [UUID(each) for each in family_ids])
    return {
        str(family_id): OfStudents(
            [student.name for student in of_family],
            [studio_class.name for student in of_family for studio_class in student.classes],
        )
        for family_id, of_family in found.items()
    }
