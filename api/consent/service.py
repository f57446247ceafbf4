"""Checking and changing consent. Every change, and every check that lets a text go, holds the number's row lock."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.audit.rules import Action, Actor, NewEntry
from api.consent import queries
from api.consent.rules import OptInCheck, check_opt_in, explanation
from api.consent.schemas import NotAllowedToText, OptInChange, OptInCheckOut
from api.directory import queries as directory
from api.directory.models import PhoneNumber, PhoneRecord
from api.directory.records import set_opt_in
from api.directory.rules import OptInSource, OptInState
from api.kit.database import database_time
from api.kit.errors import Invalid, NotFound
from api.kit.phone import old_spellings, spellings
from api.lines.models import Line


async def check_many(
    session: AsyncSession, organization_id: UUID, pairs: Sequence[tuple[PhoneNumber, Line]]
) -> list[OptInCheck]:
    """The check of each (phone number, line), in three statements at most, however many there are."""
    rows = {number.number: number for number, _ in pairs}
    return await _checks(session, organization_id, [(number.number, line) for number, line in pairs], rows)


async def check(session: AsyncSession, number: PhoneNumber, line: Line) -> OptInCheck:
    (result,) = await check_many(session, number.organization_id, [(number, line)])
    return result


async def check_numbers(
    session: AsyncSession, organization_id: UUID, numbers: Sequence[str], line: Line
) -> list[OptInCheck]:
    """The check of each number; one that is on no row at all was never asked and never wrote."""
    rows = await directory.phone_numbers(session, organization_id, numbers)
    return await _checks(session, organization_id, [(number, line) for number in numbers], rows)


async def _checks(
    session: AsyncSession, organization_id: UUID, asked: Sequence[tuple[str, Line]], rows: Mapping[str, PhoneNumber]
) -> list[OptInCheck]:
    """`rows`: those of the numbers asked about. Their other spellings count too (NUMBER-ONE).

    An old spelling is certainly the same number, so all that it says counts. A variant may be another person's, so
    its refusals count and its consent does not.
    """
    others = {each for number, _ in asked for each in spellings(number)} - rows.keys()
    known = {**rows, **await directory.phone_numbers(session, organization_id, sorted(others))}
    same = {number: [known[each] for each in (number, *old_spellings(number)) if each in known] for number, _ in asked}
    instances = await queries.instances(session, organization_id, [row.id for row in known.values()])
    initiated = await queries.consumer_initiations(
        session, organization_id, [(row.id, line.id) for number, line in asked for row in same[number]]
    )
    checks: list[OptInCheck] = []
    for number, line in asked:
        every = [known[each] for each in spellings(number) if each in known]
        stopped = min((row for row in every if row.stopped_at), key=_stopped_at, default=None)
        checks.append(
            check_opt_in(
                phone_number=number,
                stopped_at=stopped.stopped_at if stopped else None,
                stopped_as=stopped.number if stopped and stopped.number != number else None,
                instances=[
                    instance if row.number == number else replace(instance, phone_number=row.number)
                    for row in every
                    for instance in instances[row.id]
                    if row in same[number] or (instance.blocks and instance.state is OptInState.OPTED_OUT)
                ],
                has_texted_line=any((row.id, line.id) in initiated for row in same[number]),
                line_enabled=line.enabled,
            )
        )
    return checks


def _stopped_at(number: PhoneNumber) -> datetime:
    assert number.stopped_at is not None
    return number.stopped_at


async def check_number(session: AsyncSession, organization_id: UUID, number: str, line: Line) -> OptInCheck:
    (result,) = await check_numbers(session, organization_id, [number], line)
    return result


def require_allowed(result: OptInCheck) -> None:
    """Raises `NotAllowedToText` with the check, unless it is allowed."""
    if not result.allowed:
        raise NotAllowedToText(explanation(result), fields={"check": OptInCheckOut.of(result).model_dump(mode="json")})


def stop_entry(number: PhoneNumber, actor: Actor, source: OptInSource, wording: str | None) -> NewEntry:
    return NewEntry(
        Action.PHONE_NUMBER_STOPPED,
        actor,
        phone_number=number.number,
        details={"source": source.value, "wording": wording},
    )


def stop(
    number: PhoneNumber, *, actor: Actor, source: OptInSource, at: datetime, wording: str | None = None
) -> NewEntry | None:
    """Stop a locked number for every line (OPTIN-STOP). None when it is stopped already."""
    if number.stopped_at is not None:
        return None
    number.stopped_at = at
    number.stop_source = source.value
    return stop_entry(number, actor, source, wording)


def start(number: PhoneNumber, *, actor: Actor, source: OptInSource, wording: str | None = None) -> NewEntry | None:
    """Lift a locked number's stop (OPTIN-START). It changes no phone record. None when it was not stopped."""
    if number.stopped_at is None:
        return None
    number.stopped_at = None
    number.stop_source = None
    return NewEntry(
        Action.PHONE_NUMBER_STARTED,
        actor,
        phone_number=number.number,
        details={"source": source.value, "wording": wording},
    )


async def change_opt_in(
    session: AsyncSession,
    *,
    organization_id: UUID,
    actor: Actor,
    phone_record_id: UUID,
    change: OptInChange,
) -> tuple[PhoneRecord, PhoneNumber]:
    """Set a record's opt-in state, with its evidence (OPTIN-EVIDENCE). Raises `NotFound`."""
    if change.source in {OptInSource.KEYWORD, OptInSource.PROVIDER}:
        raise Invalid([("/source", "Use portal, staff, verbal or import: the others are not for people to set.")])
    record = await queries.phone_record(session, organization_id, phone_record_id)
    if record is None:
        raise NotFound("There is no such phone record.")
    number = await directory.lock_phone_number(session, organization_id, record.phone_number_id)
    record = await queries.phone_record(session, organization_id, phone_record_id)
    if record is None or record.phone_number_id != number.id:
        raise NotFound("This phone record has just changed. Load it again.")
    at = await database_time(session)
    entry = set_opt_in(
        record,
        number.number,
        state=change.state,
        source=change.source,
        actor=actor,
        at=at,
        wording=change.wording,
        note=change.note,
    )
    await session.flush()
    await audit.record(session, organization_id, entry, at=at)
    return record, number
