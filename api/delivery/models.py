"""Tables of sending: the workers' heartbeats, holds of the outbox, the identity of the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow


class WorkerHeartbeat(Base):
    """When a worker's outbox loop last turned. `id` is its `PROCESS_ID`. A worker serves every organization."""

    __tablename__ = "worker_heartbeats"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    beat_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DatabaseIdentity(Base):
    """The database that this data was written in. In another database it is a copy of earlier data."""

    __tablename__ = "database_identity"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    value: Mapped[str]
    """`<system identifier>/<oid of the database>`."""
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OutboxHold(OrganizationRow, Base):
    """While a hold of an organization is open, nothing of its outbox is posted (`api/delivery/holds.py`)."""

    __tablename__ = "outbox_holds"
    __table_args__ = (
        CheckConstraint("reason IN ('restored', 'operator')", name="reason"),
        Index("ix_outbox_holds_open", "organization_id", unique=True, postgresql_where=text("released_at IS NULL")),
    )

    reason: Mapped[str]
    held_at: Mapped[datetime] = mapped_column(server_default=func.now())
    backfilled_at: Mapped[datetime | None]
    """When every text that came before `held_at` had been fetched and applied. Reconciliation begins then."""
    released_at: Mapped[datetime | None]
