"""Tables of exports and their files."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow

_UNFINISHED = "state IN ('queued', 'running')"
_ENDED = "NOT is_emptied AND state IN ('failed', 'expired')"


class Export(OrganizationRow, Base):
    """A job that writes a file (EXPORT). Each of its steps adds a chunk and moves `place` in one transaction."""

    __tablename__ = "exports"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "conversation_id"], ["conversations.organization_id", "conversations.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "phone_number_id"], ["phone_numbers.organization_id", "phone_numbers.id"]
        ),
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        CheckConstraint("kind IN ('conversation', 'phone_number', 'range')", name="kind"),
        CheckConstraint("format IN ('ndjson', 'csv', 'html')", name="format"),
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'expired')", name="state"),
        CheckConstraint("(kind = 'conversation') = (conversation_id IS NOT NULL)", name="conversation"),
        CheckConstraint("(kind = 'phone_number') = (phone_number_id IS NOT NULL)", name="phone_number"),
        CheckConstraint("(kind = 'range') = (since IS NOT NULL)", name="range"),
        CheckConstraint(f"({_UNFINISHED}) = (finished_at IS NULL)", name="finished"),
        CheckConstraint("state <> 'done' OR (sha256 IS NOT NULL AND expires_at IS NOT NULL)", name="done"),
        Index("ix_exports_created_at", "organization_id", "created_at", "id"),
        Index("ix_exports_created_by", "organization_id", "created_by_id", "created_at", "id"),
        Index("ix_exports_unfinished", "organization_id", "created_at", postgresql_where=text(_UNFINISHED)),
        Index("ix_exports_expires_at", "expires_at", postgresql_where=text("state = 'done'")),
        Index("ix_exports_to_empty", "finished_at", postgresql_where=text(_ENDED)),
        Index("ix_exports_finished_at", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    )

    kind: Mapped[str]
    format: Mapped[str]
    conversation_id: Mapped[UUID | None]
    phone_number_id: Mapped[UUID | None]
    """The number itself is only in `phone_numbers`: an erasure has nothing to erase here."""
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    """Rows of before this moment are exported. Set when the job begins; of a range at most what was asked for."""
    line_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    place: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """How far it is: `exports.rules.Place`. Null before it begins, and once all rows are written."""
    chunks: Mapped[int] = mapped_column(server_default=text("0"))
    done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Rows that are written."""
    total: Mapped[int | None] = mapped_column(BigInteger)
    """Rows in all, counted when it begins."""
    size: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Bytes that are written."""
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """Failures since its last chunk."""
    error: Mapped[str | None]
    """Why it failed, or why its file was deleted, in words for the front desk."""
    is_emptied: Mapped[bool] = mapped_column(server_default=false())
    """The chunks of a failed or expired export are deleted."""
    created_by_id: Mapped[UUID]
    created_by: Mapped[dict[str, Any]]
    """The principal {kind, id, name, credential_id}."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class ExportChunk(Base):
    """A part of an export's file."""

    __tablename__ = "export_chunks"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "export_id"], ["exports.organization_id", "exports.id"]),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    export_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    """From 0."""
    start: Mapped[int] = mapped_column(BigInteger)
    """Bytes of the file before it."""
    size: Mapped[int]
    """Bytes."""
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
