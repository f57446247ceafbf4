"""Checking and changing consent. Every change, and every check before a text, holds the number's row lock."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.errors import PermissionRequired
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, Actor, NewEntry
from api.consent import queries
from api.consent.errors import NotAllowedToText
from api.consent.queries import add_consumer_initiations as add_consumer_initiations
from api.consent.rules import Instance, LineFit, OptInCheck, Removal, check_opt_in
from api.directory import erased as erased_numbers
from api.directory import service as directory
from api.directory.models import ErasedRefusal, PhoneNumber, PhoneRecord, Refusal
from api.directory.named import named_numbers
from api.directory.number_changes import numbers_changed
from api.directory.rules import GivenOptIn, OptInSource, OptInState, RefusalCause, missing_for_consent
from api.events.service import record_entries
from api.kit.database import database_time
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.phone import old_spellings, spellings, variants
from api.kit.slices import slices
from api.lines import service as lines
from api.lines.models import Line

TURN = 50
"""Numbers that are checked before other requests get a turn."""


async def check_many(
    session: AsyncSession, organization_id: UUID, pairs: Sequence[tuple[PhoneNumber, Line]]
) -> list[OptInCheck]:
    """The check of each (phone number, line), in six statements at most, however many there are."""
    rows = {number.number: number for number, _ in pairs}
    return await _checks(session, organization_id, [(number.number, line) for number, line in pairs], rows)


async def check(session: AsyncSession, number: PhoneNumber, line: Line) -> OptInCheck:
    (result,) = await check_many(session, number.organization_id, [(number, line)])
    return result


async def check_numbers(
    session: AsyncSession, organization_id: UUID, numbers: Sequence[str], line: Line
) -> list[OptInCheck]:
    """The check of each number, stored or not."""
    checks: list[OptInCheck] = []
    for some in slices(numbers, TURN):
        checks += await _checks(session, organization_id, [(number, line) for number in some], {})
    return checks


async def _checks(
    session: AsyncSession, organization_id: UUID, pairs: Sequence[tuple[str, Line]], loaded: Mapping[str, PhoneNumber]
) -> list[OptInCheck]:
    """`loaded`: rows of numbers that the caller has loaded. The other rows of these numbers are read here.

    NUMBER-ONE: an old spelling is the same number, so its consent and its refusals count. A variant may be another
    person's number, so only its refusals count.
    """
    others = {each for number, _ in pairs for each in spellings(number)} - loaded.keys()
    known = {**loaded, **await directory.phone_numbers(session, organization_id, sorted(others))}
    same = {number: [known[each] for each in (number, *old_spellings(number)) if each in known] for number, _ in pairs}
    instances = await queries.instances(session, organization_id, [row.id for row in known.values()])
    initiated = await queries.consumer_initiations(
        session, organization_id, [(row.id, line.id) for number, line in pairs for row in same[number]]
    )
    erased = await erased_numbers.refusals_of(
        session, organization_id, {each for number, _ in pairs for each in (number, *variants(number))}
    )
    checks: list[OptInCheck] = []
    for number, line in pairs:
        every = [known[each] for each in spellings(number) if each in known]
        stops = [(row.stopped_at, row.number) for row in every if row.stopped_at]
        stops += [
            (each.refused_at, spelled)
            for spelled in (number, *variants(number))
            for each in erased.get(spelled, ())
            if each.kind == erased_numbers.STOP
        ]
        stopped_at, stopped_number = min(stops, default=(None, number))
        checks.append(
            check_opt_in(
                phone_number=number,
                stopped_at=stopped_at,
                stopped_as=stopped_number if stopped_number != number else None,
                instances=[
                    instance if row.number == number else replace(instance, phone_number=row.number)
                    for row in every
                    for instance in instances[row.id]
                    if row in same[number] or (instance.blocks and instance.state is OptInState.OPTED_OUT)
                ]
                + [
                    _erased_instance(each, None if spelled == number else spelled)
                    for spelled in (number, *variants(number))
                    for each in erased.get(spelled, ())
                    if each.kind == erased_numbers.OPT_OUT
                ],
                has_texted_line=any((row.id, line.id) in initiated for row in same[number]),
                line=LineFit(line.enabled, lines.may_text(line, number), lines.why_not_sandbox(line, number)),
            )
        )
    return checks


def _erased_instance(refusal: ErasedRefusal, spelled: str | None) -> Instance:
    return Instance(
        phone_record_id=None,
        kind=None,
        owner_id=None,
        owner_name=erased_numbers.NAME,
        contact_name=None,
        state=OptInState.OPTED_OUT,
        changed_at=refusal.refused_at,
        changed_by=None,
        source=OptInSource(refusal.source) if refusal.source else None,
        archived=False,
        phone_number=spelled,
        removal=Removal(refusal_id=refusal.id, cause=RefusalCause.REMOVED, at=refusal.erased_at, by=None),
    )


async def check_pairs(
    session: AsyncSession, organization_id: UUID, pairs: Sequence[tuple[str, Line]]
) -> list[OptInCheck]:
    """The check of each (number, line), stored or not."""
    return await _checks(session, organization_id, pairs, {})


async def check_number(session: AsyncSession, organization_id: UUID, number: str, line: Line) -> OptInCheck:
    (result,) = await check_numbers(session, organization_id, [number], line)
    return result


def require_allowed(result: OptInCheck) -> None:
    """Raises `NotAllowedToText` with the check, unless it is allowed."""
    if not result.allowed:
        raise NotAllowedToText(result)


def stop(
    number: PhoneNumber, *, actor: Actor, source: OptInSource, at: datetime, wording: str | None = None
) -> NewEntry | None:
    """Stop a locked number for every line (OPTIN-STOP). Returns the audit entry; None if it is stopped already."""
    if number.stopped_at is not None:
        return None
    number.stopped_at = at
    number.stop_source = source.value
    details = {"source": source.value, "wording": wording}
    return NewEntry(Action.PHONE_NUMBER_STOPPED, actor, phone_number=number.number, details=details)


def start(number: PhoneNumber, *, actor: Actor, source: OptInSource, wording: str | None = None) -> NewEntry | None:
    """Lift the stop of a locked number (OPTIN-START). Changes no phone record. None if it is not stopped."""
    if number.stopped_at is None:
        return None
    number.stopped_at = None
    number.stop_source = None
    details = {"source": source.value, "wording": wording}
    return NewEntry(Action.PHONE_NUMBER_STARTED, actor, phone_number=number.number, details=details)


async def change_opt_in(
    session: AsyncSession,
    principal: Principal,
    phone_record_id: UUID,
    opt_in: GivenOptIn,
    *,
    replaces_refusals: Sequence[UUID],
) -> tuple[PhoneRecord, PhoneNumber, Sequence[Refusal]]:
    """Set a record's opt-in state, with its evidence (OPTIN-EVIDENCE), and lift the refusals that it replaces.

    Returns the record, its number and the refusals that still stand. Raises `NotFound`, `Invalid`, and
    `PermissionRequired` if the principal may not make this change (OPTIN-WHO).
    """
    organization_id = principal.organization_id
    record = await queries.phone_record(session, organization_id, phone_record_id)
    if record is None:
        raise NotFound("There is no such phone record.")
    number = await directory.lock_phone_number(session, organization_id, record.phone_number_id)
    record = await queries.phone_record(session, organization_id, phone_record_id)
    if record is None or record.phone_number_id != number.id:
        raise NotFound("This phone record has just changed. Load it again.")
    same = await _same_number(session, number)
    at = await database_time(session)
    entries = [*await directory.set_opt_in(session, principal, record, number, opt_in, at=at)]
    if replaces_refusals:
        if opt_in.state is not OptInState.OPTED_IN or not await queries.is_living(session, organization_id, record.id):
            raise Invalid([("/replaces_refusals", "Only consent on a living record replaces a refusal.")])
        standing = {each.id: each for each in await queries.standing_refusals(session, organization_id, same)}
        for index, refusal_id in enumerate(dict.fromkeys(replaces_refusals)):
            if refusal_id not in standing:
                raise Invalid([(f"/replaces_refusals/{index}", "This is not one of the number's standing refusals.")])
            entries.append(_lift(standing[refusal_id], number, principal.actor, at=at, replaced_by=record.id))
        await session.flush()
    await numbers_changed(session, organization_id, [number.number])
    await audit.record(session, organization_id, *entries, at=at)
    record_entries(session, organization_id, entries)
    return record, number, await queries.standing_refusals(session, organization_id, same)


async def require_phone_number(session: AsyncSession, organization_id: UUID, given: str) -> PhoneNumber:
    """`given`: the number as the API returned it, or as a person writes it. Raises `NotFound` (PERM-TENANT)."""
    (read,) = await named_numbers(session, organization_id, [given])
    number = await directory.phone_number(session, organization_id, read) if isinstance(read, str) else None
    if number is None:
        raise NotFound("This number is on no record and in no conversation.")
    return number


async def newest_refusals(session: AsyncSession, number: PhoneNumber, *, limit: int) -> Sequence[Refusal]:
    """Standing and lifted refusals of the number, newest first."""
    return await queries.newest_refusals(
        session, number.organization_id, await _same_number(session, number), limit=limit
    )


async def lift_refusal(
    session: AsyncSession,
    principal: Principal,
    number: PhoneNumber,
    *,
    refusal_id: UUID,
    reason: str | None,
    replaced_by: UUID | None,
) -> Refusal:
    """Lift a refusal that outlived its record (OPTIN-REMOVED).

    Raises `PermissionRequired`, `NotFound`, `Conflict` if it is lifted already, and `Invalid` if the consent of the
    phone record cannot replace it.
    """
    organization_id = principal.organization_id
    if (reason is None) == (replaced_by is None):
        raise Invalid([("", "Give a reason, or the phone record whose consent replaces the refusal.")])
    if reason is not None and not principal.is_admin:
        raise PermissionRequired(None)
    missing = missing_for_consent(principal.permissions)
    if missing is not None:
        raise PermissionRequired(missing)
    number = await directory.lock_phone_number(session, organization_id, number.id)
    same = await _same_number(session, number)
    refusal = await queries.refusal(session, organization_id, same, refusal_id)
    if refusal is None:
        raise NotFound("There is no such refusal of this number.")
    if refusal.lifted_at is not None:
        raise Conflict("This refusal has been lifted already.")
    if replaced_by is not None:
        record = await queries.phone_record(session, organization_id, replaced_by)
        if record is None:
            raise NotFound("There is no such phone record.")
        await _require_replaces(session, record, refusal, same)
    at = await database_time(session)
    entry = _lift(refusal, number, principal.actor, at=at, replaced_by=replaced_by, reason=reason)
    await session.flush()
    await numbers_changed(session, organization_id, [number.number])
    await audit.record(session, organization_id, entry, at=at)
    record_entries(session, organization_id, [entry])
    return refusal


async def _same_number(session: AsyncSession, number: PhoneNumber) -> Sequence[UUID]:
    """The ids of the number's row and of the rows under its old spellings (NUMBER-ONE)."""
    spelled = (number.number, *old_spellings(number.number))
    return [row.id for row in (await directory.phone_numbers(session, number.organization_id, spelled)).values()]


async def _require_replaces(session: AsyncSession, record: PhoneRecord, refusal: Refusal, same: Sequence[UUID]) -> None:
    """Raises `Invalid` unless the record's consent is for the refusal's number, in force, and newer than it."""
    refused_at = refusal.changed_at or refusal.removed_at
    if record.phone_number_id not in same:
        problem = "This phone record is of another number."
    elif record.opt_in_state != OptInState.OPTED_IN:
        problem = "This phone record is not opted in."
    elif record.opt_in_changed_at is None or record.opt_in_changed_at <= refused_at:
        problem = "This consent is older than the refusal. Record the consent that the person has given since."
    elif not await queries.is_living(session, record.organization_id, record.id):
        problem = "This phone record is archived."
    else:
        return
    raise Invalid([("/replaced_by", problem)])


def _lift(
    refusal: Refusal,
    number: PhoneNumber,
    actor: Actor,
    *,
    at: datetime,
    replaced_by: UUID | None = None,
    reason: str | None = None,
) -> NewEntry:
    """Lift a refusal of a locked number. Returns the audit entry."""
    refusal.lifted_at, refusal.lifted_by = at, actor.as_json()
    refusal.replaced_by, refusal.lift_reason = replaced_by, reason
    return NewEntry(
        Action.REFUSAL_LIFTED,
        actor,
        phone_number=number.number,
        details={
            "refusal_id": str(refusal.id),
            "owner_name": refusal.owner_name,
            "contact_name": refusal.contact_name,
            "replaced_by": str(replaced_by) if replaced_by else None,
            "reason": reason,
        },
    )
