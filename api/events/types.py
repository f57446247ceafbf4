"""What crosses the wire of an event: in lists, and in what webhooks deliver. One model for each type."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter

from api.events.models import Event


class EventActor(BaseModel):
    """Who made the change."""

    kind: Literal["staff_member", "api_key", "phone_number", "system"]
    """A staff member, an API key, a phone number or the system."""
    id: UUID | None
    """Null if it was the system."""


class MessageReceivedData(BaseModel):
    conversation_id: UUID
    """The conversation of the message."""
    message_id: UUID
    """The message, which `GET /messages/{id}` has."""
    line_id: UUID
    """The line that was texted."""
    seq: int
    """Its number in the conversation."""


class MessageSentData(BaseModel):
    conversation_id: UUID
    """The conversation of the message."""
    message_id: UUID
    """The message, which `GET /messages/{id}` has."""
    line_id: UUID
    """The line that it leaves from."""
    seq: int
    """Its number in the conversation."""
    broadcast_id: UUID | None
    """The mass text that it belongs to."""
    actor: EventActor
    """Who sent it."""


class MessageStatusChangedData(BaseModel):
    conversation_id: UUID
    """The conversation of the message."""
    message_id: UUID
    """The message, which `GET /messages/{id}` has."""
    line_id: UUID
    """The line that it leaves from."""
    seq: int
    """Its number in the conversation."""
    status: Literal["queued", "sending", "sent", "delivered", "undelivered", "failed", "unknown"]
    """The message's status now."""
    previous_status: Literal["queued", "sending", "sent", "delivered", "undelivered", "failed", "unknown"]
    """The message's status before."""
    error_code: str | None
    """The provider's code of what went wrong, if anything."""


class ConversationChangedData(BaseModel):
    conversation_id: UUID
    """The conversation, which has the status that the event's type names."""
    message_id: UUID | None
    """The message that changed it, if it was one."""
    actor: EventActor
    """Who changed it."""


class ConversationAssignedData(BaseModel):
    conversation_id: UUID
    """The conversation."""
    assignee_id: UUID | None
    """The staff member who has it now; null: nobody."""
    previous_assignee_id: UUID | None
    """The staff member who had it; null: nobody."""
    actor: EventActor
    """Who changed it."""


class OptInChangedData(BaseModel):
    phone_number: str | None
    """The number whose consent has changed; null once it was erased."""
    cause: Literal["state", "stopped", "started", "removed", "refusal_lifted"]
    """`state`: the opt-in state of a phone record; `stopped` and `started`: the number itself; `removed`: a phone
    record with the number is gone; `refusal_lifted`: a refusal without a record blocks no more."""
    phone_record_id: UUID | None
    """Of `state` and `removed`."""
    state: Literal["opted_in", "opted_out", "unknown"] | None
    """Of `state`: the phone record's opt-in state now."""
    source: str | None
    """How consent or refusal was given, where that is known."""
    actor: EventActor
    """Who changed it."""


class MassTextFinishedData(BaseModel):
    broadcast_id: UUID
    """The mass text, which `GET /broadcasts/{id}` has with its counts."""
    state: Literal["sent", "cancelled"]
    """How it ended."""
    actor: EventActor
    """Who cancelled it, else the system."""


class WebhookTestData(BaseModel):
    webhook_endpoint_id: UUID
    """The endpoint that is tried out."""


class EventBase(BaseModel):
    id: UUID
    """The event's id: `after` of the list, `Last-Event-ID` of the stream and `webhook-id` of a delivery."""
    created_at: datetime
    """When the change was stored."""


class MessageReceivedEvent(EventBase):
    type: Literal["message.received"] = Field(...)
    """A text has arrived."""
    data: MessageReceivedData
    """Ids and facts. Read the message for its text."""


class MessageSentEvent(EventBase):
    type: Literal["message.sent"] = Field(...)
    """A text was accepted for sending."""
    data: MessageSentData
    """Ids and facts. Read the message for its text."""


class MessageStatusChangedEvent(EventBase):
    type: Literal["message.status_changed"] = Field(...)
    """A text that was sent has another status."""
    data: MessageStatusChangedData
    """Ids and facts. Read the message for its text."""


class ConversationOpenedEvent(EventBase):
    type: Literal["conversation.opened"] = Field(...)
    """The conversation's status is `open` now."""
    data: ConversationChangedData
    """Ids and facts."""


class ConversationClosedEvent(EventBase):
    type: Literal["conversation.closed"] = Field(...)
    """The conversation's status is `closed` now."""
    data: ConversationChangedData
    """Ids and facts."""


class ConversationUnreadEvent(EventBase):
    type: Literal["conversation.unread"] = Field(...)
    """The conversation's status is `unread` now, and was not before."""
    data: ConversationChangedData
    """Ids and facts."""


class ConversationAssignedEvent(EventBase):
    type: Literal["conversation.assigned"] = Field(...)
    """The conversation has another assignee, or none."""
    data: ConversationAssignedData
    """Ids and facts."""


class OptInChangedEvent(EventBase):
    type: Literal["opt_in.changed"] = Field(...)
    """The consent of a phone number has changed."""
    data: OptInChangedData
    """Ids and facts. Check the number before you rely on it."""


class MassTextFinishedEvent(EventBase):
    type: Literal["mass_text.finished"] = Field(...)
    """A mass text has ended."""
    data: MassTextFinishedData
    """Ids and facts."""


class WebhookTestEvent(EventBase):
    type: Literal["webhook_endpoint.test"] = Field(...)
    """An administrator tries out an endpoint."""
    data: WebhookTestData
    """The endpoint."""


EventOut = Annotated[
    MessageReceivedEvent
    | MessageSentEvent
    | MessageStatusChangedEvent
    | ConversationOpenedEvent
    | ConversationClosedEvent
    | ConversationUnreadEvent
    | ConversationAssignedEvent
    | OptInChangedEvent
    | MassTextFinishedEvent,
    Field(discriminator="type"),
]
"""An event that programs can list and subscribe to."""

PublicType = Literal[
    "message.received",
    "message.sent",
    "message.status_changed",
    "conversation.opened",
    "conversation.closed",
    "conversation.unread",
    "conversation.assigned",
    "opt_in.changed",
    "mass_text.finished",
]
"""The types of `EventOut`."""

_LISTED: TypeAdapter[EventOut] = TypeAdapter(EventOut)
_EVENT: TypeAdapter[EventOut | WebhookTestEvent] = TypeAdapter(EventOut | WebhookTestEvent)


def listed_event(event: Event) -> EventOut:
    """The event as it crosses the wire. Only for public types."""
    return _LISTED.validate_python(_values(event))


def event_out(event: Event) -> EventOut | WebhookTestEvent:
    """As `listed_event`, and for the test of an endpoint."""
    return _EVENT.validate_python(_values(event))


def data_of(event: Event) -> dict[str, Any]:
    """The event's `data` as JSON."""
    data: dict[str, Any] = event_out(event).data.model_dump(mode="json")
    return data


def _values(event: Event) -> dict[str, Any]:
    ids = {"conversation_id": event.conversation_id, "message_id": event.message_id, "phone_number": event.phone_number}
    return {"id": event.id, "type": event.type, "created_at": event.created_at, "data": {**event.data, **ids}}
