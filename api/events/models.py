"""Tables of the event log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base

OF_NUMBERS = text("phone_number IS NOT NULL")


class EventCounter(Base):
    """The last position of an organization's log. It is the last row that a transaction locks (decision 0051)."""

    __tablename__ = "event_counters"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    last_position: Mapped[int] = mapped_column(BigInteger)


class Event(Base):
    """One event. Its organization's counter implies that the organization exists, so there is no foreign key to check
    with each insert."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("id"),
        Index("ix_events_organization_id_type", "organization_id", "type", "position"),
        Index("ix_events_phone_number", "organization_id", "phone_number", postgresql_where=OF_NUMBERS),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """1, 2, 3 … in the order of the commits, without a gap."""
    id: Mapped[UUID]
    """What programs know it by."""
    type: Mapped[str]
    conversation_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    phone_number: Mapped[str | None]
    """Of `opt_in.changed`: the number, until it is erased."""
    data: Mapped[dict[str, Any]]
    """Ids and facts; nothing personal."""
    created_at: Mapped[datetime]
