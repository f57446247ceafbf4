"""The table of texts that leave later."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow
from api.kit.metadata_filter import metadata_column


class ScheduledText(OrganizationRow, Base):
    """A reply that leaves later (LATER). It becomes the message with its `id` in the transaction that deletes it.

    It changes only under the lock of its conversation.
    """

    __tablename__ = "scheduled_texts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "conversation_id"], ["conversations.organization_id", "conversations.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "scheduled_by_staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "scheduled_by_api_key_id"], ["api_keys.organization_id", "api_keys.id"]
        ),
        CheckConstraint("state IN ('scheduled', 'held')", name="state"),
        CheckConstraint(
            "(state = 'held') = (held_at IS NOT NULL) AND num_nonnulls(held_type, held_reason, held_at) IN (0, 3)",
            name="held",
        ),
        CheckConstraint("num_nonnulls(scheduled_by_staff_member_id, scheduled_by_api_key_id) = 1", name="one_author"),
        Index("ix_scheduled_texts_conversation", "organization_id", "conversation_id", "send_at", "id"),
        Index("ix_scheduled_texts_due", "due_at", "organization_id", postgresql_where=text("state = 'scheduled'")),
        Index("ix_scheduled_texts_held", "organization_id", "held_at", postgresql_where=text("state = 'held'")),
    )

    conversation_id: Mapped[UUID]
    body: Mapped[str]
    media_urls: Mapped[list[str]]
    send_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """When a worker tries next: `send_at`, or later after a failed try."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """Tries that failed by an error of ours."""
    only_if_nothing_new: Mapped[bool]
    close: Mapped[bool]
    seen_seq: Mapped[int]
    """The last message that its author had seen. One that was received after it is new."""
    scheduled_by_staff_member_id: Mapped[UUID | None]
    """The author: who scheduled it, or changed it last."""
    scheduled_by_api_key_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default=text("'scheduled'"))
    """`held`: it was due and did not leave. A person sends it, reschedules it, or withdraws it."""
    held_type: Mapped[str | None]
    """The type of the problem, as the API's errors name it."""
    held_reason: Mapped[str | None]
    """The problem in words for the front desk."""
    held_at: Mapped[datetime | None]
    restored: Mapped[bool] = mapped_column(server_default=false())
    """It comes from a backup. It may have left since then, so it is held back."""
    metadata_: Mapped[dict[str, str]] = metadata_column()
    """Of the message that it becomes."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
