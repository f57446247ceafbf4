"""Routes of the consent room."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.access.dependencies import CanView, guarded
from api.consent import service
from api.consent.schemas import OptInChange, OptInCheckOut, OptInChecks, OptInChecksIn
from api.directory.named import named_number, named_numbers
from api.directory.schemas import NumberOrSender, PhoneRecordOut
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.lines import service as lines
from api.live.service import announce_phone_number

router = APIRouter(tags=["consent"])


@router.get("/opt-in-checks", responses=guarded(NotFound, Conflict, Invalid))
async def check_opt_in(
    principal: CanView,
    session: Session,
    phone_number: Annotated[NumberOrSender, Query()],
    line_id: UUID | None = None,
) -> OptInCheckOut:
    """Whether a number may be texted from a line (the oldest one in service where none is named), and why."""
    number = await named_number(session, principal.organization_id, phone_number, pointer="/query/phone_number")
    line = await lines.line_or_default(session, principal.organization_id, line_id)
    return OptInCheckOut.of(await service.check_number(session, principal.organization_id, number, line))


@router.post("/opt-in-checks", responses=guarded(NotFound, Conflict, Invalid))
async def check_opt_ins(body: OptInChecksIn, principal: CanView, session: Session) -> OptInChecks:
    """The same for up to 1,000 numbers at once. It creates nothing, so it needs no Idempotency-Key."""
    read = await named_numbers(session, principal.organization_id, body.phone_numbers)
    problems = [
        (f"/phone_numbers/{index}", str(error)) for index, error in enumerate(read) if not isinstance(error, str)
    ]
    if problems:
        raise Invalid(problems)
    numbers = [number for number in read if isinstance(number, str)]
    line = await lines.line_or_default(session, principal.organization_id, body.line_id)
    checks = await service.check_numbers(session, principal.organization_id, numbers, line)
    return OptInChecks(items=[OptInCheckOut.of(check) for check in checks])


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
