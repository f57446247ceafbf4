"""The route of a stored file."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response

from api.access.dependencies import CanView, guarded
from api.kit.database import Session
from api.kit.errors import Invalid, NotFound, RangeNotSatisfiable
from api.media import service
from api.media.ranges import Unsatisfiable, read_range
from api.media.rules import disposition

router = APIRouter(tags=["messages"])

CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox"
"""For a file opened by its own address: it loads nothing and runs nothing."""


@router.get(
    "/messages/{message_id}/media/{media_id}",
    response_class=Response,
    responses={
        200: {
            "description": "The file. Pictures (JPEG, PNG, GIF, WebP) are shown in place, anything else is a download.",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        },
        206: {"description": "The part that `Range` names, for players of sound and video."},
        304: {"description": "It is what `If-None-Match` names."},
        **guarded(NotFound, Invalid, RangeNotSatisfiable),
    },
)
async def get_message_media(
    message_id: UUID,
    media_id: UUID,
    principal: CanView,
    session: Session,
    if_none_match: Annotated[str | None, Header(description="Entity tags: 304 if the file has one of them.")] = None,
    given_range: Annotated[str | None, Header(alias="Range", description="One range of bytes.")] = None,
) -> Response:
    """A file of a message: one that was sent or is scheduled, or one that was received, fetched and may be shown."""
    kept = await service.require_kept(session, principal.organization_id, message_id, media_id)
    etag = f'"{kept.sha256.hex()}"'
    headers = {
        "ETag": etag,
        # Revalidated before each use: a permission may have been revoked since (PERM-NOW).
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Content-Disposition": disposition(kept.content_type, position=kept.position),
        "Accept-Ranges": "bytes",
    }
    known = {each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")}
    if known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    content = await service.kept_content(session, principal.organization_id, media_id, kept)
    match read_range(given_range, size=len(content)):
        case None:
            return Response(content, media_type=kept.content_type, headers=headers)
        case Unsatisfiable() as unsatisfiable:
            raise RangeNotSatisfiable(unsatisfiable.header(len(content)))
        case part:
            headers["Content-Range"] = part.header(len(content))
            asked = content[part.first : part.last + 1]
            return Response(asked, status_code=206, media_type=kept.content_type, headers=headers)
