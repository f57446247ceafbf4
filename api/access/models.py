"""Tables of organizations, staff members, sessions, API keys and sign-in attempts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    any_,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.access.rules import PERMISSIONS_OF_PEOPLE, Permission
from api.kit.database import Base, OrganizationRow
from api.kit.ids import new_id
from api.kit.metadata_filter import metadata_column, metadata_index
from api.kit.searchable import Searchable, location_index, search_indexes


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
    replying_assigns: Mapped[bool] = mapped_column(server_default=false())
    """Whoever answers a conversation that nobody has gets it (ASSIGN)."""
    mass_text_confirm_above: Mapped[int] = mapped_column(server_default=text("500"))
    """Whoever sends a mass text to more numbers names how many."""
    mass_text_needs_approval: Mapped[bool] = mapped_column(server_default=false())
    """A mass text above that needs the consent of two administrators."""
    mass_text_header: Mapped[str] = mapped_column(server_default=text("''"))
    """Of mass texts whose writer gives no other (MASS-OPTIN)."""
    mass_text_footer: Mapped[str] = mapped_column(server_default=text("'Reply STOP to opt out.'"))
    mass_text_hours: Mapped[dict[str, Any] | None]
    """Available hours (MASS-HOURS): `away.rules.OpeningHours.stored`. Null: none are set."""
    mass_text_signup: Mapped[str] = mapped_column(server_default=text("''"))
    """Sent once to a number when it becomes opted in (MASS-SIGNUP). Empty: nothing is sent."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DeletedOrganization(Base):
    """An organization that is being deleted or was: all that remains of it. Only the database's owner writes it."""

    __tablename__ = "deleted_organizations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str]
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    rows: Mapped[dict[str, Any]]
    """How many rows of each table were deleted."""
    audit_head: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The hash of the last entry of its audit log, to compare with an export."""


def stored_permissions(in_array: Iterable[str], *, has_directory: bool) -> list[str]:
    """The permissions of a row, from its two columns."""
    return sorted({*in_array, *([Permission.DIRECTORY.value] if has_directory else ())})


def stored_columns(permissions: Iterable[str]) -> dict[str, object]:
    """The columns of `HoldsPermissions`, for a statement over many rows."""
    given = set(permissions)
    return {
        "first_permissions": sorted(given - {Permission.DIRECTORY.value}),
        "has_directory": Permission.DIRECTORY.value in given,
    }


class HoldsPermissions:
    """Permissions as stored: an array, and a boolean column for `directory`.

    `directory` has its own column because the first version refuses an array with a value that it does not know.
    Later versions ignore unknown values, so every newer permission goes into the array.
    """

    first_permissions: Mapped[list[str]] = mapped_column("permissions", server_default=text("'{}'::text[]"))
    has_directory: Mapped[bool] = mapped_column("directory", server_default=false())

    @property
    def permissions(self) -> list[str]:
        return stored_permissions(self.first_permissions or (), has_directory=self.has_directory)

    @permissions.setter
    def permissions(self, permissions: Iterable[str]) -> None:
        for name, value in stored_columns(permissions).items():
            setattr(self, name, value)

    @classmethod
    def holds(cls, permission: Permission) -> ColumnElement[bool]:
        """SQL condition: the row has the permission. It does not look at `is_admin`."""
        if permission is Permission.DIRECTORY:
            return cls.has_directory.is_(True)
        return any_(cls.first_permissions) == permission.value


def permissions_check(*, of: Iterable[Permission]) -> CheckConstraint:
    """The CHECK of `HoldsPermissions.first_permissions`; each table needs one of its own."""
    values = ", ".join(f"'{each.value}'" for each in of if each is not Permission.DIRECTORY)
    return CheckConstraint(f"permissions <@ ARRAY[{values}]::text[]", name="permissions")


class StaffMember(HoldsPermissions, Searchable, OrganizationRow, Base):
    """A person who works for the business: signs in, and holds phone numbers like a family does."""

    __tablename__ = "staff_members"
    __table_args__ = (
        UniqueConstraint("organization_id", "external_id"),
        permissions_check(of=PERMISSIONS_OF_PEOPLE),
        Index(
            "uq_staff_members_organization_id_email",
            "organization_id",
            text("lower(email)"),
            unique=True,
            postgresql_where=text("email IS NOT NULL"),
        ),
        Index("ix_staff_members_organization_id_name", "organization_id", "name", "id"),
        Index("ix_staff_members_updated", "organization_id", "updated_at", "id"),
        location_index("staff_members"),
        metadata_index("staff_members"),
        *search_indexes("staff_members"),
    )

    external_id: Mapped[str | None]
    name: Mapped[str]
    email: Mapped[str | None]
    password_hash: Mapped[str | None]
    location: Mapped[str | None]
    notes: Mapped[str | None] = mapped_column(deferred=True, deferred_raiseload=True)
    metadata_: Mapped[dict[str, str]] = metadata_column(is_deferred=True)
    is_admin: Mapped[bool] = mapped_column(server_default=false())
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StaffSession(OrganizationRow, Base):
    """A signed-in browser. The token itself is only in its cookie.

    `device` and `address` are null in sessions that processes of an earlier version started.
    """

    __tablename__ = "staff_sessions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        UniqueConstraint("organization_id", "token_hash"),
        Index("ix_staff_sessions_organization_id_staff_member_id", "organization_id", "staff_member_id"),
        Index("ix_staff_sessions_expires_at", "expires_at"),
    )

    staff_member_id: Mapped[UUID]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """To the minute (`service.TOUCH_EVERY`)."""
    expires_at: Mapped[datetime]
    device: Mapped[str | None]
    """In words: `user_agents.device_name`."""
    address: Mapped[str | None]
    """The client's address at the last use, to the minute."""


class ApiKey(HoldsPermissions, OrganizationRow, Base):
    """An integration's key, with permissions of its own. Shown once; only its hash is stored."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("organization_id", "key_hash"),
        permissions_check(of=Permission),
    )

    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_by: Mapped[UUID | None]
    """The staff member who made it. Null: another key did."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """Use does not move it."""
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    ends_with_creator: Mapped[bool] = mapped_column(server_default=false())
    """It is not valid while the staff member who made it is archived."""
    replaces_id: Mapped[UUID | None]
    """The key that was rotated into it. No foreign key: an organization is deleted in batches."""


class SignInTry(Base):
    """A sign-in attempt, counted before its password is checked. A success deletes the attempts of its account.

    It belongs to no organization: attempts at businesses that do not exist count too.
    """

    __tablename__ = "sign_in_tries"
    __table_args__ = (
        Index("ix_sign_in_tries_account", "account", "at"),
        Index("ix_sign_in_tries_address", "address", "at"),
        Index("ix_sign_in_tries_at", "at"),
        Index("ix_sign_in_tries_organization_id", "organization_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime]
    account: Mapped[bytes] = mapped_column(LargeBinary)
    """A hash of the business and the email address as they were given (`rules.account_key`)."""
    address: Mapped[str]
    """As counted: an IPv4 address, or an IPv6 network of 64 bits."""
    device: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The id of a device on which this person has signed in before. Attempts on it are counted apart."""
    organization_id: Mapped[UUID | None]
    staff_member_id: Mapped[UUID | None]
    is_audited: Mapped[bool] = mapped_column(server_default=false())
    """Whether an audit entry of its refusal was written, or a summary that includes it."""


class SignInFailure(OrganizationRow, Base):
    """Refused sign-ins as processes of the previous version count them. A later version drops the table."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (
        Index("ix_sign_in_failures_account", "organization_id", "account", "at"),
        Index("ix_sign_in_failures_address", "organization_id", "address", "at"),
    )

    account: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
