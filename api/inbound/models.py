"""The journal: what a webhook carried, durable before it is answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow


class InboundEvent(OrganizationRow, Base):
    """One authentic provider event, as it came, and what became of it."""

    __tablename__ = "inbound_events"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        UniqueConstraint("organization_id", "provider", "event_id"),
        CheckConstraint("kind IN ('message', 'status', 'unreadable')", name="kind"),
        CheckConstraint("state IN ('pending', 'applied', 'quarantined')", name="state"),
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
    )

    line_id: Mapped[UUID]
    provider: Mapped[str]
    event_id: Mapped[str]
    """The provider's id of the event, or one derived from its content: what makes it one event (RECV-ONCE)."""
    kind: Mapped[str]
    phone_number: Mapped[str | None]
    """The other party's number, where it could be read."""
    content_type: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The event as received, byte for byte."""
    message_ref: Mapped[UUID | None]
    """Our message's id, from the callback's own address, where it carries one."""
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    error: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    applied_at: Mapped[datetime | None]
