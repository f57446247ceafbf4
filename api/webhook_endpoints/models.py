"""Tables of webhook endpoints and their deliveries."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationChildRow, OrganizationRow

PENDING = text("state = 'pending'")


class WebhookEndpoint(OrganizationRow, Base):
    """An address of an integration, to which events are posted."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("disabled_reason IN ('person', 'gone', 'failing')", name="disabled_reason"),
        CheckConstraint("is_enabled = (disabled_reason IS NULL)", name="enabled"),
    )

    url: Mapped[str]
    description: Mapped[str]
    event_types: Mapped[list[str]]
    """Empty: every type."""
    is_enabled: Mapped[bool] = mapped_column(server_default=true())
    disabled_reason: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    """{secret, and previous while the one before it signs too}, sealed under the service's secret key."""
    previous_secret_until: Mapped[datetime | None]
    """Until when the secret before the last rotation signs too."""
    position: Mapped[int] = mapped_column(BigInteger)
    """The last event of the log whose delivery was decided on."""
    failing_since: Mapped[datetime | None]
    """The first failed attempt since the last success."""
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    """Failed attempts since the last success."""
    last_delivered_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]
    """Its address and secret are gone. The row stays until its deliveries are deleted, a batch at a time."""


class WebhookDelivery(OrganizationChildRow, Base):
    """One event for one endpoint. Its content is read from the event log when it is posted."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "endpoint_id"], ["webhook_endpoints.organization_id", "webhook_endpoints.id"]
        ),
        CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="state"),
        UniqueConstraint("organization_id", "endpoint_id", "position"),
        Index("ix_webhook_deliveries_endpoint", "organization_id", "endpoint_id", "id"),
        Index(
            "ix_webhook_deliveries_due",
            *("organization_id", "endpoint_id", "due_at"),
            postgresql_where=text("state = 'pending' AND due_at IS NOT NULL"),
        ),
        Index(
            "ix_webhook_deliveries_order",
            *("organization_id", "endpoint_id", "order_key", "position"),
            postgresql_where=PENDING,
        ),
    )

    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    position: Mapped[int | None] = mapped_column(BigInteger)
    """The event's position in the log. Null for a test, which is not in it."""
    order_key: Mapped[UUID]
    """Pending deliveries of one endpoint with the same key are posted one after the other, by position: the
    conversation's id, or the endpoint's for events without a conversation. A replay has its own id."""
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    due_at: Mapped[datetime | None]
    """When it is posted next; while a worker posts it, when another one may. Null: it waits for the one before it, or
    it has ended."""
    lease_token: Mapped[UUID | None]
    retry_until: Mapped[datetime]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    """Attempts since it was made, replayed, or its endpoint was switched on."""
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """The last attempts, the oldest first: {at, status, duration_ms, error, response_excerpt}."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
