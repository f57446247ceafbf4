"""Tables of files: those of messages, and those that are uploaded and not sent yet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow


class MessageMedia(OrganizationRow, Base):
    """One file of a message. `messages.media` repeats what a thread shows of it, so that a thread needs no second
    table. A sent file is `kept` from the start and has no `provider_url`."""

    __tablename__ = "message_media"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "message_id"], ["messages.organization_id", "messages.id"]),
        UniqueConstraint("organization_id", "message_id", "position"),
        CheckConstraint("state IN ('waiting', 'kept', 'refused')", name="state"),
        CheckConstraint(
            "(state = 'kept') = (content IS NOT NULL AND content_type IS NOT NULL AND size IS NOT NULL"
            " AND sha256 IS NOT NULL)",
            name="content",
        ),
        CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="reason"),
        CheckConstraint("lease_token IS NULL OR state = 'waiting'", name="lease"),
        Index("ix_message_media_due", "organization_id", "due_at", postgresql_where=text("state = 'waiting'")),
    )

    message_id: Mapped[UUID]
    position: Mapped[int]
    """Its index in the message's list."""
    provider_url: Mapped[str]
    declared_type: Mapped[str]
    """The type that the provider gives. It is shown while the file is waiting, and if it is refused."""
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    reason: Mapped[str | None]
    content_type: Mapped[str | None]
    """The type by its bytes."""
    size: Mapped[int | None]
    """Bytes."""
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When it may be fetched; during a fetch, when the lease ends."""
    lease_token: Mapped[UUID | None]
    fetched_at: Mapped[datetime | None]
    """When the service fetched a received file, or the provider first fetched a sent one."""


class BroadcastFile(OrganizationRow, Base):
    """A file of a mass text: stored once, and shown by each of its messages."""

    __tablename__ = "broadcast_files"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "broadcast_id"], ["broadcasts.organization_id", "broadcasts.id"]),
        Index("ix_broadcast_files_broadcast", "organization_id", "broadcast_id", "position"),
    )

    broadcast_id: Mapped[UUID]
    position: Mapped[int]
    name: Mapped[str]
    """The file name that the uploader gave."""
    content_type: Mapped[str]
    """The type by its bytes."""
    size: Mapped[int]
    """Bytes."""
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)


class Upload(OrganizationRow, Base):
    """A file that is uploaded and not sent yet. Sending moves it to `message_media`, under the same id.

    A scheduled text holds its files: until it is gone they do not expire, and nothing else takes or deletes them.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "scheduled_text_id"], ["scheduled_texts.organization_id", "scheduled_texts.id"]
        ),
        Index(
            "ix_uploads_scheduled_text",
            "organization_id",
            "scheduled_text_id",
            postgresql_where=text("scheduled_text_id IS NOT NULL"),
        ),
        Index("ix_uploads_owner_id", "organization_id", "owner_id"),
        Index("ix_uploads_expires_at", "expires_at"),
    )

    owner_id: Mapped[UUID]
    """The principal that uploaded it: a staff member or an API key."""
    name: Mapped[str]
    """The file name that the uploader gave, for the uploader alone."""
    content_type: Mapped[str]
    """The type by its bytes."""
    size: Mapped[int]
    """Bytes."""
    width: Mapped[int | None]
    height: Mapped[int | None]
    """Pixels, of a picture."""
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    """It is deleted then, unless it was sent. Far away while a scheduled text holds it."""
    scheduled_text_id: Mapped[UUID | None]
    """The scheduled text that holds it."""
    scheduled_position: Mapped[int | None]
    """Its place among the files of that text."""
