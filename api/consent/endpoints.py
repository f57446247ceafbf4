"""Routes of the consent room."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.access import queries as access
from api.access.dependencies import CanView, guarded
from api.consent import service
from api.consent.schemas import OptInChange, OptInCheckOut, OptInChecks, OptInChecksIn
from api.directory.schemas import PhoneRecordOut
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number
from api.kit.slices import in_turns
from api.kit.text import Line
from api.lines import service as lines
from api.live.service import announce_phone_number

router = APIRouter(tags=["consent"])


@router.get("/opt-in-checks", responses=guarded(NotFound, Conflict, Invalid))
async def check_opt_in(
    principal: CanView,
    session: Session,
    phone_number: Annotated[Line, Query(max_length=40)],
    line_id: UUID | None = None,
) -> OptInCheckOut:
    """Whether a number may be texted from a line (the oldest one in service where none is named), and why."""
    organization = await access.organization(session, principal.organization_id)
    try:
        number = parse_phone_number(phone_number, country=organization.country)
    except InvalidPhoneNumberError as error:
        raise Invalid([("/query/phone_number", str(error))]) from None
    line = await lines.line_or_default(session, principal.organization_id, line_id)
    return OptInCheckOut.of(await service.check_number(session, principal.organization_id, number, line))


@router.post("/opt-in-checks", responses=guarded(NotFound, Conflict, Invalid))
async def check_opt_ins(body: OptInChecksIn, principal: CanView, session: Session) -> OptInChecks:
    """The same for up to 1,000 numbers at once. It creates nothing, so it needs no Idempotency-Key."""
    organization = await access.organization(session, principal.organization_id)
    numbers: list[str] = []
    problems: list[tuple[str, str]] = []
    for index, given in enumerate(body.phone_numbers):
        try:
            numbers.append(parse_phone_number(given, country=organization.country))
        except InvalidPhoneNumberError as error:
            problems.append((f"/phone_numbers/{index}", str(error)))
    if problems:
        raise Invalid(problems)
    line = await lines.line_or_default(session, principal.organization_id, body.line_id)
    checks = await service.check_numbers(session, principal.organization_id, numbers, line)
    return OptInChecks(items=[OptInCheckOut.of(check) async for check in in_turns(checks, service.TURN)])


@router.put("/phone-records/{phone_record_id}/opt-in", responses=guarded(NotFound, Invalid))
async def change_opt_in(
    phone_record_id: UUID, body: OptInChange, principal: CanView, session: Session
) -> PhoneRecordOut:
    """Set a record's opt-in state, with its evidence. A stop is not lifted by it."""
    record, number = await service.change_opt_in(
        session,
        organization_id=principal.organization_id,
        actor=principal.actor,
        phone_record_id=phone_record_id,
        change=body,
    )
    announce_phone_number(session, principal.organization_id, number.number)
    return PhoneRecordOut.of(record, number.number)
