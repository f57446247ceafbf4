"""Routes of mass texts, and of an organization's settings of them."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.access.dependencies import Administrator, CanSend, guarded
from api.access.errors import PermissionRequired
from api.access.preconditions import if_match
from api.broadcasts import control, drafts, report, service, settings
from api.broadcasts.errors import ApprovalRequired, ConfirmationRequired
from api.broadcasts.preview_schemas import PreviewOut
from api.broadcasts.rules import BroadcastState, RecipientState
from api.broadcasts.schemas import (
    BroadcastDetail,
    BroadcastIn,
    BroadcastOut,
    BroadcastPatch,
    RecipientOut,
    SendIn,
)
from api.broadcasts.settings_schemas import MassTextSettingsOut, MassTextSettingsPatch
from api.kit.app_state import from_app
from api.kit.database import Database, Session
from api.kit.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from api.kit.idempotency import GivenKey, IdempotencyInProgress, IdempotencyKeyHeader, IdempotencyMismatch, once
from api.kit.paging import Page, Paging
from api.kit.spreadsheets import CSV_TYPE, download_headers
from api.kit.text import Length, SingleLine
from api.prices.errors import NoCredits

router = APIRouter(tags=["mass texts"])

UNCONFIRMED = SendIn()
"""The body that is left out."""

ReasonQuery = Annotated[SingleLine, Length(0, 100)]


@router.get("/organization/mass-text", responses=guarded())
async def get_mass_text_settings(principal: CanSend, session: Session) -> MassTextSettingsOut:
    """The available hours, the header and footer, and how many recipients have to be confirmed."""
    return MassTextSettingsOut.of(await settings.mass_text_settings(session, principal))


@router.patch(
    "/organization/mass-text",
    dependencies=[if_match(get_mass_text_settings, is_required=True)],
    responses=guarded(Invalid),
)
async def change_mass_text_settings(
    body: MassTextSettingsPatch, principal: Administrator, session: Session
) -> MassTextSettingsOut:
    """Change the settings that the body names. `hours`: null for none of the organization's own."""
    changed = await settings.change_mass_text_settings(
        session, principal, body.columns(), hours=body.opening_hours() if body.hours is not None else None
    )
    return MassTextSettingsOut.of(changed)


@router.get("/broadcasts", responses=guarded(Invalid))
async def list_broadcasts(
    principal: CanSend,
    session: Session,
    paging: Paging,
    state: Annotated[
        list[BroadcastState] | None,
        Query(max_length=len(BroadcastState), description="Those in one of these states."),
    ] = None,
) -> Page[BroadcastOut]:
    """Mass texts, the newest first. Several states may be given."""
    found = await service.list_broadcasts(
        session, principal, states=state or [], before=paging.time_key(), limit=paging.rows_to_read
    )
    shown, next_cursor = paging.cut(found, lambda row: (row.created_at, row.id))
    # Workers count those that move. A paused one is counted when it is looked at.
    counted = {row.id: await report.counts_of(session, row) for row in shown if row.state == BroadcastState.PAUSED}
    return Page(items=[BroadcastOut.of(row, counts=counted.get(row.id)) for row in shown], next_cursor=next_cursor)


@router.post(
    "/broadcasts",
    status_code=201,
    response_model=BroadcastDetail,
    responses=guarded(NotFound, Conflict, Invalid, IdempotencyMismatch, IdempotencyInProgress),
)
async def create_broadcast(
    body: BroadcastIn, principal: CanSend, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Write a draft. Nothing goes before it is confirmed."""

    async def create() -> tuple[int, BaseModel]:
        return 201, BroadcastDetail.of(await drafts.create_broadcast(session, principal, body.draft()))

    return await _once(session, principal, create, idempotency_key, "create-broadcast", body)


@router.get("/broadcasts/{broadcast_id}", responses=guarded(NotFound, Invalid))
async def get_broadcast(broadcast_id: UUID, principal: CanSend, session: Session) -> BroadcastDetail:
    """A mass text with its counts of this moment, and why recipients were skipped or failed."""
    row = await service.require(session, principal, broadcast_id)
    return BroadcastDetail.of(
        row, counts=await report.counts_of(session, row), goes_on_at=await report.goes_on_at(session, row)
    )


@router.patch(
    "/broadcasts/{broadcast_id}", dependencies=[if_match(get_broadcast)], responses=guarded(NotFound, Conflict, Invalid)
)
async def change_broadcast(
    broadcast_id: UUID, body: BroadcastPatch, principal: CanSend, session: Session
) -> BroadcastDetail:
    """Change a draft. A scheduled mass text becomes a draft by it, and has to be confirmed again."""
    return BroadcastDetail.of(await drafts.change_broadcast(session, principal, broadcast_id, body.draft()))


@router.post("/broadcasts/{broadcast_id}/preview", responses=guarded(NotFound, PermissionRequired, Conflict, Invalid))
async def preview_broadcast(
    broadcast_id: UUID,
    principal: CanSend,
    session: Session,
    any_hour: Annotated[
        bool,
        Query(
            description="As if it were confirmed with `any_hour_reason`, which needs `mass_text_any_hour` (PERM-HOURS)."
        ),
    ] = False,
) -> PreviewOut:
    """Who would get it now, who is left out and why, what it says, and how long it takes. Changes nothing."""
    return PreviewOut.of(await service.preview_broadcast(session, principal, broadcast_id, any_hour=any_hour))


@router.post(
    "/broadcasts/{broadcast_id}/approve",
    dependencies=[if_match(get_broadcast)],
    responses=guarded(NotFound, Forbidden, Conflict, Invalid),
)
async def approve_broadcast(broadcast_id: UUID, principal: Administrator, session: Session) -> BroadcastDetail:
    """An administrator agrees to a draft as it is. A change of it needs this again."""
    return BroadcastDetail.of(await drafts.approve_broadcast(session, principal, broadcast_id))


@router.post(
    "/broadcasts/{broadcast_id}/send",
    response_model=BroadcastDetail,
    dependencies=[if_match(get_broadcast)],
    responses=guarded(NotFound, ConfirmationRequired, ApprovalRequired, NoCredits, Conflict, Invalid),
)
async def send_broadcast(
    broadcast_id: UUID,
    principal: CanSend,
    session: Session,
    body: SendIn = UNCONFIRMED,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Confirm a draft. Its recipients are those of this moment; each one's consent is checked again when it leaves."""

    async def send() -> tuple[int, BaseModel]:
        row = await service.send_broadcast(session, principal, broadcast_id, body.confirmation())
        return 200, BroadcastDetail.of(row, counts=await report.counts_of(session, row))

    return await _once(session, principal, send, idempotency_key, f"send-broadcast/{broadcast_id}", body)


@router.post(
    "/broadcasts/{broadcast_id}/pause",
    dependencies=[if_match(get_broadcast)],
    responses=guarded(NotFound, Conflict, Invalid),
)
async def pause_broadcast(broadcast_id: UUID, principal: CanSend, session: Session) -> BroadcastDetail:
    """Nothing more of it leaves, but for what a worker is handing over at this moment."""
    row = await control.pause_broadcast(session, principal, broadcast_id)
    return BroadcastDetail.of(row, counts=await report.counts_of(session, row))


@router.post(
    "/broadcasts/{broadcast_id}/resume",
    dependencies=[if_match(get_broadcast)],
    responses=guarded(NotFound, PermissionRequired, Conflict, Invalid),
)
async def resume_broadcast(broadcast_id: UUID, principal: CanSend, session: Session) -> BroadcastDetail:
    """Go on with those who have not got it. From now on it is sent in the name of whoever resumes it."""
    row = await control.resume_broadcast(session, principal, broadcast_id)
    return BroadcastDetail.of(row, counts=await report.counts_of(session, row))


@router.post(
    "/broadcasts/{broadcast_id}/cancel",
    dependencies=[if_match(get_broadcast)],
    responses=guarded(NotFound, Conflict, Invalid),
)
async def cancel_broadcast(broadcast_id: UUID, principal: CanSend, session: Session) -> BroadcastDetail:
    """Nothing more of it leaves, ever."""
    row = await control.cancel_broadcast(session, principal, broadcast_id)
    return BroadcastDetail.of(row, counts=await report.counts_of(session, row))


@router.post(
    "/broadcasts/{broadcast_id}/retry",
    status_code=201,
    response_model=BroadcastDetail,
    responses=guarded(NotFound, AlreadyExists, Conflict, Invalid, IdempotencyMismatch, IdempotencyInProgress),
)
async def retry_broadcast(
    broadcast_id: UUID, principal: CanSend, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """A draft with the same text to those where it failed: a mass text of its own."""

    async def retry() -> tuple[int, BaseModel]:
        return 201, BroadcastDetail.of(await control.retry_broadcast(session, principal, broadcast_id))

    return await _once(session, principal, retry, idempotency_key, f"retry-broadcast/{broadcast_id}", None)


@router.get("/broadcasts/{broadcast_id}/recipients", responses=guarded(NotFound, Invalid))
async def list_broadcast_recipients(
    broadcast_id: UUID,
    principal: CanSend,
    session: Session,
    paging: Paging,
    state: Annotated[RecipientState | None, Query(description="Only recipients in this state.")] = None,
    reason: Annotated[
        ReasonQuery | None, Query(description="Only those skipped or failed for this reason, as the report names it.")
    ] = None,
) -> Page[RecipientOut]:
    """Everybody of the audience as it was confirmed, each number once, with what became of it."""
    found = await report.recipients(
        session,
        principal,
        broadcast_id,
        state=state,
        reason=reason,
        after=paging.id_key(),
        limit=paging.rows_to_read,
    )
    shown, next_cursor = paging.cut(found, lambda each: (each.row.id,))
    return Page(items=[RecipientOut.of(each) for each in shown], next_cursor=next_cursor)


@router.get(
    "/broadcasts/{broadcast_id}/export.csv",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Every recipient, as UTF-8 with a byte order mark. What a spreadsheet could take for a "
            "formula, phone numbers among it, has an apostrophe before it.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
        **guarded(NotFound, Invalid),
    },
)
async def export_broadcast(
    broadcast_id: UUID, principal: CanSend, session: Session, request: Request
) -> StreamingResponse:
    """The report as a spreadsheet. The export gets an audit entry first."""
    row, organization = await report.start_export(session, principal, broadcast_id)
    zone = ZoneInfo(organization.timezone)
    name = report.csv_name(organization, row, zone)
    return StreamingResponse(
        report.export(from_app(request, Database), organization.id, row.id, zone),
        media_type=CSV_TYPE,
        headers=download_headers(name),
    )


async def _once(
    session: Session,
    principal: CanSend,
    action: Callable[[], Awaitable[tuple[int, BaseModel]]],
    key: GivenKey | None,
    operation: str,
    body: BaseModel | None,
) -> Response:
    return await once(session, action, key=key, asked_by=principal, operation=operation, request=body)
