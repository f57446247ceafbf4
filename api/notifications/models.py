"""Tables of notifications."""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationChildRow, OrganizationRow

KINDS = "'message', 'mention', 'assigned', 'reminder', 'not_sent'"


class NotificationSettings(OrganizationRow, Base):
    """What a staff member wants to be told of. `id` is the staff member's."""

    __tablename__ = "notification_settings"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "id"], ["staff_members.organization_id", "staff_members.id"]),
        CheckConstraint("scope IN ('all', 'mine', 'mentions', 'none')", name="scope"),
        CheckConstraint("(quiet_since IS NULL) = (quiet_until IS NULL)", name="quiet_hours"),
    )

    scope: Mapped[str] = mapped_column(server_default=text("'all'"))
    sound: Mapped[bool] = mapped_column(server_default=true())
    shows_text: Mapped[bool] = mapped_column(server_default=true())
    quiet_since: Mapped[time | None]
    """In the organization's zone."""
    quiet_until: Mapped[time | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PushSubscription(OrganizationRow, Base):
    """A browser that shows notifications. It ends with the session that it was made in."""

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        UniqueConstraint("organization_id", "endpoint"),
        Index("ix_push_subscriptions_staff_member", "organization_id", "staff_member_id"),
    )

    staff_member_id: Mapped[UUID]
    session_id: Mapped[UUID]
    endpoint: Mapped[str]
    """The address at the browser's push service."""
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    """The browser's P-256 point, 65 bytes (RFC 8291: `p256dh`)."""
    auth_secret: Mapped[bytes] = mapped_column(LargeBinary)
    """16 bytes (RFC 8291: `auth`)."""
    device: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    pushed_at: Mapped[datetime | None]


class Notice(OrganizationChildRow, Base):
    """Something to be told, before it is known to whom. A worker makes pushes of it, one a browser, and deletes it."""

    __tablename__ = "notices"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "conversation_id"], ["conversations.organization_id", "conversations.id"]
        ),
        CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        Index("ix_notices_organization_id_at", "organization_id", "at"),
    )

    kind: Mapped[str]
    conversation_id: Mapped[UUID]
    staff_member_id: Mapped[UUID | None]
    """For whom alone; null: for everyone who wants it."""
    by: Mapped[str | None]
    """The name of the colleague who caused it."""
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Push(OrganizationChildRow, Base):
    """A notification to be posted to one browser, deleted once it is posted or given up."""

    __tablename__ = "pushes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "subscription_id"],
            ["push_subscriptions.organization_id", "push_subscriptions.id"],
        ),
        CheckConstraint(f"kind IN ({KINDS}, 'test')", name="kind"),
        Index("ix_pushes_organization_id_due_at", "organization_id", "due_at"),
        Index("ix_pushes_subscription", "organization_id", "subscription_id"),
    )

    subscription_id: Mapped[UUID]
    kind: Mapped[str]
    conversation_id: Mapped[UUID | None]
    by: Mapped[str | None]
    shows_text: Mapped[bool]
    at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))


class PushKey(Base):
    """One row: the key pair with which the service identifies itself to push services (RFC 8292, VAPID)."""

    __tablename__ = "push_key"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The private key, sealed under the service's secret key."""
