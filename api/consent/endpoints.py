"""Routes of opt-in checks, opt-in states and refusals."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.access.dependencies import CanRefuse, CanView, guarded
from api.consent import service
from api.consent.bulk_checks import check_entries
from api.consent.schemas import BulkOptInCheck, OptInChange, OptInChecks, OptInChecksIn, PhoneRecordChanged, RefusalLift
from api.consent.types import OptInCheckOut, RefusalOut
from api.directory.named import named_number
from api.directory.rules import GivenOptIn
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.phone import NumberOrSender
from api.kit.slices import in_turns
from api.lines import service as lines

router = APIRouter(tags=["consent"])


@router.get("/opt-in-checks", responses=guarded(NotFound, Conflict, Invalid))
async def check_opt_in(
    principal: CanView,
    session: Session,
    phone_number: NumberOrSender,
    line_id: Annotated[UUID | None, Query(description="The line that would text it.")] = None,
) -> OptInCheckOut:
    """Whether a number may be texted from a line, and why. Without `line_id`: the default line."""
    number = await named_number(session, principal.organization_id, phone_number, pointer="/query/phone_number")
    line = await lines.line_or_default(session, principal.organization_id, line_id)
    return OptInCheckOut.of(await service.check_number(session, principal.organization_id, number, line))


@router.post("/opt-in-checks", responses=guarded(NotFound, Conflict, Invalid))
async def check_opt_ins(body: OptInChecksIn, principal: CanView, session: Session) -> OptInChecks:
    """The same for up to 1,000 numbers at once. It creates nothing, so it needs no Idempotency-Key.

    An entry that cannot be read is not allowed, with the reason `not_a_phone_number` and an `error`. The others are
    checked.
    """
    line = await lines.line_or_default(session, principal.organization_id, body.line_id)
    checked = await check_entries(session, principal.organization_id, body.phone_numbers, line)
    return OptInChecks(items=[BulkOptInCheck.of_entry(each) async for each in in_turns(checked, service.TURN)])


@router.put("/phone-records/{phone_record_id}/opt-in", responses=guarded(NotFound, Invalid))
async def change_opt_in(
    phone_record_id: UUID, body: OptInChange, principal: CanRefuse, session: Session
) -> PhoneRecordChanged:
    """Set a record's opt-in state, with its evidence. It lifts no stop.

    A refusal needs `sms_logs` or `directory`; consent, and resetting a refusal, need `mass_text` and `sms_logs`
    (OPTIN-WHO). A refusal whose record is gone is lifted only if `replaces_refusals` names it (OPTIN-REMOVED).
    """
    record, number, refusals = await service.change_opt_in(
        session,
        principal,
        phone_record_id,
        GivenOptIn(body.state, body.source, body.wording, body.note),
        replaces_refusals=body.replaces_refusals,
    )
    return PhoneRecordChanged.after(record, number.number, refusals)


@router.post("/phone-numbers/{number}/refusals/{refusal_id}/lift", responses=guarded(NotFound, Conflict, Invalid))
async def lift_refusal(
    number: NumberOrSender, refusal_id: UUID, body: RefusalLift, principal: CanView, session: Session
) -> RefusalOut:
    """Lift a refusal that stayed with its number (OPTIN-REMOVED).

    A person's consent on a living record replaces it, which needs `mass_text` and `sms_logs`; without that, an
    administrator gives the reason.
    """
    row = await service.require_phone_number(session, principal.organization_id, number)
    lifted = await service.lift_refusal(
        session, principal, row, refusal_id=refusal_id, reason=body.reason, replaced_by=body.replaced_by
    )
    return RefusalOut.model_validate(lifted)
