"""Routes of estimates and usage."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api.access.dependencies import Administrator, CanSend, guarded
from api.costs import service
from api.costs.rules import GroupBy
from api.costs.schemas import EstimateIn, EstimateOut, UsageOut, UsageReportOut
from api.costs.service import Question
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.spreadsheets import CSV_TYPE, download_headers
from api.kit.times import Day

router = APIRouter(tags=["costs"])


def query_question(
    since: Annotated[Day | None, Query(alias="from", description="The first day, in the organization's zone.")] = None,
    until: Annotated[Day | None, Query(alias="to", description="The day after the last.")] = None,
    group_by: Annotated[GroupBy, Query(description="What a row stands for.")] = GroupBy.MONTH,
    line_id: Annotated[UUID | None, Query(description="Only texts of this line.")] = None,
) -> Question:
    return Question(since, until, group_by, line_id)


Asked = Annotated[Question, Depends(query_question)]


@router.post("/cost-estimates", responses=guarded(NotFound, Invalid))
async def estimate_cost(body: EstimateIn, principal: CanSend, session: Session) -> EstimateOut:
    """What a text would cost now, by the line's price list (COST)."""
    return EstimateOut.of(
        await service.estimate(
            session,
            principal,
            line_id=body.line_id,
            number=body.phone_number,
            body=body.body,
            has_media=body.has_media,
        )
    )


@router.get("/usage", responses=guarded(NotFound, Conflict, Invalid))
async def get_usage(asked: Asked, principal: Administrator, session: Session) -> UsageReportOut:
    """What was texted and what it cost, by month, line, person or mass text. Without days: twelve months."""
    return UsageReportOut.of(await service.usage(session, principal, asked))


@router.get(
    "/usage/export.csv",
    response_class=Response,
    responses={
        200: {
            "description": "The report as UTF-8 with a byte order mark; a row for each currency.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
        **guarded(NotFound, Conflict, Invalid),
    },
)
async def export_usage(asked: Asked, principal: Administrator, session: Session) -> Response:
    """The report as a spreadsheet. The export has an audit entry."""
    name, content = await service.export_usage(session, principal, asked)
    return Response(
        content,
        media_type=CSV_TYPE,
        headers=download_headers(name),
    )


@router.get("/broadcasts/{broadcast_id}/cost", responses=guarded(NotFound, Invalid))
async def get_broadcast_cost(broadcast_id: UUID, principal: CanSend, session: Session) -> UsageOut:
    """What a mass text has cost so far."""
    _, used = await service.usage_of_broadcast(session, principal, broadcast_id)
    return UsageOut.of(used)
