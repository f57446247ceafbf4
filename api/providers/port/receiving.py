"""Values of receiving: a webhook, its events, and the message or status that an event tells."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from api.providers.form_fields import FormFields, form_fields
from api.providers.port.status import MessageStatus, OptOutSignal


@dataclass(frozen=True)
class WebhookRequest:
    """A webhook as it came. `url` is the configured public one, never made from `Host`."""

    url: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @cached_property
    def form(self) -> FormFields | None:
        """The body's fields, however many; None where it cannot be read as a form."""
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
    """One event of a webhook, just enough to journal it; it is read whole when it is applied."""

    kind: EventKind
    event_id: str
    phone_number: str | None
    """The other party's."""
    body: bytes
    content_type: str
    message_ref: UUID | None = None
    """Our message's id, where the event itself carries it."""

    @classmethod
    def unreadable(cls, body: bytes, content_type: str) -> "WebhookEvent":
        """What is authentic and not understood: the same bytes are the same event."""
        event_id = f"unreadable:{hashlib.sha256(body).hexdigest()}"
        return cls(EventKind.UNREADABLE, event_id, None, body, content_type)


@dataclass(frozen=True)
class WebhookAnswer:
    """What the provider expects back."""

    content_type: str
    body: bytes


class UnreadableEventError(Exception):
    """A journaled event that cannot be understood. The message says what is missing."""


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
    """None: a status of the provider's that changes nothing of ours; it still shows in the timeline."""
    provider_status: str
    """The provider's own word."""
    error_code: str | None
    error_title: str | None
    opted_out: bool
    """The provider refuses because the recipient has stopped."""
    provider_time: datetime | None


@dataclass(frozen=True)
class ListedMessage:
    """A text to one of our lines, as the provider's own list has it."""

    event_id: str
    """That of its webhook, so that one that comes late is the same event (RECV-ONCE)."""
    provider_message_id: str
    at: datetime
    record: Mapping[str, Any]
    """The provider's own words."""
