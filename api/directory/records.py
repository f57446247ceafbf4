"""Phone records of one owner: making, changing, moving and removing them, each with its evidence.

Every function here works under the row locks of all the numbers concerned (`lock_numbers`), so an opt-in check that
lets a text go has seen either all of a change or nothing of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.errors import PermissionRequired
from api.access.rules import Principal
from api.audit.rules import Action, Actor, NewEntry
from api.directory import queries
from api.directory.models import PhoneNumber, PhoneRecord
from api.directory.rules import OptInSource, OptInState, RefusalCause, missing_for_opt_in
from api.directory.schemas import PhoneRecordIn, PhoneRecordPut
from api.kit.errors import Invalid
from api.kit.ids import new_id
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number


@dataclass(frozen=True)
class Owner:
    """Who holds the records: one contact of a family, or one staff member."""

    organization_id: UUID
    contact_id: UUID | None = None
    staff_member_id: UUID | None = None
    name: str | None = None
    """What the family or staff member, and the contact, were called before this change."""
    contact_name: str | None = None


@dataclass(frozen=True)
class WantedRecord:
    """One record of the list as it shall be, with its number in E.164."""

    given: PhoneRecordIn
    number: str
    pointer: str

    @property
    def id(self) -> UUID | None:
        return self.given.id if isinstance(self.given, PhoneRecordPut) else None


def parse_records(records: Sequence[PhoneRecordIn], *, country: str, pointer: str) -> list[WantedRecord]:
    """Raises `Invalid`, with a pointer to each number that is none or stands twice."""
    wanted: list[WantedRecord] = []
    problems: list[tuple[str, str]] = []
    for index, record in enumerate(records):
        place = f"{pointer}/{index}"
        try:
            number = parse_phone_number(record.phone_number, country=country)
        except InvalidPhoneNumberError as error:
            problems.append((f"{place}/phone_number", str(error)))
            continue
        if any(number == each.number for each in wanted):
            problems.append((f"{place}/phone_number", "This number stands here twice."))
        wanted.append(WantedRecord(record, number, place))
    if problems:
        raise Invalid(problems)
    return wanted


async def lock_numbers(
    session: AsyncSession,
    organization_id: UUID,
    *,
    existing: Sequence[tuple[PhoneRecord, str]],
    wanted: Sequence[WantedRecord],
) -> dict[str, PhoneNumber]:
    """Every number that the change touches, made where missing, locked in one order."""
    numbers = {number for _, number in existing} | {each.number for each in wanted}
    return await queries.ensure_phone_numbers(session, organization_id, sorted(numbers))


async def set_records(
    session: AsyncSession,
    owner: Owner,
    *,
    existing: Sequence[tuple[PhoneRecord, str]],
    wanted: Sequence[WantedRecord],
    numbers: dict[str, PhoneNumber],
    principal: Principal,
    at: datetime,
) -> list[NewEntry]:
    """Make the owner's records the wanted list. Returns the evidence of what changed (OPTIN-EVIDENCE).

    The refusals of records that go or move stay with their numbers (OPTIN-REMOVED). Raises `Invalid` for an `id` that
    is not one of the owner's, `PermissionRequired` for a change of consent that is not the principal's to make.
    """
    by_id = {record.id: (record, number) for record, number in existing}
    by_number = {number: record.id for record, number in existing}
    unused = dict(by_id)
    matched: list[tuple[WantedRecord, tuple[PhoneRecord, str] | None]] = []
    for each in wanted:
        if each.id is not None and each.id not in unused:
            raise Invalid([(f"{each.pointer}/id", "This is none of the record's phone records.")])
        record_id = each.id or by_number.get(each.number)
        matched.append((each, unused.pop(record_id, None) if record_id is not None else None))
    organization_id, actor = owner.organization_id, principal.actor
    removed = [record for record, _ in unused.values()]
    renumbered = [found[0] for each, found in matched if found is not None and found[1] != each.number]
    await _keep_refusals(session, removed, cause=RefusalCause.REMOVED, actor=actor, at=at, owner=owner)
    await _keep_refusals(session, renumbered, cause=RefusalCause.RENUMBERED, actor=actor, at=at, owner=owner)
    entries: list[NewEntry] = []
    for record, number in unused.values():
        await session.delete(record)
        entries.append(
            NewEntry(
                Action.PHONE_RECORD_REMOVED,
                actor,
                phone_number=number,
                details={"phone_record_id": str(record.id), "opt_in_state": record.opt_in_state},
            )
        )
    await session.flush()
    for position, (each, found) in enumerate(matched):
        if found is None:
            record = PhoneRecord(
                organization_id=organization_id,
                id=new_id(),
                phone_number_id=numbers[each.number].id,
                contact_id=owner.contact_id,
                staff_member_id=owner.staff_member_id,
                opt_in_state=OptInState.UNKNOWN.value,
            )
            session.add(record)
        else:
            record, number = found
            if number != each.number:
                entries += _move(record, numbers[each.number], from_number=number, actor=actor, at=at)
        record.label = each.given.label
        record.position = position
        if each.given.opt_in is not None and each.given.opt_in.state.value != record.opt_in_state:
            entries.append(
                await set_opt_in(
                    session,
                    record,
                    each.number,
                    state=each.given.opt_in.state,
                    source=each.given.opt_in.source,
                    principal=principal,
                    at=at,
                )
            )
        await session.flush()
    return entries


async def _keep_refusals(
    session: AsyncSession,
    records: Sequence[PhoneRecord],
    *,
    cause: RefusalCause,
    actor: Actor,
    at: datetime,
    owner: Owner | None = None,
) -> None:
    refused = [record for record in records if record.opt_in_state == OptInState.OPTED_OUT]
    if refused:
        await queries.keep_refusals(
            session,
            refused[0].organization_id,
            [record.id for record in refused],
            cause=cause,
            by=actor,
            at=at,
            owner_name=owner.name if owner else None,
            contact_name=owner.contact_name if owner else None,
        )


def _move(record: PhoneRecord, to: PhoneNumber, *, from_number: str, actor: Actor, at: datetime) -> list[NewEntry]:
    """OPTIN-MOVE: no opt-in is carried to another number."""
    before = record.opt_in_state
    record.phone_number_id = to.id
    record.opt_in_state = OptInState.UNKNOWN.value
    record.opt_in_source = None
    record.opt_in_changed_at = at
    record.opt_in_changed_by = actor.as_json()
    record.opt_in_wording = record.opt_in_note = None
    moved = {"phone_record_id": str(record.id), "from": before, "to": OptInState.UNKNOWN.value}
    return [
        NewEntry(
            Action.OPT_IN_CHANGED,
            actor,
            phone_number=number,
            details=moved | {"moved_from": from_number, "moved_to": to.number},
        )
        for number in (from_number, to.number)
    ]


async def set_opt_in(
    session: AsyncSession,
    record: PhoneRecord,
    number: str,
    *,
    state: OptInState,
    source: OptInSource,
    principal: Principal,
    at: datetime,
    wording: str | None = None,
    note: str | None = None,
) -> NewEntry:
    """Set a record's opt-in state; its evidence is the entry returned.

    Raises `PermissionRequired` for a change that is not the principal's to make (OPTIN-WHO). A refusal that is reset
    stays with the number (OPTIN-REMOVED).
    """
    before = OptInState(record.opt_in_state)
    missing = missing_for_opt_in(principal.permissions, before=before, after=state)
    if missing is not None:
        raise PermissionRequired(missing)
    if state is OptInState.UNKNOWN:
        await _keep_refusals(session, [record], cause=RefusalCause.RESET, actor=principal.actor, at=at)
    record.opt_in_state = state.value
    record.opt_in_source = None if state is OptInState.UNKNOWN else source.value
    record.opt_in_changed_at = at
    record.opt_in_changed_by = principal.actor.as_json()
    record.opt_in_wording = wording
    record.opt_in_note = note
    return NewEntry(
        Action.OPT_IN_CHANGED,
        principal.actor,
        phone_number=number,
        details={
            "phone_record_id": str(record.id),
            "from": before.value,
            "to": state.value,
            "source": source.value,
            "wording": wording,
            "note": note,
        },
    )
