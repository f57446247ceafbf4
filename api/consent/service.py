"""Checking and changing consent. Every change, and every check that lets a text go, holds the number's row lock."""

from collections.abc import Sequence
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
from api.directory.rules import OptInSource
from api.kit.database import database_time
from api.kit.errors import Invalid, NotFound
from api.lines import service as lines
from api.lines.models import Line


async def check_many(
    session: AsyncSession, organization_id: UUID, pairs: Sequence[tuple[PhoneNumber, Line]]
) -> list[OptInCheck]:
    """The check of each (phone number, line), in two statements however many there are."""
    instances = await queries.instances(session, organization_id, list({number.id for number, _ in pairs}))
    initiated = await queries.consumer_initiations(
        session, organization_id, [(number.id, line.id) for number, line in pairs]
    )
    return [
        check_opt_in(
            phone_number=number.number,
            stopped_at=number.stopped_at,
            instances=instances[number.id],
            has_texted_line=(number.id, line.id) in initiated,
            line_enabled=line.enabled,
            line_texts_country=lines.may_text(line, number.number),
        )
        for number, line in pairs
    ]


async def check(session: AsyncSession, number: PhoneNumber, line: Line) -> OptInCheck:
    (result,) = await check_many(session, number.organization_id, [(number, line)])
    return result


async def check_numbers(
    session: AsyncSession, organization_id: UUID, numbers: Sequence[str], line: Line
) -> list[OptInCheck]:
    """The check of each E.164 number; one that is on no row at all was never asked and never wrote."""
    rows = await directory.phone_numbers(session, organization_id, numbers)
    known = await check_many(session, organization_id, [(row, line) for row in rows.values()])
    by_number = {check.phone_number: check for check in known}
    return [
        by_number.get(number)
        or check_opt_in(
            phone_number=number,
            stopped_at=None,
            instances=[],
            has_texted_line=False,
            line_enabled=line.enabled,
            line_texts_country=lines.may_text(line, number),
        )
        for number in numbers
    ]


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
