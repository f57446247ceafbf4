"""Values of receiving: a webhook, its events, and the message or status that an event tells."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from api.kit.money import Money
from api.kit.text import made_storable
from api.providers.form_fields import FormFields, form_fields
from api.providers.port.status import MessageStatus, OptOutSignal


@dataclass(frozen=True)
class WebhookRequest:
    """A webhook as it came. `url` is the configured public one, never made from `Host`."""

    url: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def content_type(self) -> str:
        """As it came, but storable and of at most 200 characters."""
        return made_storable(self.headers.get("content-type", ""))[:200]

    @cached_property
    def form(self) -> FormFields | None:
        """The body's fields, however many; None if it cannot be read as a form."""
        try:
            return form_fields(self.body, max_fields=None)
        except ValueError:
            return None


class EventKind(StrEnum):
    MESSAGE = "message"
    STATUS = "status"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class WebhookEvent:
    """One event of a webhook, as it is journaled. It is read whole when it is applied."""

    kind: EventKind
    event_id: str
    phone_number: str | None
    """The other party's."""
    body: bytes
    content_type: str
    message_ref: UUID | None = None
    """Our message's id, if the event itself carries it."""

    @classmethod
    def unreadable(cls, body: bytes, content_type: str) -> "WebhookEvent":
        """An authentic event that was not understood. The same bytes are the same event."""
        event_id = f"unreadable:{hashlib.sha256(body).hexdigest()}"
        return cls(EventKind.UNREADABLE, event_id, None, body, content_type)


@dataclass(frozen=True)
class LaterEvent:
    """An event that a built-in carrier makes: it is journaled with the outcome of its text, and applied later."""

    event: WebhookEvent
    after: timedelta
    """From the acceptance of the text."""


def id_by_content(message_id: str, body: bytes) -> str:
    """The id of a status event whose provider gives it none: the same bytes are the same event."""
    return f"{message_id}:{hashlib.sha256(body).hexdigest()[:32]}"


@dataclass(frozen=True)
class WebhookAnswer:
    """The answer that the provider expects to a webhook."""

    content_type: str
    body: bytes


class UnreadableEventError(Exception):
    """A journaled event cannot be understood. The message says what is missing."""


@dataclass(frozen=True)
class MediaItem:
    url: str
    content_type: str


@dataclass(frozen=True)
class ReceivedMessage:
    provider_message_id: str
    sender: str
    """As the provider names it (`kept_apart`): `sender_of` decides whether it is a phone number (RECV-SENDER)."""
    body: str
    media: Sequence[MediaItem]
    signal: OptOutSignal | None
    provider_time: datetime | None


@dataclass(frozen=True)
class StatusReport:
    provider_message_id: str
    status: MessageStatus | None
    """None if the provider's status changes nothing of ours. It still shows in the timeline."""
    provider_status: str
    """The provider's own word."""
    error_code: str | None
    error_title: str | None
    opted_out: bool
    """The provider refuses because the recipient has stopped."""
    provider_time: datetime | None
    price: Money | None = None
    """The provider's own figure of what the message cost, if the report names one."""


@dataclass(frozen=True)
class ListedPrice:
    """What a message of ours cost, from the provider's own list."""

    provider_message_id: str
    price: Money


@dataclass(frozen=True)
class ListedMessage:
    """A text to one of our lines, from the provider's own list."""

    event_id: str
    """The id that its webhook has, so that a late webhook is the same event (RECV-ONCE)."""
    provider_message_id: str
    at: datetime
    record: Mapping[str, Any]
    """The provider's own record."""
