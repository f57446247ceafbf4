"""Routes of files that are uploaded to be sent."""

import hashlib
from email.message import Message
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from api.access.dependencies import CanSend, guarded
from api.kit.app_state import from_app
from api.kit.database import Session, commit
from api.kit.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable, Unreadable, UnsupportedMediaType
from api.kit.idempotency import IdempotencyInProgress, IdempotencyKeyHeader, IdempotencyMismatch, once
from api.media import uploads
from api.media.endpoints import CONTENT_SECURITY_POLICY
from api.media.pictures import PictureMaker
from api.media.rules import disposition
from api.media.upload_rules import MAX_UPLOAD_BYTES
from api.media.upload_schemas import UploadOut, UploadRequest

router = APIRouter(tags=["messages"])

FORM = "multipart/form-data"
FORM_BYTES = 64 * 1024
"""The boundaries and headers around the file."""


@router.post(
    "/media",
    status_code=201,
    response_model=UploadOut,
    max_body_size=MAX_UPLOAD_BYTES + FORM_BYTES,
    responses=guarded(
        Conflict,
        IdempotencyInProgress,
        IdempotencyMismatch,
        Invalid,
        TooLarge,
        Unavailable,
        Unreadable,
        UnsupportedMediaType,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                FORM: {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {"file": {"type": "string", "format": "binary"}},
                    }
                }
            },
        }
    },
)
async def upload_media(
    request: Request, principal: CanSend, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Upload a file to send it with a message: a picture, PDF, contact card, sound or video.

    A picture is made anew: upright, small enough for carriers, without the camera's notes and place. It is deleted
    unless a message of the same person or API key takes it within a day.
    """
    await uploads.require_quota(session, principal)
    # No transaction is open while the client sends and the picture is made.
    await commit(session)
    name, content = await _file_of(request)
    prepared = await uploads.prepare(content, from_app(request, PictureMaker))

    async def store() -> tuple[int, UploadOut]:
        return 201, UploadOut.of(await uploads.store(session, principal, prepared, name=name))

    return await once(
        session,
        store,
        key=idempotency_key,
        asked_by=principal,
        operation="upload-media",
        request=UploadRequest(name=name, sha256=hashlib.sha256(content).hexdigest()),
    )


async def _file_of(request: Request) -> tuple[str, bytes]:
    """The name and the content of the form's only file."""
    declared = Message()
    declared["content-type"] = request.headers.get("content-type", "")
    if declared.get_content_type() != FORM:
        raise UnsupportedMediaType(f"Send {FORM} with one part, `file`.")
    try:
        async with request.form(max_files=1, max_fields=4, max_part_size=1024) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Invalid([("/file", "Add a file.")])
            content = await file.read(MAX_UPLOAD_BYTES + 1)
            if len(content) > MAX_UPLOAD_BYTES:
                raise TooLarge(f"This file is larger than {MAX_UPLOAD_BYTES // 1024 // 1024} MB.")
            return file.filename or "", content
    except ClientDisconnect:
        raise Unreadable("The upload ended before the file did.") from None


@router.get("/media/{upload_id}", responses=guarded(NotFound, Invalid))
async def get_upload(upload_id: UUID, principal: CanSend, session: Session) -> UploadOut:
    """A file that the caller has uploaded and not sent yet."""
    return UploadOut.of(await uploads.require_upload(session, principal, upload_id))


@router.get(
    "/media/{upload_id}/content",
    response_class=Response,
    responses={
        200: {
            "description": "The file as it will be sent.",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        },
        **guarded(NotFound, Invalid),
    },
)
async def get_upload_content(upload_id: UUID, principal: CanSend, session: Session) -> Response:
    """The content of a file that the caller has uploaded and not sent yet."""
    upload = await uploads.require_upload(session, principal, upload_id)
    headers = {
        "Content-Type": upload.content_type,
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Content-Disposition": disposition(upload.content_type, position=0),
    }
    return Response(await uploads.content(session, upload), headers=headers)


@router.delete("/media/{upload_id}", status_code=204, responses=guarded(NotFound, Invalid))
async def delete_upload(upload_id: UUID, principal: CanSend, session: Session) -> None:
    """Delete a file that the caller has uploaded and not sent."""
    await uploads.delete(session, principal, upload_id)
