"""Tables of mass texts, their recipients, and saved audiences."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationChildRow, OrganizationRow


class Audience(OrganizationRow, Base):
    """A saved audience: its description, which is resolved each time it is used (MASS-WHO)."""

    __tablename__ = "audiences"
    __table_args__ = (
        Index("uq_audiences_key", "organization_id", "key", unique=True),
        Index("ix_audiences_organization_id_name", "organization_id", "name", "id"),
    )

    name: Mapped[str]
    key: Mapped[str]
    """The folded name."""
    audience: Mapped[dict[str, Any]]
    """`broadcasts.types.AudienceIn`."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Broadcast(OrganizationRow, Base):
    """A mass text. Its recipients are frozen when it is confirmed (MASS-PREVIEW)."""

    __tablename__ = "broadcasts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        ForeignKeyConstraint(
            ["organization_id", "retry_of_broadcast_id"], ["broadcasts.organization_id", "broadcasts.id"]
        ),
        CheckConstraint(
            "state IN ('draft', 'scheduled', 'sending', 'paused', 'sent', 'cancelled')",
            name="state",
        ),
        CheckConstraint("state IN ('draft', 'cancelled') OR confirmed_at IS NOT NULL", name="confirmed"),
        CheckConstraint("(state = 'paused') = (pause_reason IS NOT NULL)", name="paused"),
        CheckConstraint(
            "pause_reason IN ('person', 'author', 'no_line', 'restored', 'no_credits')", name="pause_reason"
        ),
        CheckConstraint("char_length(header) <= 50 AND char_length(footer) <= 50", name="added"),
        # The failed ones are retried once.
        Index(
            "uq_broadcasts_retry",
            "organization_id",
            "retry_of_broadcast_id",
            unique=True,
            postgresql_where=text("state <> 'cancelled'"),
        ),
        Index("ix_broadcasts_organization_id_created_at", "organization_id", "created_at", "id"),
        Index("ix_broadcasts_active", "organization_id", postgresql_where=text("is_active")),
    )

    name: Mapped[str]
    body: Mapped[str]
    header: Mapped[str] = mapped_column(server_default=text("''"))
    footer: Mapped[str] = mapped_column(server_default=text("''"))
    fallbacks: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    """{field: what stands for it if a recipient has no value}. A field that is missing leaves the recipient out."""
    media_urls: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    files: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """[{id, name, content_type, size}] of its files (`BroadcastFile`), in their order."""
    audience: Mapped[dict[str, Any]]
    line_id: Mapped[UUID | None]
    """Null: each number's own (LINE-CHOICE)."""
    send_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    pause_reason: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=false())
    """A worker has something to do: to start it, to expand it, to settle its recipients, or to finish it."""
    any_hour_reason: Mapped[str | None]
    """Why it goes at any hour (PERM-HOURS). Null: within the hours of MASS-HOURS."""
    author: Mapped[dict[str, Any]]
    """{kind, id, name} of who wrote it."""
    sender: Mapped[dict[str, Any] | None]
    """{kind, id, name} of who confirmed it: the sender of its messages."""
    approvals: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """[{id, name, at}] of administrators who agree to it as it is. A change empties it."""
    recipients: Mapped[int] = mapped_column(server_default=text("0"))
    """Numbers that get the text, as they were confirmed."""
    left_out: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    """{reason: how many} of those left out, as it was confirmed."""
    segments: Mapped[int] = mapped_column(server_default=text("0"))
    estimate: Mapped[dict[str, Any] | None]
    """{costs: {currency: amount}, without_price: how many}, as it was confirmed. Null: by an earlier version."""
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    """{state of recipients: how many}, as a worker announced them last."""
    retry_of_broadcast_id: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class BroadcastRecipient(OrganizationChildRow, Base):
    """A number of a confirmed mass text, or a record without one. `id` is the id of its message, from the first.

    A trigger moves `state` and `reason` with the status of the message (migration 0034).
    """

    __tablename__ = "broadcast_recipients"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "broadcast_id"], ["broadcasts.organization_id", "broadcasts.id"]),
        ForeignKeyConstraint(
            ["organization_id", "phone_number_id"], ["phone_numbers.organization_id", "phone_numbers.id"]
        ),
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        CheckConstraint(
            "state IN ('waiting', 'queued', 'sending', 'unknown', 'sent', 'delivered', 'failed', 'skipped',"
            " 'cancelled')",
            name="state",
        ),
        CheckConstraint("owner_kind IN ('family', 'staff_member')", name="owner_kind"),
        CheckConstraint("(owner_kind IS NULL) = (owner_id IS NULL)", name="owner"),
        CheckConstraint("state = 'skipped' OR num_nulls(phone_number_id, line_id) = 0", name="textable"),
        CheckConstraint("state <> 'skipped' OR reason IS NOT NULL", name="reason"),
        # Each number once, whoever shares it (MASS-WHO).
        UniqueConstraint("organization_id", "broadcast_id", "phone_number_id"),
        Index("ix_broadcast_recipients_state", "organization_id", "broadcast_id", "state", "reason", "id"),
        Index(
            "ix_broadcast_recipients_due",
            "organization_id",
            "broadcast_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_broadcast_recipients_phone_number", "organization_id", "phone_number_id"),
    )

    broadcast_id: Mapped[UUID]
    phone_number_id: Mapped[UUID | None]
    line_id: Mapped[UUID | None]
    owner_kind: Mapped[str | None]
    """Of the record through which the number is in the audience. Null if it was given by itself."""
    owner_id: Mapped[UUID | None]
    state: Mapped[str]
    reason: Mapped[str | None]
    """Of a skipped or failed one: a reason of the opt-in check, of `LeftOut`, or the error code of its message."""
    fields: Mapped[dict[str, Any] | None]
    """{field: value} as it was confirmed; null once its message holds the text."""
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """Waiting: when it may be queued."""
