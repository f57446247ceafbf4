"""Wire model of a message, embedded by other slices too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict

from api.conversations.message_rules import (
    Automatic,
    Direction,
    Encoding,
    MediaState,
    adopted_media_id,
    automatic,
    shown_media,
)
from api.conversations.models import Message, MessageRow
from api.conversations.tapbacks import read_tapback
from api.kit.metadata import Metadata
from api.kit.published import Published
from api.kit.text import WEB_ADDRESS, Length, SingleLine
from api.providers.port import MessageStatus


def _media_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("use the http:// or https:// address of a picture")
    return value


MediaUrl = Annotated[
    SingleLine,
    AfterValidator(_media_url),
    Length(0, 2000),
    Published(WEB_ADDRESS),
]


class Media(BaseModel):
    """A picture or other file. It is at `url`, below this service's own address, once it is `kept`. A file that was
    sent by its address alone (`media_urls`) is there, and has neither `id` nor `state`."""

    id: UUID | None
    url: str
    """Where it is, once it is `kept`."""
    content_type: str
    """Of a kept file, as its bytes say; else as the sender or the provider declared."""
    state: MediaState | None
    """`waiting`: it is being fetched. `kept`: it is at `url`. `refused`: it is not shown; `reason` says why."""
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
    model_config = ConfigDict(from_attributes=True)

    kind: Literal["staff_member", "api_key"]
    """A staff member or an API key."""
    id: UUID
    name: str
    """Their name at that time."""

    @classmethod
    def of(cls, row: MessageRow) -> "SentBy | None":
        if row.sender_id is None:
            return None
        kind: Literal["staff_member", "api_key"] = "api_key" if row.message.sent_by_api_key_id else "staff_member"
        return cls(kind=kind, id=row.sender_id, name=row.sender_name or "")


class MessageErrorOut(BaseModel):
    model_config = ConfigDict(title="MessageError")

    code: str
    """The provider's code, or one of this service, for programs."""
    title: str
    """What went wrong, in words for the front desk."""


class MessageBroadcast(BaseModel):
    """The mass text that a message belongs to."""

    id: UUID
    name: str
    """Its name."""


class ReactionOut(BaseModel):
    """A reaction that a phone has sent as a text, such as “Liked “See you at 6””."""

    model_config = ConfigDict(title="Reaction")

    emoji: str
    """The emoji of the reaction."""
    removed: bool
    """It was taken back."""
    quote: str | None
    """The quoted words, which may be cut; null for a file."""
    message_id: UUID | None
    """The message that it is on. Null if none was found, and for a text that an earlier version received."""

    @classmethod
    def of(cls, message: Message) -> "ReactionOut | None":
        if message.direction != Direction.INBOUND or message.media:
            return None
        tapback = read_tapback(message.body)
        if tapback is None:
            return None
        return cls(emoji=tapback.emoji, removed=tapback.removed, quote=tapback.quote, message_id=message.reacts_to)


class MessageOut(BaseModel):
    model_config = ConfigDict(title="Message")

    id: UUID
    conversation_id: UUID
    seq: int
    """Its place in the conversation, from 1."""
    direction: Direction
    """`inbound`: received. `outbound`: sent."""
    body: str
    """The text."""
    media: list[Media]
    """Its pictures and other files."""
    status: MessageStatus
    """Where it stands."""
    sent_by: SentBy | None
    """Who sent it. Null for a received and for an automatic message."""
    segments: int
    """How many parts the text has."""
    encoding: Encoding
    """The alphabet in which it is sent."""
    provider_message_id: str | None
    """The id that the provider gave it."""
    error: MessageErrorOut | None
    """Why it did not arrive. Null without an error."""
    asks_to_stop: bool
    """It asks in plain words to stop. A person decides (OPTIN-PLAIN-WORDS)."""
    reaction: ReactionOut | None
    """It words a reaction. Without `message_id` it may be an ordinary text."""
    reactions: list[str]
    """The emoji of the reactions on it, in the order in which they came."""
    automatic: Automatic | None
    """Why it was sent without a person; null if a person or an integration sent it, or it was received."""
    broadcast: MessageBroadcast | None
    """The mass text that it belongs to. Null if it belongs to none."""
    retry_of_message_id: UUID | None
    client_key: UUID | None
    """The `Idempotency-Key` of the request that sent it, if that was a UUID. The sender's client recognizes its pending
    text by it."""
    metadata: Metadata
    """A map of strings that integrations keep on it."""
    created_at: datetime
    updated_at: datetime
    """When it was stored, or its status, or anything else of it, last changed."""
    provider_time: datetime | None
    """When the provider received or sent it, as it says."""
    sent_at: datetime | None
    """When the provider accepted it."""
    delivered_at: datetime | None
    """When the phone had it, as the provider reported."""
    erased_at: datetime | None
    """When its text and files were erased (ERASE); null if they were not."""

    @classmethod
    def of(cls, row: MessageRow) -> "MessageOut":
        message = row.message
        error = None
        if message.error_code is not None:
            error = MessageErrorOut(code=message.error_code, title=message.error_title or "It failed.")
        broadcast = None
        if message.broadcast_id is not None:
            broadcast = MessageBroadcast(id=message.broadcast_id, name=message.broadcast_name or "")
        return cls(
            id=message.id,
            conversation_id=message.conversation_id,
            seq=message.seq,
            direction=Direction(message.direction),
            body=message.body,
            media=[Media.of(message, position, each) for position, each in shown_media(message.media)],
            status=MessageStatus(message.status),
            sent_by=SentBy.of(row),
            segments=message.segments,
            encoding=Encoding(message.encoding),
            provider_message_id=message.provider_message_id,
            error=error,
            asks_to_stop=message.asks_to_stop,
            reaction=ReactionOut.of(message),
            reactions=message.reactions or [],
            automatic=automatic(answers=message.answers, is_away=message.is_away, is_signup=message.is_signup),
            broadcast=broadcast,
            retry_of_message_id=message.retry_of_message_id,
            client_key=message.client_key,
            metadata=message.metadata_,
            created_at=message.created_at,
            updated_at=message.updated_at,
            provider_time=message.provider_time,
            sent_at=message.sent_at,
            delivered_at=message.delivered_at,
            erased_at=message.erased_at,
        )
