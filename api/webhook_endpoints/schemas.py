"""Bodies and answers of the routes of webhook endpoints."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.events.rules import EventType
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import WEB_ADDRESS, Length, SingleLine
from api.webhook_endpoints.models import WebhookDelivery
from api.webhook_endpoints.queries import ListedEndpoint
from api.webhook_endpoints.rules import MAX_PENDING, MAX_URL, OVERLAP, DeliveryState, DisabledReason
from api.webhook_endpoints.service import NewEndpoint

PublicEventType = Literal[
    EventType.MESSAGE_RECEIVED,
    EventType.MESSAGE_SENT,
    EventType.MESSAGE_STATUS_CHANGED,
    EventType.CONVERSATION_OPENED,
    EventType.CONVERSATION_CLOSED,
    EventType.CONVERSATION_UNREAD,
    EventType.CONVERSATION_ASSIGNED,
    EventType.OPT_IN_CHANGED,
    EventType.MASS_TEXT_FINISHED,
]
"""`events.rules.PUBLIC`. A test holds the two together."""

Url = Annotated[
    SingleLine,
    Length(1, MAX_URL),
    Field(
        description="Where events are posted to: an https address on the public internet. The operator of the service "
        "can allow private networks.",
        json_schema_extra={"pattern": WEB_ADDRESS},
    ),
]
Description = Annotated[SingleLine, Length(0, 200), Field(description="What it is for.")]
EventTypes = Annotated[
    list[PublicEventType], Field(max_length=50, description="The types of events that it gets. Empty: every type.")
]


class WebhookEndpointIn(RequestModel):
    url: Url
    description: Description = ""
    event_types: EventTypes = []
    enabled: bool = True
    """Whether events are posted to it."""

    def new(self) -> NewEndpoint:
        return NewEndpoint(self.url, self.description, frozenset(self.event_types), self.enabled)


class WebhookEndpointPatch(PatchModel):
    """What is left out stays."""

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    enabled: Annotated[
        bool | None,
        Field(
            description="Switched on again, it gets the events since it was switched off, those of the last 30 days."
        ),
    ] = None

    def changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set}


class WebhookSecretRotation(RequestModel):
    overlap_hours: Annotated[
        int,
        Field(
            ge=0,
            le=int(OVERLAP.total_seconds()) // 3600,
            description="Hours in which deliveries are signed with the old secret too. 0: the old one ends at once.",
        ),
    ] = int(OVERLAP.total_seconds()) // 3600


class WebhookEndpointOut(BaseModel):
    model_config = ConfigDict(title="WebhookEndpoint")

    id: UUID
    url: str
    """Where events are posted to."""
    description: str
    """What it is for."""
    event_types: list[PublicEventType]
    """The types of events that it gets. Empty: every type."""
    enabled: bool
    """Whether events are posted to it."""
    disabled_reason: DisabledReason | None
    """Why it is switched off: an administrator did it (`person`), it answered 410 (`gone`), or every attempt failed for
    three days (`failing`). Null while it is on."""
    disabled_at: datetime | None
    """When it was switched off. Null while it is on."""
    failing_since: datetime | None
    """The first failed attempt since the last success. Null if the last attempt succeeded, or there was none."""
    last_delivered_at: datetime | None
    """When an event was last delivered."""
    pending_deliveries: Annotated[int, Field(ge=0, le=MAX_PENDING)]
    """Deliveries that wait for their turn or for their next attempt. Counted to 10,000."""
    previous_secret_until: datetime | None
    """Until when deliveries are signed with the secret before the last rotation too."""
    created_at: datetime
    updated_at: datetime
    """When it was changed, rotated, or switched off."""

    @classmethod
    def of(cls, listed: ListedEndpoint) -> "WebhookEndpointOut":
        return cls(**_fields(listed))


class WebhookEndpointWithSecret(WebhookEndpointOut):
    model_config = ConfigDict(title="WebhookEndpointWithSecret")

    secret: str | None
    """The secret that signs deliveries, shown this once: `whsec_` and base64. Null in an answer that is repeated later
    than ten minutes after the first."""

    @classmethod
    def made(cls, listed: ListedEndpoint, secret: str) -> "WebhookEndpointWithSecret":
        return cls(**_fields(listed), secret=secret)


def _fields(listed: ListedEndpoint) -> dict[str, Any]:
    row, pending = listed
    same = ("id", "url", "description", "disabled_reason", "disabled_at", "failing_since", "last_delivered_at")
    return {
        **{name: getattr(row, name) for name in (*same, "previous_secret_until", "created_at", "updated_at")},
        "event_types": row.event_types,
        "enabled": row.is_enabled,
        "pending_deliveries": pending,
    }


class DeliveryAttempt(BaseModel):
    model_config = ConfigDict(title="WebhookAttempt")

    at: datetime
    """When it began."""
    status: int | None
    """The status code of the answer. Null without an answer."""
    duration_ms: int
    """How long it took, in milliseconds."""
    error: str | None
    """Why it failed, for people. Null if it succeeded."""
    response_excerpt: str | None
    """The first 1,024 bytes of the answer's body. Null without an answer."""


class WebhookDeliveryOut(BaseModel):
    model_config = ConfigDict(title="WebhookDelivery")

    id: UUID
    event_id: UUID
    """The event's id: `webhook-id` of the request, and `id` in `GET /events`."""
    event_type: PublicEventType | Literal[EventType.WEBHOOK_TEST]
    """What happened."""
    state: DeliveryState
    """`pending`, `delivered`, or `failed`: no attempt of three days succeeded."""
    next_attempt_at: datetime | None
    """When it is posted next. Null if it has ended, or waits for an earlier event of its conversation."""
    attempts: list[DeliveryAttempt]
    """The last 25 attempts, the oldest first."""
    created_at: datetime
    finished_at: datetime | None
    """When it was delivered or failed."""

    @classmethod
    def of(cls, row: WebhookDelivery) -> "WebhookDeliveryOut":
        return cls(
            id=row.id,
            event_id=row.event_id,
            event_type=EventType(row.event_type),
            state=DeliveryState(row.state),
            next_attempt_at=row.due_at,
            attempts=[DeliveryAttempt.model_validate(each) for each in row.attempts],
            created_at=row.created_at,
            finished_at=row.finished_at,
        )
