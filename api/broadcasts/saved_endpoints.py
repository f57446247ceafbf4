"""Routes of saved audiences."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.access.dependencies import CanSend, guarded
from api.broadcasts import saved as service
from api.broadcasts.schemas import AudienceIn, AudienceOut, AudiencePatch
from api.kit.database import Session
from api.kit.errors import AlreadyExists, Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyInProgress, IdempotencyKeyHeader, IdempotencyMismatch, once
from api.kit.paging import Page, Paging

router = APIRouter(tags=["mass texts"])


@router.get("/audiences", responses=guarded(Invalid))
async def list_audiences(principal: CanSend, session: Session, paging: Paging) -> Page[AudienceOut]:
    """Saved audiences by name. Each is a description, resolved whenever a mass text uses it."""
    found = await service.list_audiences(session, principal, after=paging.name_key(), limit=paging.rows_to_read)
    shown, next_cursor = paging.cut(found, lambda row: (row.name, row.id))
    return Page(items=[AudienceOut.of(row) for row in shown], next_cursor=next_cursor)


@router.post(
    "/audiences",
    status_code=201,
    response_model=AudienceOut,
    responses=guarded(NotFound, AlreadyExists, Conflict, Invalid, IdempotencyMismatch, IdempotencyInProgress),
)
async def create_audience(
    body: AudienceIn, principal: CanSend, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Save an audience under a name."""

    async def create() -> tuple[int, AudienceOut]:
        row = await service.create_audience(
            session, principal, name=body.name, audience=body.audience, audience_id=body.id
        )
        return 201, AudienceOut.of(row)

    return await once(
        session, create, key=idempotency_key, asked_by=principal, operation="create-audience", request=body
    )


@router.patch("/audiences/{audience_id}", responses=guarded(NotFound, AlreadyExists, Conflict, Invalid))
async def change_audience(audience_id: UUID, body: AudiencePatch, principal: CanSend, session: Session) -> AudienceOut:
    """Rename it, or change who is in it. Mass texts that were confirmed stay as they are."""
    row = await service.change_audience(session, principal, audience_id, name=body.name, audience=body.audience)
    return AudienceOut.of(row)


@router.delete("/audiences/{audience_id}", status_code=204, responses=guarded(NotFound, Invalid))
async def delete_audience(audience_id: UUID, principal: CanSend, session: Session) -> None:
    """Delete it. Mass texts that were confirmed stay as they are."""
    await service.delete_audience(session, principal, audience_id)
