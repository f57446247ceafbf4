"""The route of events: the live stream, and the log."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from api.access.dependencies import CanReadEvents, guarded
from api.access.errors import PermissionRequired
from api.access.rules import Permission
from api.events.errors import EventExpired
from api.events.rules import EventType
from api.events.service import list_events
from api.events.types import EventPage, PublicType, listed_event
from api.kit.accept import prefers
from api.kit.app_state import from_app
from api.kit.database import Session
from api.kit.errors import Invalid
from api.kit.paging import DEFAULT_LIMIT, MAX_LIMIT
from api.kit.scope import IS_HEAD
from api.live.errors import TooManyStreams
from api.live.hub import Hub

router = APIRouter(tags=["live"])

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
LOG_ALONE = ("type", "limit")
"""Parameters that the live stream does not take."""


@router.get(
    "/events",
    response_model=EventPage,
    responses={
        200: {
            "description": "As `application/json`, events of the log, oldest first: `next_cursor` is the id of the "
            "page's last event if there are more. Ask again with the last id that you have, whenever you like: no "
            "event is left out, and each keeps its place.\n\n"
            "As `text/event-stream`, "
            "`conversation` {conversation_id, version, conversation: ConversationDetail}, "
            "`message` {conversation_id, message_id, version, message: Message} and `indicator` {…Indicator} carry "
            "what has changed, as it was read after the change; `version` is the conversation's: an event with a lower "
            "one than is known says nothing new. `thread_entry` {conversation_id, kind, entry_id, "
            "entry: ThreadItem|null} is a note, an audit entry or a scheduled text that is new or has changed; null: "
            "it is gone. `opt_in` {phone_number} (null: any number), `directory`, `import`, `credits` and "
            "`sending_status` say what to load again; `typing` {conversation_id, staff_member_id, name, until} says "
            "who writes. `broadcast` {broadcast_id, state, recipients, counts} is a mass text whose state or counts "
            "have changed. `export` {export_id, state, done, total} is an export that has got further. "
            "After `resync`, and after a connection without `Last-Event-ID`, everything shown must be "
            "loaded again. With it the stream begins with what has changed since, for a day; what the client has seen "
            "already may come again. "
            "`ping` fills a silence of 15 seconds: a stream without any event for much longer is dead.",
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
        },
        **guarded(Invalid, EventExpired, TooManyStreams),
    },
)
async def events(
    principal: CanReadEvents,
    session: Session,
    request: Request,
    after: Annotated[
        UUID | Literal["latest"] | None,
        Query(
            description="The id of the last event that you have. Of the log, `latest` gives the newest event alone, to "
            "start from, and without it the log starts 30 days ago. Of the live stream it is `Last-Event-ID` for "
            "clients that cannot send the header at first."
        ),
    ] = None,
    types: Annotated[
        list[PublicType] | None,
        Query(alias="type", max_length=20, description="Of the log: only these types. It may be repeated."),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="Of the log: the most events of the page.")
    ] = DEFAULT_LIMIT,
    last_event_id: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            max_length=100,
            description="Of the live stream: the id of the last event that you have. It counts more than `after`.",
        ),
    ] = None,
) -> EventPage | StreamingResponse:
    """What has happened, for programs that follow it: the log of 30 days, or a stream of changes as they happen.

    `Accept: application/json` asks for the log, `text/event-stream` for the stream. Who names neither gets the log for
    one of its parameters, else the stream. Of the log, `sms_logs` shows everything and `directory` the changes of
    consent. The stream needs `sms_logs`.
    """
    if _asks_for_log(request):
        wanted = [EventType(each) for each in types or ()]
        rows = await list_events(session, principal, after=after, types=wanted, limit=limit + 1)
        shown = rows[:limit]
        return EventPage(
            items=[listed_event(row) for row in shown], next_cursor=str(shown[-1].id) if len(rows) > limit else None
        )
    if Permission.SMS_LOGS not in principal.permissions:
        raise PermissionRequired(Permission.SMS_LOGS)
    _refuse_parameters_of_the_log(request)
    hub = from_app(request, Hub)
    seen = str(after) if last_event_id is None and isinstance(after, UUID) else last_event_id
    content: AsyncIterator[bytes] = _nothing()
    # A HEAD request gets the headers, and opens no stream.
    if IS_HEAD not in request.scope:
        content = hub.body(hub.open(principal, last_event_id=seen))
    return StreamingResponse(
        content,
        media_type=EVENT_STREAM,
        # The connection ends with the stream: a page that comes back must not use one to a process that is ending.
        headers={"Cache-Control": "no-store", "Connection": "close", "X-Accel-Buffering": "no"},
    )


def _asks_for_log(request: Request) -> bool:
    accept = ", ".join(request.headers.getlist("accept"))
    names_log = any(name in request.query_params for name in ("after", *LOG_ALONE))
    return prefers(accept, JSON, EVENT_STREAM) or (names_log and not prefers(accept, EVENT_STREAM, JSON))


def _refuse_parameters_of_the_log(request: Request) -> None:
    """The live stream is neither cut nor filtered."""
    given = [name for name in LOG_ALONE if name in request.query_params]
    if given:
        advice = "Only the log takes this. Ask for it with the header `Accept: application/json`."
        raise Invalid([(f"/query/{name}", advice) for name in given])


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield
