"""Routes of exports (EXPORT)."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.access.dependencies import CanView, guarded
from api.exports import printable, service
from api.exports.rules import ExportFormat
from api.exports.schemas import ExportIn, ExportOut
from api.exports.service import ExportFile
from api.kit.app_state import from_app
from api.kit.database import Database, Session
from api.kit.errors import Conflict, Invalid, NotFound, RangeNotSatisfiable
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging
from api.kit.scope import IS_HEAD
from api.kit.spreadsheets import download_headers
from api.media.ranges import Range, Unsatisfiable, read_range

router = APIRouter(tags=["exports"])

NOTHING_RUNS = "default-src 'none'; sandbox"


@router.get("/exports", responses=guarded(NotFound, Invalid))
async def list_exports(
    principal: CanView,
    session: Session,
    paging: Paging,
    conversation_id: Annotated[UUID | None, Query(description="Exports of this conversation alone.")] = None,
) -> Page[ExportOut]:
    """Exports, newest first: an administrator sees all, anybody else their own of conversations."""
    rows = await service.list_exports(
        session,
        principal,
        conversation_id=conversation_id,
        before=paging.time_key(),
        limit=paging.rows_to_read,
    )
    shown, next_cursor = paging.cut(rows, lambda row: (row.job.created_at, row.job.id))
    return Page(items=[ExportOut.of(row) for row in shown], next_cursor=next_cursor)


@router.post(
    "/exports",
    response_model=ExportOut,
    status_code=201,
    responses=guarded(NotFound, Conflict, Invalid),
)
async def create_export(body: ExportIn, principal: CanView, session: Session, key: IdempotencyKeyHeader) -> Response:
    """Export a conversation, a number (a person's data request) or a time range. A worker writes the file.

    `GET /exports/{export_id}` and `export` events tell how far it is. A number and a range need an administrator.
    """

    async def create() -> tuple[int, ExportOut]:
        return 201, ExportOut.of(await service.create_export(session, principal, body.new()))

    return await once(session, create, key=key, asked_by=principal, operation="create_export", request=body)


@router.get("/exports/{export_id}", responses=guarded(NotFound, Invalid))
async def get_export(export_id: UUID, principal: CanView, session: Session) -> ExportOut:
    """How far an export is."""
    return ExportOut.of(await service.require_export(session, principal, export_id))


@router.delete("/exports/{export_id}", responses=guarded(NotFound, Invalid))
async def delete_export(export_id: UUID, principal: CanView, session: Session) -> ExportOut:
    """Stop an export, or delete its file before its time. The job stays to be seen."""
    return ExportOut.of(await service.delete_export(session, principal, export_id))


@router.get(
    "/exports/{export_id}/file",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file, as a download.",
            "content": {each.media_type.partition(";")[0]: {"schema": {"type": "string"}} for each in ExportFormat},
        },
        206: {"description": "The part that `Range` names, to go on with a download that broke off."},
        304: {"description": "It is what `If-None-Match` names."},
        **guarded(NotFound, Conflict, Invalid, RangeNotSatisfiable),
    },
)
async def get_export_file(
    export_id: UUID,
    principal: CanView,
    session: Session,
    request: Request,
    if_none_match: Annotated[str | None, Header(description="Entity tags: 304 if the file has one of them.")] = None,
    given_range: Annotated[str | None, Header(alias="Range", description="One range of bytes.")] = None,
    if_range: Annotated[
        str | None, Header(description="The entity tag of the file that `Range` is of: else the whole file comes.")
    ] = None,
) -> Response:
    """The file of an export that is done. Each download gets an audit entry."""
    file = await service.require_file(session, principal, export_id)
    headers = _headers(file)
    known = {each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")}
    if known & {file.etag, "*"}:
        return Response(status_code=304, headers=headers)
    part = read_range(given_range if if_range in {None, file.etag} else None, size=file.size)
    if isinstance(part, Unsatisfiable):
        raise RangeNotSatisfiable(part.header(file.size))
    sent = part or Range(0, file.size - 1)
    body: AsyncIterator[bytes] = _nothing()
    if IS_HEAD not in request.scope:
        await service.record_download(session, principal, export_id, first=sent.first, last=sent.last)
        body = service.content(from_app(request, Database), file, first=sent.first, last=sent.last)
    headers["Content-Length"] = str(sent.last + 1 - sent.first)
    if part is not None:
        headers["Content-Range"] = part.header(file.size)
    return StreamingResponse(
        body, status_code=200 if part is None else 206, media_type=file.format.media_type, headers=headers
    )


def _headers(file: ExportFile) -> dict[str, str]:
    is_page = file.format is ExportFormat.HTML
    return {
        **download_headers(file.name),
        "ETag": file.etag,
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": printable.CONTENT_SECURITY_POLICY if is_page else NOTHING_RUNS,
    }


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield
