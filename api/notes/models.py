"""Tables of notes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from api.conversations.models import GIN_PENDING_LIST_KB
from api.kit.database import Base, OrganizationRow


class Note(OrganizationRow, Base):
    """A note of the staff in a conversation. It is never sent. Its row changes only under its conversation's lock."""

    __tablename__ = "notes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "conversation_id"], ["conversations.organization_id", "conversations.id"]
        ),
        CheckConstraint("author_kind IN ('staff_member', 'api_key')", name="author_kind"),
        CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed"),
        Index("ix_notes_conversation_id", "organization_id", "conversation_id", "created_at", "id"),
        Index("ix_notes_created_at", "organization_id", "created_at", "id", postgresql_where=text("erased_at IS NULL")),
        Index(
            "ix_notes_search",
            "search",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": GIN_PENDING_LIST_KB},
        ),
    )

    conversation_id: Mapped[UUID]
    entry_id: Mapped[UUID]
    """Its `note.added` audit entry, where it stands in the thread."""
    body: Mapped[str]
    """Empty once it is removed or erased."""
    search: Mapped[str] = mapped_column(TSVECTOR, deferred=True, deferred_raiseload=True)
    """The words of `body`, as `kit.lexemes` splits them. Only statements use it."""
    author_kind: Mapped[str]
    author_id: Mapped[UUID]
    author_name: Mapped[str]
    """The name at that time."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """A trigger moves it with each change."""
    edited_at: Mapped[datetime | None]
    edits: Mapped[int] = mapped_column(server_default=text("0"))
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """The actor {kind, id, name}."""
    erased_at: Mapped[datetime | None]
    """When its text was erased, on request or because of its age."""


class NoteVersion(OrganizationRow, Base):
    """An earlier wording of a note."""

    __tablename__ = "note_versions"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "note_id"], ["notes.organization_id", "notes.id"]),
        UniqueConstraint("organization_id", "note_id", "number"),
    )

    note_id: Mapped[UUID]
    number: Mapped[int]
    body: Mapped[str]
    written_at: Mapped[datetime]
    replaced_at: Mapped[datetime]


class NoteMention(OrganizationRow, Base):
    """A staff member who is mentioned in a note."""

    __tablename__ = "note_mentions"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "note_id"], ["notes.organization_id", "notes.id"]),
        ForeignKeyConstraint(
            ["organization_id", "staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        UniqueConstraint("organization_id", "note_id", "staff_member_id"),
        Index("ix_note_mentions_staff_member_id", "organization_id", "staff_member_id", "created_at", "id"),
        Index(
            "ix_note_mentions_unread",
            "organization_id",
            "staff_member_id",
            "created_at",
            "id",
            postgresql_where=text("read_at IS NULL"),
        ),
    )

    note_id: Mapped[UUID]
    staff_member_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    read_at: Mapped[datetime | None]
