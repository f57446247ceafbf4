"""Tables of the access room: businesses, their staff, and what proves who is asking."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow
from api.kit.ids import new_id
from api.kit.searchable import Searchable, search_indexes


class Organization(Base):
    """One business. Every other row belongs to exactly one."""

    __tablename__ = "organizations"
    __table_args__ = (CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="slug"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    country: Mapped[str]
    """ISO 3166 alpha-2: how numbers in national form are read."""
    timezone: Mapped[str]
    """IANA name: the zone that times are shown in."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StaffMember(Searchable, OrganizationRow, Base):
    """A person who works for the business: signs in, and holds phone numbers like a family does."""

    __tablename__ = "staff_members"
    __table_args__ = (
        UniqueConstraint("organization_id", "external_id"),
        CheckConstraint("permissions <@ ARRAY['sms_logs', 'mass_text']::text[]", name="permissions"),
        Index(
            "uq_staff_members_organization_id_email",
            "organization_id",
            text("lower(email)"),
            unique=True,
            postgresql_where=text("email IS NOT NULL"),
        ),
        Index("ix_staff_members_organization_id_name", "organization_id", "name", "id"),
        *search_indexes("staff_members"),
    )

    external_id: Mapped[str | None]
    name: Mapped[str]
    email: Mapped[str | None]
    password_hash: Mapped[str | None]
    permissions: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    is_admin: Mapped[bool] = mapped_column(server_default=false())
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StaffSession(OrganizationRow, Base):
    """A signed-in browser. The token itself is only in its cookie."""

    __tablename__ = "staff_sessions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        UniqueConstraint("organization_id", "token_hash"),
        Index("ix_staff_sessions_organization_id_staff_member_id", "organization_id", "staff_member_id"),
    )

    staff_member_id: Mapped[UUID]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


class ApiKey(OrganizationRow, Base):
    """An integration's key, with permissions of its own. Shown once; only its hash is stored."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("organization_id", "key_hash"),
        CheckConstraint("permissions <@ ARRAY['sms_logs', 'mass_text']::text[]", name="permissions"),
    )

    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary)
    permissions: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SignInFailure(OrganizationRow, Base):
    """A refused sign-in, kept to slow the next ones down, per account and per address."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (
        Index("ix_sign_in_failures_account", "organization_id", "account", "at"),
        Index("ix_sign_in_failures_address", "organization_id", "address", "at"),
    )

    account: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
