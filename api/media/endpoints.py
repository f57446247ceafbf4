"""The route of a stored file."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response

from api.access.dependencies import CanView, guarded
from api.kit.database import Session
from api.kit.errors import Invalid, NotFound
from api.media import queries, service
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
        304: {"description": "It is what `If-None-Match` names."},
        **guarded(NotFound, Invalid),
    },
)
async def get_message_media(
    message_id: UUID,
    media_id: UUID,
    principal: CanView,
    session: Session,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A file of a message: one that was sent, or one that was received, fetched and may be shown."""
    kept = await service.require_kept(session, principal.organization_id, message_id, media_id)
    etag = f'"{kept.sha256.hex()}"'
    headers = {
        "ETag": etag,
        # Revalidated before each use: a permission may have been revoked since (PERM-NOW).
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Content-Disposition": disposition(kept.content_type, position=kept.position),
    }
    known = {each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")}
    if known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    content = await queries.content(session, principal.organization_id, media_id)
    return Response(content, media_type=kept.content_type, headers=headers)
