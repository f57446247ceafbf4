"""What crosses the wire in the messages room."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.consent.types import OptInCheckOut
from api.conversations.message_models import Message, TimelineEntry
from api.conversations.message_queries import MessageRow
from api.conversations.message_rules import (
    MAX_BODY_CHARACTERS,
    MAX_MEDIA,
    Direction,
    Encoding,
    MediaState,
    adopted_media_id,
    shown_media,
)
from api.conversations.rules import Status
from api.conversations.schemas import Seq
from api.kit.errors import Conflict, ProblemBody
from api.kit.text import Body, SingleLine
from api.providers.port import MessageStatus


class Media(BaseModel):
    """A picture or file. One that arrived is at `url`, below this service's own address, once it is `kept`; one that
    was sent is at the address that the sender gave, and has neither `id` nor `state`."""

    id: UUID | None
    url: str
    content_type: str
    """Of a kept file, what its bytes say; else what somebody calls it."""
    state: MediaState | None
    size: int | None
    """Bytes."""
    reason: str | None
    """Why it was refused, in words for the front desk."""

    @classmethod
    def of(cls, message: Message, position: int, stored: Mapping[str, Any]) -> "Media":
        media_id, state = stored.get("id"), stored.get("state")
        if message.direction == Direction.INBOUND and media_id is None:
            # An earlier version took it in, and a worker has not adopted it yet: the provider's address is not shown.
            media_id, state = adopted_media_id(message.id, position), MediaState.WAITING
        url = f"/api/v1/messages/{message.id}/media/{media_id}" if media_id is not None else stored["url"]
        return cls(
            id=media_id,
            url=url,
            content_type=stored["content_type"],
            state=state,
            size=stored.get("size"),
            reason=stored.get("reason"),
        )


class SentBy(BaseModel):
    kind: Literal["staff_member", "api_key"]
    id: UUID
    name: str

    @classmethod
    def of(cls, row: MessageRow) -> "SentBy | None":
        if row.sender_id is None:
            return None
        kind: Literal["staff_member", "api_key"] = "api_key" if row.message.sent_by_api_key_id else "staff_member"
        return cls(kind=kind, id=row.sender_id, name=row.sender_name or "")


class MessageErrorOut(BaseModel):
    model_config = ConfigDict(title="MessageError")

    code: str
    title: str
    """What went wrong, in words for the front desk."""


class MessageOut(BaseModel):
    model_config = ConfigDict(title="Message")

    id: UUID
    conversation_id: UUID
    seq: int
    direction: Direction
    body: str
    media: list[Media]
    status: MessageStatus
    sent_by: SentBy | None
    segments: int
    encoding: Encoding
    provider_message_id: str | None
    error: MessageErrorOut | None
    asks_to_stop: bool
    """It asks in plain words to stop; a person decides (OPTIN-PLAIN-WORDS)."""
    retry_of_message_id: UUID | None
    created_at: datetime
    provider_time: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None

    @classmethod
    def of(cls, row: MessageRow) -> "MessageOut":
        return cls(**message_fields(row))


class TimelineEvent(BaseModel):
    at: datetime
    status: str
    source: str
    code: str | None
    detail: str | None

    @classmethod
    def of(cls, event: TimelineEntry) -> "TimelineEvent":
        return cls(at=event.at, status=event.status, source=event.source, code=event.code, detail=event.detail)


class MessageDetail(MessageOut):
    model_config = ConfigDict(title="MessageDetail")

    timeline: list[TimelineEvent]
    opt_in_check: OptInCheckOut | None
    """The stored decision to send it; null for what arrived."""


def message_fields(row: MessageRow) -> dict[str, object]:
    message = row.message
    error = None
    if message.error_code is not None:
        error = MessageErrorOut(code=message.error_code, title=message.error_title or "It failed.")
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "seq": message.seq,
        "direction": Direction(message.direction),
        "body": message.body,
        "media": [Media.of(message, position, each) for position, each in shown_media(message.media)],
        "status": MessageStatus(message.status),
        "sent_by": SentBy.of(row),
        "segments": message.segments,
        "encoding": Encoding(message.encoding),
        "provider_message_id": message.provider_message_id,
        "error": error,
        "asks_to_stop": message.asks_to_stop,
        "retry_of_message_id": message.retry_of_message_id,
        "created_at": message.created_at,
        "provider_time": message.provider_time,
        "sent_at": message.sent_at,
        "delivered_at": message.delivered_at,
    }


class ThreadOut(BaseModel):
    """A page of a thread, in order of `seq`. `next_cursor` leads to the page before it."""

    model_config = ConfigDict(title="Thread")

    items: list[MessageOut]
    next_cursor: str | None
    has_before: bool
    has_after: bool


def _media_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("use the http:// or https:// address of a picture")
    return value


MediaUrl = Annotated[SingleLine, AfterValidator(_media_url), StringConstraints(max_length=2000)]


class MessageIn(BaseModel):
    """`seen_seq`: the last message that the writer saw; with it a stale reply is refused (STATUS-REPLY-RACE)."""

    body: Annotated[Body, StringConstraints(max_length=MAX_BODY_CHARACTERS)] = ""
    media_urls: Annotated[list[MediaUrl], Field(max_length=MAX_MEDIA)] = []
    seen_seq: Seq | None = None
    close: bool = False


class Viewing(BaseModel):
    """A viewing lease, and where the conversation stands."""

    viewer_id: UUID
    expires_at: datetime
    status: Status
    seen_seq: int
    last_seq: int
    unread_messages: int


class NewMessagesBody(ProblemBody):
    model_config = ConfigDict(extra="allow", title="NewMessagesProblem")

    missed: list[MessageOut]


class NewMessages(Conflict):
    """STATUS-CLOSE-RACE, STATUS-REPLY-RACE: the answer carries what the person has not seen."""

    type, title = "/problems/new-messages", "Messages have come that you have not seen"
    body_model = NewMessagesBody

    def __init__(self, rows: list[MessageRow]) -> None:
        super().__init__(
            "Read what has come since, then do it again.",
            fields={"missed": [MessageOut.of(row).model_dump(mode="json") for row in rows]},
        )
