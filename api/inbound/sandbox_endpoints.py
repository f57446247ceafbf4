"""The route by which an integration tries a received text without a phone."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.access.dependencies import CanSend, guarded
from api.inbound.loop import JournalApplier
from api.inbound.sandbox import receive_test_text
from api.inbound.schemas import InboundEventOut, SandboxTextIn
from api.kit.app_state import from_app
from api.kit.database import Session, after_commit
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once

router = APIRouter(tags=["lines"])


@router.post(
    "/lines/{line_id}/sandbox-texts",
    status_code=202,
    response_model=InboundEventOut,
    responses=guarded(NotFound, Conflict, Invalid),
)
async def receive_sandbox_text(
    line_id: UUID,
    body: SandboxTextIn,
    principal: CanSend,
    session: Session,
    request: Request,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Let a test number text a sandbox line, as if from a phone.

    The text goes through the journal like any other: it becomes a message, a stop or a start. The answer is the inbound
    event, which is applied within a second.
    """

    async def receive() -> tuple[int, InboundEventOut]:
        event = await receive_test_text(session, principal, line_id, phone_number=body.phone_number, body=body.body)
        return 202, InboundEventOut.of(event)

    after_commit(session, from_app(request, JournalApplier).wake)
    return await once(
        session,
        receive,
        key=idempotency_key,
        asked_by=principal,
        operation=f"receive-sandbox-text/{line_id}",
        request=body,
    )
