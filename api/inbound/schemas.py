"""Wire models of the journal."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from api.inbound.models import InboundEvent
from api.inbound.queries import JournalFigures
from api.inbound.rules import EventSource, EventState
from api.kit.request_models import RequestModel
from api.kit.text import Body, Length, SingleLine
from api.lines.models import Line
from api.providers.port import EventKind


class InboundEventOut(BaseModel):
    model_config = ConfigDict(title="InboundEvent")

    id: UUID
    line_id: UUID
    provider: str
    """Who sent it."""
    event_id: str
    """The provider's own id of it."""
    kind: EventKind
    """A received text, a report on a sent one, or something unreadable."""
    phone_number: str | None
    """The other party's, where it could be read."""
    state: EventState
    """Whether it is applied."""
    source: EventSource
    """Whether a webhook brought it or the provider's list of texts."""
    attempts: int
    """How often it was tried to apply it."""
    error: str | None
    """Why it is not applied, in words."""
    received_at: datetime
    """When it came."""
    applied_at: datetime | None
    """When it was applied; else null."""
    due_at: datetime | None
    """When a pending one is tried next."""

    @classmethod
    def of(cls, event: InboundEvent) -> "InboundEventOut":
        return cls(**_fields(event))


class RawContent(BaseModel):
    """`text` if the content is UTF-8, else `base64`."""

    content_type: str
    """As the provider named it."""
    bytes: int
    """The size."""
    text: str | None
    """The content; null if it is not UTF-8."""
    base64: str | None
    """The content; null if it is UTF-8."""

    @classmethod
    def of(cls, event: InboundEvent) -> "RawContent | None":
        if event.body is None:
            return None
        try:
            text, encoded = event.body.decode("utf-8"), None
        except UnicodeDecodeError:
            text, encoded = None, base64.b64encode(event.body).decode()
        return cls(content_type=event.content_type, bytes=len(event.body), text=text, base64=encoded)


class InboundEventDetail(InboundEventOut):
    model_config = ConfigDict(title="InboundEventDetail")

    raw: RawContent | None
    """As it came; null once it was applied and its time to be kept has passed."""

    @classmethod
    def of(cls, event: InboundEvent) -> "InboundEventDetail":
        return cls(**_fields(event), raw=RawContent.of(event))


def _fields(event: InboundEvent) -> dict[str, object]:
    state = EventState(event.state)
    return {
        "id": event.id,
        "line_id": event.line_id,
        "provider": event.provider,
        "event_id": event.event_id,
        "kind": EventKind(event.kind),
        "phone_number": event.phone_number,
        "state": state,
        "source": EventSource(event.source),
        "attempts": event.attempts,
        "error": event.error,
        "received_at": event.received_at,
        "applied_at": event.applied_at,
        "due_at": event.due_at if state is EventState.PENDING else None,
    }


class SandboxTextIn(RequestModel):
    phone_number: Annotated[SingleLine, Length(3, 32)]
    """The test number that texts, as `GET /providers` names it."""
    body: Annotated[Body, StringConstraints(min_length=1, max_length=1600)]
    """What it texts. STOP, START and HELP act as from a phone."""


class Replayed(BaseModel):
    replayed: int
    """Events that are pending again."""
    remaining: int
    """Still quarantined: one request replays at most 500."""


class SilentLine(BaseModel):
    id: UUID
    label: str
    """The name that staff see."""
    phone_number: str
    """In E.164, or a short code."""
    silent_since: datetime
    """When its last text came."""


class LastText(BaseModel):
    line_id: UUID
    at: datetime
    """When the last text came in."""


class InboundHealth(BaseModel):
    """What an administrator should know about what arrives."""

    quarantined: int
    """Events that could not be applied and wait for an administrator."""
    pending: int
    """Events that are not applied yet."""
    oldest_pending_at: datetime | None
    """When the pending event that has waited longest was received; null if none is."""
    missed_last_week: int
    """Texts that no webhook brought: found in the provider's own list within the last seven days."""
    silent_lines: list[SilentLine]
    """Lines that have been silent for longer than usual."""
    last_texts: list[LastText]
    """When the last text came in, of each line that has ever had one."""

    @classmethod
    def of(
        cls, figures: JournalFigures, *, silent: Sequence[Line], last_texts: Mapping[UUID, datetime]
    ) -> "InboundHealth":
        return cls(
            quarantined=figures.quarantined,
            pending=figures.pending,
            oldest_pending_at=figures.oldest_pending_at,
            missed_last_week=figures.missed,
            silent_lines=[
                SilentLine(id=line.id, label=line.label, phone_number=line.phone_number, silent_since=line.silent_since)
                for line in silent
                if line.silent_since is not None
            ],
            last_texts=[LastText(line_id=line_id, at=at) for line_id, at in last_texts.items()],
        )
