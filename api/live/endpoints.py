"""The route of live events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from api.access.dependencies import CanView, guarded
from api.kit.app_state import from_app
from api.kit.errors import Invalid
from api.kit.scope import IS_HEAD
from api.live.errors import TooManyStreams
from api.live.hub import Hub

router = APIRouter(tags=["live"])


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "`conversation` {conversation_id, version, conversation: ConversationDetail}, "
            "`message` {conversation_id, message_id, version, message: Message} and `indicator` {…Indicator} carry "
            "what has changed, as it was read after the change; `version` is the conversation's: an event with a lower "
            "one than is known says nothing new. `thread_entry` {conversation_id, kind, entry_id, "
            "entry: ThreadItem|null} is a note, an audit entry or a scheduled text that is new or has changed; null: "
            "it is gone. `opt_in` {phone_number}, `directory`, `import`, `credits` and `sending_status` say what to "
            "load again; `typing` {conversation_id, staff_member_id, name, until} says who writes. `broadcast` "
            "{broadcast_id, state, recipients, counts} is a mass text whose state or counts have changed. "
            "After `resync`, and after each connection, everything shown must be loaded again. "
            "`ping` fills a silence of 15 seconds: a stream without any event for much longer is dead.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **guarded(Invalid, TooManyStreams),
    },
)
async def events(
    principal: CanView,
    request: Request,
    last_event_id: Annotated[
        str | None,
        Header(alias="Last-Event-ID", max_length=100, description="The id of the last event that was received."),
    ] = None,
) -> StreamingResponse:
    """A stream of changes as they happen. No database session is held while it is open."""
    hub = from_app(request, Hub)
    content: AsyncIterator[bytes] = _nothing()
    # A HEAD request gets the headers, and opens no stream.
    if IS_HEAD not in request.scope:
        content = hub.body(hub.open(principal, last_event_id=last_event_id))
    return StreamingResponse(
        content,
        media_type="text/event-stream",
        # The connection ends with the stream: a page that comes back must not use one to a process that is ending.
        headers={"Cache-Control": "no-store", "Connection": "close", "X-Accel-Buffering": "no"},
    )


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield
