"""What crosses the wire of the Service page."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.lines.models import Line
from api.lines.rules import LineState
from api.service_status.service import ServiceStatus


class VersionsOut(BaseModel):
    model_config = ConfigDict(title="Versions", from_attributes=True)

    product: str
    """The version of this service."""
    database_schema: str
    """The database's migration."""
    expected_database_schema: str
    """The newest migration of this version. If the schema is older, `messenger migrate` has not run."""
    postgresql: str
    """The version of the database."""


class WorkerOut(BaseModel):
    """A worker process of the service, which works for every organization."""

    model_config = ConfigDict(title="Worker", from_attributes=True)

    id: UUID
    started_at: datetime
    """When the process started."""
    last_heartbeat_at: datetime
    """When its loop that sends last turned."""
    is_working: bool
    """The last heartbeat is at most 30 seconds old."""


class OutboxOut(BaseModel):
    """Texts of the organization that are on their way out. Counts stop at 10,000."""

    model_config = ConfigDict(title="OutboxStatus", from_attributes=True)

    waiting: int
    """Texts that wait for their turn."""
    oldest_waiting_at: datetime | None
    """When the text that has waited longest was accepted."""
    sending: int
    """Texts that are being handed to a provider."""
    unknown: int
    """Handed to the provider with an unknown outcome, and not reconciled yet."""


class JournalOut(BaseModel):
    """Inbound events of the organization."""

    model_config = ConfigDict(title="JournalStatus", from_attributes=True)

    pending: int
    """Events that are not applied yet."""
    oldest_pending_at: datetime | None
    """When the event that has waited longest was received."""
    quarantined: int
    """Events that could not be applied and wait for an administrator."""


class LineStatusOut(BaseModel):
    model_config = ConfigDict(title="LineStatus")

    id: UUID
    label: str
    """The name that staff see."""
    phone_number: str
    """In E.164, or a short code."""
    enabled: bool
    """Out of service it still receives."""
    state: LineState | None
    """What the last check at the provider found; null before the first."""
    detail: str | None
    """The worst finding of the last check, in words."""
    checked_at: datetime | None
    """When the provider was last asked; null before the first check."""
    silent_since: datetime | None
    """When the last text came, if that is longer ago than usual for this line."""

    @classmethod
    def of(cls, line: Line) -> "LineStatusOut":
        health = line.health or {}
        return cls(
            id=line.id,
            label=line.label,
            phone_number=line.phone_number,
            enabled=line.enabled,
            state=health.get("state"),
            detail=health.get("detail"),
            checked_at=health.get("at"),
            silent_since=line.silent_since,
        )


class SwitchedOffEndpointOut(BaseModel):
    """A webhook endpoint to which no events are posted any more."""

    model_config = ConfigDict(title="SwitchedOffWebhookEndpoint", from_attributes=True)

    id: UUID
    url: str
    """Where events were posted to."""
    disabled_reason: Literal["gone", "failing"]
    """It answered 410 (`gone`), or every attempt failed for three days (`failing`)."""
    disabled_at: datetime
    """When it was switched off."""


class ServiceStatusOut(BaseModel):
    model_config = ConfigDict(title="ServiceStatus")

    at: datetime
    """The time of these figures, by the database's clock. Ages are counted up to it."""
    versions: VersionsOut
    """What runs."""
    texts_are_leaving: bool
    """False: no worker sends at the moment, or texts are held. They wait in the outbox."""
    held: bool
    """Texts wait because a backup was restored, until it is clear what was sent and received since."""
    not_leaving_since: datetime | None
    """When texts are not leaving: since when, if that is known."""
    workers: list[WorkerOut]
    """Those of the last day, the latest heartbeat first; 50 at most. A stopped worker stays for a day."""
    outbox: OutboxOut
    """Texts on their way out."""
    journal: JournalOut
    """Events that came in."""
    lines: list[LineStatusOut]
    """The oldest first; 100 at most."""
    has_more_lines: bool
    """There are more lines than are shown."""
    switched_off_webhook_endpoints: list[SwitchedOffEndpointOut]
    """Webhook endpoints that were switched off because they fail or are gone. An administrator switches them on."""

    @classmethod
    def of(cls, status: ServiceStatus) -> "ServiceStatusOut":
        return cls(
            at=status.at,
            versions=VersionsOut.model_validate(status.versions),
            texts_are_leaving=status.sending.texts_are_leaving,
            held=status.sending.held,
            not_leaving_since=status.sending.since,
            workers=[WorkerOut.model_validate(each) for each in status.workers],
            outbox=OutboxOut.model_validate(status.outbox),
            journal=JournalOut.model_validate(status.journal),
            lines=[LineStatusOut.of(each) for each in status.lines],
            has_more_lines=status.has_more_lines,
            switched_off_webhook_endpoints=[
                SwitchedOffEndpointOut.model_validate(each) for each in status.switched_off_webhook_endpoints
            ],
        )
