"""Routes of the lines room."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.access.dependencies import Administrator, CanView, guarded
from api.kit.database import Session, after_commit
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging
from api.lines import queries, service
from api.lines.schemas import LineHealth, LineIn, LineOut, LinePatch

router = APIRouter(tags=["lines"])


@router.get("/lines", responses=guarded(Invalid))
async def list_lines(principal: CanView, session: Session, paging: Paging, request: Request) -> Page[LineOut]:
    """The lines, oldest first. Credentials are never part of an answer."""
    rows = await queries.lines(session, principal.organization_id, after=paging.id_key(), limit=paging.rows_to_read)
    shown, next_cursor = paging.cut(rows, lambda row: (row.id,))
    base = request.app.state.settings.public_base_url
    return Page(items=[LineOut.of(row, public_base_url=base) for row in shown], next_cursor=next_cursor)


@router.post("/lines", status_code=201, response_model=LineOut, responses=guarded(Conflict, Invalid))
async def create_line(
    body: LineIn,
    principal: Administrator,
    session: Session,
    request: Request,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    state = request.app.state

    async def create() -> tuple[int, LineOut]:
        line = await service.create_line(
            session,
            organization_id=principal.organization_id,
            actor=principal.actor,
            new=body,
            providers=state.providers,
            secrets=state.secret_box,
        )
        return 201, LineOut.of(line, public_base_url=state.settings.public_base_url)

    return await once(
        session,
        create,
        key=idempotency_key,
        asked_by=principal,
        operation="create-line",
        request=body,
    )


@router.get("/lines/{line_id}", responses=guarded(NotFound, Invalid))
async def get_line(line_id: UUID, principal: CanView, session: Session, request: Request) -> LineOut:
    line = await service.require_line(session, principal.organization_id, line_id)
    return LineOut.of(line, public_base_url=request.app.state.settings.public_base_url)


@router.patch("/lines/{line_id}", responses=guarded(NotFound, Invalid))
async def update_line(
    line_id: UUID, body: LinePatch, principal: Administrator, session: Session, request: Request
) -> LineOut:
    state = request.app.state
    line = await service.update_line(
        session, principal, line_id, body, providers=state.providers, secrets=state.secret_box
    )
    # The other processes hear of it by NOTIFY; this one knows before it answers.
    after_commit(session, lambda: state.lines.forget(line_id))
    return LineOut.of(line, public_base_url=state.settings.public_base_url)


@router.post("/lines/{line_id}/check", responses=guarded(NotFound, Conflict, Invalid))
async def check_line(line_id: UUID, principal: Administrator, session: Session, request: Request) -> LineHealth:
    """Ask the provider whether the line's webhooks are set and its credentials are right. It changes nothing there.

    The answer is kept as the line's `health`. A provider that is out of reach is one, too: `unreachable`.
    """
    state = request.app.state
    return await service.check_line(
        session,
        principal.organization_id,
        line_id,
        providers=state.providers,
        secrets=state.secret_box,
        public_base_url=state.settings.public_base_url,
    )
