"""Tables of erasures and retention runs."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Index, LargeBinary, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow


class Erasure(OrganizationRow, Base):
    """The erasure of one number: a job in stages, of bounded transactions (`retention.stages`)."""

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("(finished_at IS NULL) = (stage <> 'done')", name="finished"),
        Index("ix_erasures_number_hash", "organization_id", "number_hash"),
        Index("ix_erasures_unfinished", "created_at", postgresql_where=text("finished_at IS NULL")),
    )

    number_hash: Mapped[bytes] = mapped_column(LargeBinary)
    numbers: Mapped[list[str]]
    """The number's spellings; empty once it is done."""
    conversation_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    needles: Mapped[list[str]]
    """Regular expressions that find the number, and the names that went with it; empty once it is done."""
    stage: Mapped[str]
    cursor: Mapped[str | None]
    """Where the stage continues."""
    counts: Mapped[dict[str, Any]]
    requested_by: Mapped[dict[str, Any]]
    """The actor {kind, id, name}."""
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class RetentionRun(OrganizationRow, Base):
    """The retention of one organization. `id` is the organization's."""

    __tablename__ = "retention_runs"

    day: Mapped[date] = mapped_column(Date)
    """The last day on which it was finished (UTC)."""
    counts: Mapped[dict[str, Any]]
    """Of the run that is not finished yet: the audit entry of its day."""
    texts_until: Mapped[datetime | None]
    """No text before it is left to erase."""
    media_until: Mapped[datetime | None]
