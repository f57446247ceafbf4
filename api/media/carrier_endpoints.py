"""The route from which providers fetch the files of messages that are sent. Its address is signed (`signed.py`)."""

from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Request, Response

from api.access.dependencies import Public
from api.kit.app_state import from_app
from api.kit.database import Session
from api.kit.errors import NotFound
from api.kit.metrics import CARRIER_MEDIA
from api.kit.scope import IS_HEAD
from api.kit.secrets import SecretBox
from api.media import broadcast_file_queries, queries, service
from api.media.rules import file_header
from api.media.signed import PREFIX, file_name, read_token

MAX_TOKEN = 200
GONE = "There is no such file, or its address has expired."

router = APIRouter(
    include_in_schema=False,
    dependencies=[Depends(Public("For providers, by a signed address that opens one file and expires."))],
)


@router.get(PREFIX + "{token}/{name}")
async def get_carrier_media(token: str, name: str, request: Request, session: Session) -> Response:
    """The file of an outgoing message. Every refusal is the same 404."""
    file = read_token(from_app(request, SecretBox), token) if len(token) <= MAX_TOKEN else None
    if file is None:
        raise _refused("forged")
    if file.expires_at <= datetime.now(UTC):
        raise _refused("expired")
    found = await queries.sent_file(session, file.organization_id, file.media_id)
    if found is None:
        found = await broadcast_file_queries.sent_file(session, file.organization_id, file.media_id)
    if found is None or name != file_name(found.content_type):
        raise _refused("gone")
    CARRIER_MEDIA.labels("served").inc()
    if IS_HEAD not in request.scope:
        await service.note_fetched(session, file.organization_id, file.media_id)
    headers = {
        # As it is, without a charset: some providers compare it with the kinds that they take.
        "Content-Type": found.content_type,
        "Cache-Control": "private, no-store",
        "Content-Disposition": file_header(found.content_type, position=found.position, shown="inline"),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return Response(found.content, headers=headers)


def _refused(outcome: str) -> NotFound:
    CARRIER_MEDIA.labels(outcome).inc()
    return NotFound(GONE)
