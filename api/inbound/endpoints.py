"""Routes of the journal, for administrators."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api.access.dependencies import Administrator, guarded
from api.inbound import backfill_queries, queries, replay
from api.inbound.loop import JournalApplier
from api.inbound.queries import EventFilter
from api.inbound.rules import EventState
from api.inbound.schemas import InboundEventDetail, InboundEventOut, InboundHealth, Replayed
from api.kit.app_state import from_app
from api.kit.database import Session, after_commit, database_time
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.paging import Page, Paging
from api.kit.times import Moment
from api.lines import service as line_queries
from api.lines.service import require_line

router = APIRouter(tags=["inbound events"])


@router.get("/inbound-events", responses=guarded(NotFound, Invalid))
async def list_inbound_events(
    principal: Administrator,
    session: Session,
    paging: Paging,
    state: Annotated[EventState | None, Query(description="What became of them.")] = None,
    line_id: UUID | None = None,
    since: Annotated[Moment | None, Query(alias="from", description="The first moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="The first moment after.")] = None,
) -> Page[InboundEventOut]:
    """Inbound events and what became of them, newest first."""
    organization_id = principal.organization_id
    if line_id is not None:
        await require_line(session, organization_id, line_id)
    rows = await queries.events(
        session,
        organization_id,
        EventFilter(state=state, line_id=line_id, since=since, until=until),
        before=paging.id_key(),
        limit=paging.rows_to_read,
    )
    shown, next_cursor = paging.cut(rows, lambda row: (row.id,))
    return Page(items=[InboundEventOut.of(row) for row in shown], next_cursor=next_cursor)


@router.get("/inbound-health", responses=guarded())
async def inbound_health(principal: Administrator, session: Session) -> InboundHealth:
    """Whether everything that arrives is applied: quarantined and backfilled events, silent lines, last texts."""
    organization_id = principal.organization_id
    week_ago = await database_time(session) - timedelta(days=7)
    figures = await queries.journal_figures(session, organization_id=organization_id, missed_since=week_ago)
    return InboundHealth.of(
        figures,
        silent=await line_queries.silent_lines(session, organization_id),
        last_texts=await backfill_queries.last_arrivals(session, organization_id),
    )


@router.get("/inbound-events/{event_id}", responses=guarded(NotFound, Invalid))
async def get_inbound_event(event_id: UUID, principal: Administrator, session: Session) -> InboundEventDetail:
    """One event with its raw content."""
    return InboundEventDetail.of(await replay.require_event(session, principal.organization_id, event_id))


@router.post("/inbound-replays", responses=guarded())
async def replay_inbound_events(principal: Administrator, session: Session, request: Request) -> Replayed:
    """Apply quarantined events again, the oldest 500 at a time."""
    organization_id = principal.organization_id
    replayed = await replay.replay_all(session, organization_id, actor=principal.actor)
    figures = await queries.journal_figures(session, organization_id=organization_id)
    after_commit(session, from_app(request, JournalApplier).wake)
    return Replayed(replayed=len(replayed), remaining=figures.quarantined)


@router.post("/inbound-events/{event_id}/replay", responses=guarded(NotFound, Conflict, Invalid))
async def replay_inbound_event(
    event_id: UUID, principal: Administrator, session: Session, request: Request
) -> InboundEventOut:
    """Apply a quarantined event again. A pending event stays as it is; an applied one is 409."""
    event = await replay.replay_event(session, principal.organization_id, event_id, actor=principal.actor)
    after_commit(session, from_app(request, JournalApplier).wake)
    return InboundEventOut.of(event)
