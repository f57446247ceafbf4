"""What crosses the wire of conversations and messages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.consent.shapes import OptInCheckOut, OptInInstance, RefusalOut
from api.conversations.message_rules import (
    MAX_BODY_CHARACTERS,
    MAX_MEDIA,
    Direction,
    Encoding,
    MediaState,
    adopted_media_id,
    shown_media,
)
from api.conversations.models import Message, MessageRow, TimelineEntry
from api.conversations.rules import Status
from api.directory.schemas import HolderOut
from api.kit.phone import NumberOrSender
from api.kit.text import Body, SingleLine
from api.providers.port import MessageStatus

MAX_SEQ = 2**31 - 1
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ)]


class IndicatorOut(BaseModel):
    model_config = ConfigDict(title="Indicator")

    unread_messages: int
    """IND-RED: unread messages, of unread conversations."""
    open_conversations: int
    """IND-GRAY."""
    unread_conversations: int


class LastMessage(BaseModel):
    seq: int
    direction: str
    preview: str
    created_at: datetime
    status: str


class ViewerOut(BaseModel):
    model_config = ConfigDict(title="Viewer")

    staff_member_id: UUID
    name: str
    since: datetime


class ConversationOut(BaseModel):
    model_config = ConfigDict(title="Conversation")

    id: UUID
    line_id: UUID
    phone_number: str
    display_name: str
    status: Status
    unread_messages: int
    last_seq: int
    seen_seq: int
    last_message: LastMessage | None
    last_message_at: datetime
    holders: list[HolderOut]
    opted_out: bool
    """The number is stopped, or a record that holds it is opted out."""
    viewers: list[ViewerOut]
    created_at: datetime
    updated_at: datetime


class ConversationDetail(ConversationOut):
    model_config = ConfigDict(title="ConversationDetail")

    opt_in_check: OptInCheckOut
    notice: str | None
    """What staff must know before they text this number from this line (NZ-NOTICE)."""
    max_segments: int | None
    """The most parts of a text without pictures that the line's provider takes; null if it limits characters only."""


class PhoneNumberOut(BaseModel):
    """A number's consent, records, refusals and conversations. `consent` is its check for the default line."""

    model_config = ConfigDict(title="PhoneNumber")

    phone_number: str
    stopped_at: datetime | None
    consent: OptInCheckOut
    records: list[OptInInstance]
    refusals: list[RefusalOut]
    """Standing and lifted, the newest first (OPTIN-REMOVED)."""
    conversations: list[ConversationOut]


class ConversationIn(BaseModel):
    """Without `line_id`, the oldest enabled line."""

    phone_number: NumberOrSender
    line_id: UUID | None = None


class CloseIn(BaseModel):
    """`seen_seq`: the last message that the person saw (STATUS-CLOSE-RACE)."""

    seen_seq: Seq


class ViewerIn(BaseModel):
    """`seen_seq`: the last message that the tab has shown (STATUS-SEEN)."""

    seen_seq: Seq


class Media(BaseModel):
    """A picture or other file. A received file is at `url`, below this service's own address, once it is `kept`. A sent
    file is at the address that the sender gave, and has neither `id` nor `state`."""

    id: UUID | None
    url: str
    content_type: str
    """Of a kept file, as its bytes say; else as the sender or the provider declared."""
    state: MediaState | None
    size: int | None
    """Bytes."""
    reason: str | None
    """Why it was refused, in words for the front desk."""

    @classmethod
    def of(cls, message: Message, position: int, stored: Mapping[str, Any]) -> "Media":
        media_id, state = stored.get("id"), stored.get("state")
        if message.direction == Direction.INBOUND and media_id is None:
            # Stored by a version before 0005 and not adopted yet. The provider's address is not shown.
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
    """It asks in plain words to stop. A person decides (OPTIN-PLAIN-WORDS)."""
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
    def of(cls, entry: TimelineEntry) -> "TimelineEvent":
        return cls(at=entry.at, status=entry.status, source=entry.source, code=entry.code, detail=entry.detail)


class MessageDetail(MessageOut):
    model_config = ConfigDict(title="MessageDetail")

    timeline: list[TimelineEvent]
    opt_in_check: OptInCheckOut | None
    """The check with which it was sent; null for a received message."""


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
    """`seen_seq`: the last message that the writer saw. With it, a stale reply is refused (STATUS-REPLY-RACE)."""

    body: Annotated[Body, StringConstraints(max_length=MAX_BODY_CHARACTERS)] = ""
    media_urls: Annotated[list[MediaUrl], Field(max_length=MAX_MEDIA)] = []
    seen_seq: Seq | None = None
    close: bool = False


class ViewingOut(BaseModel):
    """A viewing lease, and the conversation as it stands."""

    model_config = ConfigDict(title="Viewing")

    viewer_id: UUID
    expires_at: datetime
    status: Status
    seen_seq: int
    last_seq: int
    unread_messages: int
