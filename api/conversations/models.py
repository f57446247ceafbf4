"""Tables of the conversations room."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow


class Conversation(OrganizationRow, Base):
    """Everything texted between one line and one phone number. Its columns change only under its row lock."""

    __tablename__ = "conversations"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        ForeignKeyConstraint(
            ["organization_id", "phone_number_id"], ["phone_numbers.organization_id", "phone_numbers.id"]
        ),
        UniqueConstraint("organization_id", "line_id", "phone_number_id"),
        CheckConstraint("status IN ('unread', 'open', 'closed')", name="status"),
        CheckConstraint("0 <= seen_seq AND seen_seq <= last_seq", name="seen_seq"),
        CheckConstraint("unread_messages >= 0", name="unread_messages"),
        CheckConstraint("status <> 'unread' OR unread_messages > 0", name="unread_has_messages"),
        CheckConstraint("(seen_deadline IS NULL) OR (status = 'open')", name="seen_deadline"),
        Index("ix_conversations_list", "organization_id", "last_message_at", "id"),
        Index("ix_conversations_list_by_status", "organization_id", "status", "last_message_at", "id"),
        Index("ix_conversations_phone_number", "organization_id", "phone_number_id"),
        Index(
            "ix_conversations_unread",
            "organization_id",
            postgresql_include=["unread_messages"],
            postgresql_where=text("status = 'unread'"),
        ),
        Index("ix_conversations_open", "organization_id", postgresql_where=text("status = 'open'")),
        Index(
            "ix_conversations_seen_deadline",
            "organization_id",
            "seen_deadline",
            postgresql_where=text("seen_deadline IS NOT NULL"),
        ),
        # Both counters come from partial indexes that churn; dead entries must not pile up.
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0.02", "autovacuum_vacuum_threshold": "200"}},
    )

    line_id: Mapped[UUID]
    phone_number_id: Mapped[UUID]
    status: Mapped[str]
    last_seq: Mapped[int] = mapped_column(server_default=text("0"))
    seen_seq: Mapped[int] = mapped_column(server_default=text("0"))
    """The highest `seq` that any staff member has seen."""
    unread_messages: Mapped[int] = mapped_column(server_default=text("0"))
    """Incoming messages above `seen_seq`."""
    seen_deadline: Mapped[datetime | None]
    """While open with unread messages: when a viewer must have confirmed seeing them (STATUS-SEEN)."""
    last_message_direction: Mapped[str | None]
    last_message_preview: Mapped[str | None]
    last_message_status: Mapped[str | None]
    last_message_created_at: Mapped[datetime | None]
    last_message_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """What the inbox is sorted by: the last message's time, else the conversation's own."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Viewer(OrganizationRow, Base):
    """A staff member's open, visible tab on a conversation, held as an expiring lease (STATUS-VIEWING)."""

    __tablename__ = "viewers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "conversation_id"], ["conversations.organization_id", "conversations.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        UniqueConstraint("organization_id", "conversation_id", "staff_member_id", "viewer_id"),
        Index("ix_viewers_expires_at", "organization_id", "expires_at"),
    )

    conversation_id: Mapped[UUID]
    staff_member_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    """The session that the tab is signed in with; null in leases of a version that did not say."""
    viewer_id: Mapped[UUID]
    """The tab's own UUID."""
    since: Mapped[datetime]
    expires_at: Mapped[datetime]
