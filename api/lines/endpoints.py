"""Routes of lines and providers."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.access.dependencies import Administrator, CanView, guarded
from api.kit.database import Session, after_commit
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging, decode_id_cursor, encode_cursor
from api.lines import service
from api.lines.schemas import LineHealthOut, LineIn, LineOut, LinePatch, ProviderOut
from api.providers.registry import ProviderName, Providers

router = APIRouter(tags=["lines"])


@router.get("/providers", responses=guarded())
async def list_providers(principal: CanView, request: Request) -> list[ProviderOut]:
    """What a line needs at each provider that this service has, and what the provider can do."""
    providers: Providers = request.app.state.providers
    return [ProviderOut.of(ProviderName(name), provider) for name, provider in providers.by_name.items()]


@router.get("/lines", responses=guarded(Invalid))
async def list_lines(principal: CanView, session: Session, paging: Paging, request: Request) -> Page[LineOut]:
    """The lines, oldest first. Credentials are never part of an answer."""
    after = decode_id_cursor(paging.cursor) if paging.cursor else None
    rows = await service.list_lines(session, principal, after=after, limit=paging.limit + 1)
    shown = rows[: paging.limit]
    base = request.app.state.settings.public_base_url
    return Page(
        items=[LineOut.of(row, public_base_url=base) for row in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(rows) > paging.limit else None,
    )


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
            session, principal, body.new_line(), providers=state.providers, secrets=state.secret_box
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
        session, principal, line_id, body.change(), providers=state.providers, secrets=state.secret_box
    )
    # NOTIFY tells the other processes. This one drops its cached line before it answers.
    after_commit(session, lambda: state.lines.forget(line_id))
    return LineOut.of(line, public_base_url=state.settings.public_base_url)


@router.post("/lines/{line_id}/check", responses=guarded(NotFound, Conflict, Invalid))
async def check_line(line_id: UUID, principal: Administrator, session: Session, request: Request) -> LineHealthOut:
    """Ask the provider whether the line's webhooks are set and its credentials are right. It changes nothing there.

    The answer is stored as the line's `health`, also if the provider is `unreachable`.
    """
    state = request.app.state
    health = await service.check_line(
        session,
        principal,
        line_id,
        providers=state.providers,
        secrets=state.secret_box,
        public_base_url=state.settings.public_base_url,
    )
    return LineHealthOut.model_validate(health)
