"""Routes of imports."""

import asyncio
import hashlib
from email.message import Message
from typing import IO, Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from api.access.dependencies import CanKeepDirectory, guarded
from api.directory.importing import jobs
from api.directory.importing.document import REQUEST_BODY
from api.directory.importing.errors import ImportRefused
from api.directory.importing.files import IN_MEMORY, spool, temporary_file
from api.directory.importing.once import ImportRequest, Once
from api.directory.importing.reports import Report
from api.directory.importing.schemas import ImportJob, ImportJobReport, ImportReport
from api.directory.importing.service import MAX_BYTES, Format, import_directory
from api.directory.models import Import
from api.directory.rules import ImportOutcome
from api.kit.app_state import from_app
from api.kit.database import Database, Session, commit
from api.kit.errors import (
    AlreadyExists,
    Conflict,
    Invalid,
    NotFound,
    TooLarge,
    Unreadable,
    UnsupportedMediaType,
)
from api.kit.idempotency import IdempotencyInProgress, IdempotencyKeyHeader, IdempotencyMismatch
from api.kit.paging import Paging

router = APIRouter(tags=["directory"])


@router.post(
    "/directory/import",
    response_model=ImportReport,
    max_body_size=MAX_BYTES,
    responses={
        202: {
            "model": ImportJob,
            "description": "More than 1,000 rows: a worker imports them",
            "headers": {"Location": {"$ref": "#/components/headers/Location"}},
        },
        **guarded(
            AlreadyExists,
            Conflict,
            IdempotencyInProgress,
            IdempotencyMismatch,
            ImportRefused,
            Invalid,
            TooLarge,
            Unreadable,
            UnsupportedMediaType,
        ),
    },
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def import_families_and_staff_members(
    request: Request,
    principal: CanKeepDirectory,
    session: Session,
    partial: Annotated[bool, Query(description="Store what is good, whatever else the file holds.")] = False,
    import_id: Annotated[UUID | None, Query(description="Its id, in its address and live events.")] = None,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Import families and, for administrators, staff members: the whole file or, unless `partial`, nothing of it.

    A row that changes consent fails without the permissions for it (OPTIN-WHO).

    A record whose external id is known is made as given, and what the file leaves out stays. Up to 1,000 rows are
    imported at once, and the answer has an item for each row. A longer file is answered 202 and imported by a worker:
    `GET /imports/{import_id}` tells how far it is. So do `import` events `{import_id, done, total}`. An import that
    stored nothing can be repeated under its `Idempotency-Key` with another file.
    """
    form = _format(request)
    # No transaction is open while the client sends.
    await commit(session)
    with temporary_file() as file:
        try:
            await spool(request.stream(), file)
        except ClientDisconnect:
            raise Unreadable("The upload ended before the file did.") from None
        digest = "" if idempotency_key is None else await asyncio.to_thread(_sha256, file)
        asked = ImportRequest(sha256=digest, format=form, partial=partial, import_id=import_id)
        imported = await import_directory(
            from_app(request, Database),
            principal,
            file,
            form,
            partial=partial,
            import_id=import_id or uuid4(),
            once=Once(idempotency_key, principal, asked, _answer_of),
        )
    if isinstance(imported, Response):
        if imported.status_code == 202:
            imported.headers["Location"] = f"/api/v1/imports/{ImportJob.model_validate_json(bytes(imported.body)).id}"
        return imported
    report = ImportReport.of(imported)
    if not report.committed:
        detail = f"{report.failed:,} of {report.rows:,} rows cannot be stored, so none was."
        raise ImportRefused(detail, fields=report.model_dump(mode="json"))
    return JSONResponse(report.model_dump(mode="json"))


def _answer_of(imported: Report | Import) -> tuple[int, BaseModel]:
    return (202, ImportJob.of(imported)) if isinstance(imported, Import) else (200, ImportReport.of(imported))


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(IN_MEMORY):
        digest.update(chunk)
    return digest.hexdigest()


@router.get("/imports/{import_id}", responses=guarded(NotFound, Invalid))
async def get_import(
    import_id: UUID,
    principal: CanKeepDirectory,
    session: Session,
    paging: Paging,
    outcome: Annotated[ImportOutcome | None, Query(description="Rows with this outcome alone.")] = None,
) -> ImportJobReport:
    """How far an import of more than 1,000 rows is, and a page of its report. Kept for 7 days after its end."""
    job, results, next_cursor = await jobs.report_page(session, principal, import_id, paging=paging, outcome=outcome)
    return ImportJobReport.page(job, results, next_cursor=next_cursor)


FORMATS = {
    "text/csv": Format.CSV,
    "application/x-ndjson": Format.NDJSON,
    "application/ndjson": Format.NDJSON,
    "application/jsonl": Format.NDJSON,
    "application/json": Format.JSON,
}


def _format(request: Request) -> Format:
    """Raises `UnsupportedMediaType`, which names what is taken."""
    declared = Message()
    declared["content-type"] = request.headers.get("content-type", "")
    form = FORMATS.get(declared.get_content_type())
    if form is None or declared.get_content_charset("utf-8") not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType(f"Send UTF-8 with a Content-Type of {', '.join(FORMATS)}.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the file as it is, without a Content-Encoding.")
    return form
