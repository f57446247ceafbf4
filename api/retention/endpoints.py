"""Routes of erasures."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.access.dependencies import Administrator, guarded
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.phone import NumberOrSender
from api.retention import service, stages
from api.retention.schemas import EraseIn, ErasureOut

router = APIRouter(tags=["retention"])

STEPS_AT_ONCE = 12
"""Steps of an erasure that the request takes itself, each of some 10 ms. A worker does the rest."""


@router.post(
    "/phone-numbers/{number}/erase",
    response_model=ErasureOut,
    responses={
        202: {"model": ErasureOut, "description": "A worker does the rest: GET /erasures/{erasure_id}"},
        **guarded(NotFound, Conflict, Invalid),
    },
)
async def erase_phone_number(
    number: NumberOrSender,
    body: EraseIn,
    principal: Administrator,
    session: Session,
    key: IdempotencyKeyHeader,
) -> Response:
    """Erase a number's texts, files and names (ERASE). It cannot be undone.

    Marks stay in the thread and the audit log, and a refusal stays as a keyed hash, so that the number is not texted
    again by mistake. A text that comes from it later begins a new conversation. Erasing it again changes nothing.
    """

    async def erase() -> tuple[int, ErasureOut]:
        erasure = await service.erase_number(session, principal, number, reason=body.reason)
        for _ in range(STEPS_AT_ONCE):
            if not await stages.advance(session, erasure.organization_id, erasure.id):
                break
        return (200 if erasure.finished_at else 202), ErasureOut.of(erasure)

    return await once(
        session, erase, key=key, asked_by=principal, operation=f"erase_phone_number {number}", request=body
    )


@router.get("/erasures/{erasure_id}", responses=guarded(NotFound, Invalid))
async def get_erasure(erasure_id: UUID, principal: Administrator, session: Session) -> ErasureOut:
    """How far an erasure is, and what it did."""
    return ErasureOut.of(await service.erasure(session, principal, erasure_id))
