"""The webhooks' routes, behind the door that takes nearly all of them; the journal itself, for administrators."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.access.dependencies import Administrator, Public, guarded
from api.inbound import queries, replay, watch_queries
from api.inbound.queries import EventFilter
from api.inbound.receiving import Address, NotAuthentic, Receiver
from api.inbound.rules import EventState
from api.inbound.schemas import InboundEventDetail, InboundEventOut, InboundHealth, Replayed
from api.kit.database import Session, after_commit, database_time
from api.kit.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable, problem_responses
from api.kit.paging import Page, Paging, decode_id_cursor, encode_cursor
from api.kit.times import Moment
from api.lines import service as line_queries
from api.lines.service import require_line
from api.providers.port import EventKind

router = APIRouter(
    prefix="/webhooks",
    tags=["webhooks"],
    dependencies=[Depends(Public("The provider's signature is what lets a webhook in."))],
)


journal_router = APIRouter(tags=["inbound events"])


@router.post(
    "/{provider}/{line_id}/inbound",
    responses=problem_responses(NotAuthentic, NotFound, TooLarge, Invalid, Unavailable),
)
async def receive_message(provider: Annotated[str, Path(max_length=20)], line_id: UUID, request: Request) -> Response:
    """A text has arrived at one of our lines."""
    return await _receive(request, provider, line_id, kind=EventKind.MESSAGE, message_ref=None)


@router.post(
    "/{provider}/{line_id}/status",
    responses=problem_responses(NotAuthentic, NotFound, TooLarge, Invalid, Unavailable),
)
async def receive_status(
    provider: Annotated[str, Path(max_length=20)],
    line_id: UUID,
    request: Request,
    message_id: Annotated[UUID | None, Query(description="Our message's id.")] = None,
) -> Response:
    """The provider reports on a text that we sent."""
    return await _receive(request, provider, line_id, kind=EventKind.STATUS, message_ref=message_id)


async def _receive(
    request: Request, provider: str, line_id: UUID, *, kind: EventKind, message_ref: UUID | None
) -> Response:
    receiver: Receiver = request.app.state.receiver
    query = f"?{request.url.query}" if request.url.query else ""
    answer = await receiver.take(
        Address(provider, line_id, kind, message_ref),
        target=f"{request.scope['path']}{query}",
        headers=dict(request.headers),
        body=await request.body(),
    )
    return Response(answer.body, media_type=answer.content_type)


@journal_router.get("/inbound-events", responses=guarded(NotFound, Invalid))
async def list_inbound_events(
    principal: Administrator,
    session: Session,
    paging: Paging,
    state: EventState | None = None,
    line_id: UUID | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
) -> Page[InboundEventOut]:
    """What providers have sent and what became of it, newest first. `state=quarantined` is what is held back."""
    organization_id = principal.organization_id
    if line_id is not None:
        await require_line(session, organization_id, line_id)
    rows = await queries.events(
        session,
        organization_id,
        EventFilter(state=state, line_id=line_id, since=since, until=until),
        before=decode_id_cursor(paging.cursor) if paging.cursor else None,
        limit=paging.limit + 1,
    )
    shown = rows[: paging.limit]
    return Page(
        items=[InboundEventOut.of(row) for row in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(rows) > paging.limit else None,
    )


@journal_router.get("/inbound-health", responses=guarded())
async def inbound_health(principal: Administrator, session: Session) -> InboundHealth:
    """Whether everything that arrives gets through: what is held back, what was missed, when lines had texts."""
    organization_id = principal.organization_id
    week_ago = await database_time(session) - timedelta(days=7)
    figures = await queries.journal_figures(session, organization_id=organization_id, missed_since=week_ago)
    return InboundHealth.of(
        figures,
        silent=await line_queries.silent_lines(session, organization_id),
        last_texts=await watch_queries.last_arrivals(session, organization_id),
    )


@journal_router.get("/inbound-events/{event_id}", responses=guarded(NotFound, Invalid))
async def get_inbound_event(event_id: UUID, principal: Administrator, session: Session) -> InboundEventDetail:
    """One event with its raw content."""
    return InboundEventDetail.of(await replay.require_event(session, principal.organization_id, event_id))


@journal_router.post("/inbound-replays", responses=guarded())
async def replay_inbound_events(principal: Administrator, session: Session, request: Request) -> Replayed:
    """Try again everything that is held back, the oldest 500 at a time."""
    organization_id = principal.organization_id
    replayed = await replay.replay_all(session, organization_id, actor=principal.actor)
    figures = await queries.journal_figures(session, organization_id=organization_id)
    after_commit(session, request.app.state.applier.wake)
    return Replayed(replayed=len(replayed), remaining=figures.quarantined)


@journal_router.post("/inbound-events/{event_id}/replay", responses=guarded(NotFound, Conflict, Invalid))
async def replay_inbound_event(
    event_id: UUID, principal: Administrator, session: Session, request: Request
) -> InboundEventOut:
    """Try one event again that is held back. One that waits already stays as it is; an applied one is 409."""
    event = await replay.replay_event(session, principal.organization_id, event_id, actor=principal.actor)
    after_commit(session, request.app.state.applier.wake)
    return InboundEventOut.of(event)
