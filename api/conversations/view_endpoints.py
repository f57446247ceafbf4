"""Routes of saved views of the inbox."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.access.dependencies import CanView, guarded
from api.access.errors import NotAPerson
from api.access.preconditions import if_match
from api.conversations import views as service
from api.conversations.team_schemas import InboxViewIn, InboxViewOut, InboxViewPatch, InboxViewsOut
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once

router = APIRouter(tags=["conversations"])


@router.get("/views", responses=guarded(NotAPerson))
async def list_views(principal: CanView, session: Session) -> InboxViewsOut:
    """One's own saved views in their order, then those that colleagues share."""
    views = await service.list_views(session, principal)
    return InboxViewsOut(items=[InboxViewOut.of(view) for view in views])


@router.post(
    "/views", status_code=201, response_model=InboxViewOut, responses=guarded(NotAPerson, NotFound, Conflict, Invalid)
)
async def create_view(
    body: InboxViewIn, principal: CanView, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Save a filter of the inbox under a name. A person has at most 50."""

    async def create() -> tuple[int, InboxViewOut]:
        view = await service.create_view(
            session,
            principal,
            name=body.name,
            filter_=body.filter.model_dump(mode="json", exclude_none=True),
            shared=body.shared,
        )
        return 201, InboxViewOut.of(view)

    return await once(session, create, key=idempotency_key, asked_by=principal, operation="create-view", request=body)


@router.get("/views/{view_id}", responses=guarded(NotAPerson, NotFound, Invalid))
async def get_view(view_id: UUID, principal: CanView, session: Session) -> InboxViewOut:
    """One's own saved view, or one that a colleague shares."""
    return InboxViewOut.of(await service.require_view(session, principal, view_id))


@router.patch("/views/{view_id}", dependencies=[if_match(get_view)], responses=guarded(NotAPerson, NotFound, Invalid))
async def change_view(view_id: UUID, body: InboxViewPatch, principal: CanView, session: Session) -> InboxViewOut:
    """Change one's own view: its name, its filter, whether it is shared, its place."""
    changes = body.model_dump(mode="json", exclude_none=True)
    return InboxViewOut.of(await service.change_view(session, principal, view_id, changes))


@router.delete(
    "/views/{view_id}",
    status_code=204,
    dependencies=[if_match(get_view)],
    responses=guarded(NotAPerson, NotFound, Invalid),
)
async def delete_view(view_id: UUID, principal: CanView, session: Session) -> None:
    """Delete one's own view. An administrator deletes any that is shared."""
    await service.delete_view(session, principal, view_id)
