"""The journal: what a webhook carried, durable before it is answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationChildRow, OrganizationRow


class InboundEvent(OrganizationChildRow, Base):
    """One authentic provider event, as it came, and what became of it."""

    __tablename__ = "inbound_events"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        UniqueConstraint("organization_id", "provider", "event_id"),
        CheckConstraint("kind IN ('message', 'status', 'unreadable')", name="kind"),
        CheckConstraint("state IN ('pending', 'applied', 'quarantined')", name="state"),
        CheckConstraint("source IN ('webhook', 'reconciliation')", name="source"),
        # Only what has been applied may lose its raw content: the rest still has to be read.
        CheckConstraint("body IS NOT NULL OR state = 'applied'", name="raw"),
        Index(
            "ix_inbound_events_pending",
            "organization_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_inbound_events_quarantined",
            "organization_id",
            "id",
            postgresql_where=text("state = 'quarantined'"),
        ),
        Index(
            "ix_inbound_events_raw",
            "organization_id",
            "id",
            postgresql_where=text("state = 'applied' AND body IS NOT NULL"),
        ),
        Index(
            "ix_inbound_events_missed",
            "organization_id",
            "id",
            postgresql_where=text("source = 'reconciliation'"),
        ),
        Index(
            "ix_inbound_events_arrivals",
            "organization_id",
            "line_id",
            "received_at",
            postgresql_where=text("kind = 'message'"),
        ),
    )

    line_id: Mapped[UUID]
    provider: Mapped[str]
    event_id: Mapped[str]
    """The provider's id of the event, or one derived from its content: what makes it one event (RECV-ONCE)."""
    kind: Mapped[str]
    phone_number: Mapped[str | None]
    """The other party's number, where it could be read."""
    content_type: Mapped[str]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The event as received, byte for byte; null once it was applied and kept for as long as the operator wants."""
    source: Mapped[str] = mapped_column(server_default=text("'webhook'"))
    """`webhook`, or `reconciliation`: no webhook brought it, a backfill found it."""
    message_ref: Mapped[UUID | None]
    """Our message's id, from the callback's own address, where it carries one."""
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    error: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    applied_at: Mapped[datetime | None]


class InboundAttempt(OrganizationRow, Base):
    """An attempt at applying these events, committed before it begins. Whoever finishes it deletes the row.

    A row that is there while nobody applies the organization's events belongs to a process that died or hung.
    """

    __tablename__ = "inbound_attempts"

    event_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    begun_by: Mapped[UUID]
    """The `PROCESS_ID` of the process."""
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LineBackfill(OrganizationRow, Base):
    """When the next backfill of a line is due, and until when its texts are complete. `id` is the line's."""

    __tablename__ = "line_watches"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "id"], ["lines.organization_id", "lines.id"]),
        Index("ix_line_watches_due_at", "due_at"),
    )

    due_at: Mapped[datetime]
    """Moved ahead by the process that takes the line, so that no other process takes it meanwhile."""
    compared_until: Mapped[datetime | None]
    """Every text that the provider received before this is in the journal; null before the first backfill."""
