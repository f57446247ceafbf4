"""Routes of lines and providers."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.access.dependencies import Administrator, CanView, guarded
from api.kit.app_state import from_app
from api.kit.database import Session, after_commit
from api.kit.errors import AlreadyExists, Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging
from api.kit.secrets import SecretBox
from api.lines import service
from api.lines.cache import LineCache
from api.lines.defaults import defaults_of
from api.lines.schemas import LineHealthOut, LineIn, LineOut, LinePatch, ProviderOut
from api.providers.registry import ProviderName, Providers
from api.settings import Settings

router = APIRouter(tags=["lines"])


@router.get("/providers", responses=guarded())
async def list_providers(principal: CanView, request: Request) -> list[ProviderOut]:
    """What a line needs at each provider that this service has, and what the provider can do."""
    providers = from_app(request, Providers)
    return [ProviderOut.of(ProviderName(name), provider) for name, provider in providers.by_name.items()]


@router.get("/lines", responses=guarded(Invalid))
async def list_lines(principal: CanView, session: Session, paging: Paging, request: Request) -> Page[LineOut]:
    """The lines, oldest first. Credentials are never part of an answer."""
    rows = await service.list_lines(session, principal, after=paging.id_key(), limit=paging.rows_to_read)
    shown, next_cursor = paging.cut(rows, lambda row: (row.id,))
    base = from_app(request, Settings).public_base_url
    defaults = await defaults_of(session, principal.organization_id)
    return Page(items=[LineOut.of(row, defaults, public_base_url=base) for row in shown], next_cursor=next_cursor)


@router.post("/lines", status_code=201, response_model=LineOut, responses=guarded(AlreadyExists, Conflict, Invalid))
async def create_line(
    body: LineIn,
    principal: Administrator,
    session: Session,
    request: Request,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Add a line. Its answer has the addresses to enter at the provider."""

    async def create() -> tuple[int, LineOut]:
        line = await service.create_line(
            session,
            principal,
            body.new_line(),
            providers=from_app(request, Providers),
            secrets=from_app(request, SecretBox),
        )
        return 201, LineOut.of(line, {}, public_base_url=from_app(request, Settings).public_base_url)

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
    """One line, with its health."""
    line = await service.require_line(session, principal.organization_id, line_id)
    defaults = await defaults_of(session, principal.organization_id)
    return LineOut.of(line, defaults, public_base_url=from_app(request, Settings).public_base_url)


@router.patch("/lines/{line_id}", responses=guarded(NotFound, Invalid))
async def update_line(
    line_id: UUID, body: LinePatch, principal: Administrator, session: Session, request: Request
) -> LineOut:
    """Change a line. New credentials hold at once, for sending and for webhooks."""
    line = await service.update_line(
        session,
        principal,
        line_id,
        body.change(),
        providers=from_app(request, Providers),
        secrets=from_app(request, SecretBox),
    )
    # NOTIFY tells the other processes. This one drops its cached line before it answers.
    after_commit(session, lambda: from_app(request, LineCache).forget(line_id))
    defaults = await defaults_of(session, principal.organization_id)
    return LineOut.of(line, defaults, public_base_url=from_app(request, Settings).public_base_url)


@router.post("/lines/{line_id}/check", responses=guarded(NotFound, Conflict, Invalid))
async def check_line(line_id: UUID, principal: Administrator, session: Session, request: Request) -> LineHealthOut:
    """Ask the provider whether the line's webhooks are set and its credentials are right. It changes nothing there.

    The answer is stored as the line's `health`, also if the provider is `unreachable`.
    """
    health = await service.check_line(
        session,
        principal,
        line_id,
        providers=from_app(request, Providers),
        secrets=from_app(request, SecretBox),
        public_base_url=from_app(request, Settings).public_base_url,
    )
    return LineHealthOut.model_validate(health)
