"""Wire models of the access routes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from api.access.models import StaffSession
from api.access.rules import MAX_PASSWORD, Permission
from api.access.types import Password
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import Length, SingleLine


class SignInIn(RequestModel):
    organization: Annotated[SingleLine, Length(0, 63)]
    """The organization's `slug`."""
    email: Annotated[SingleLine, Length(0, 254)]
    """The person's e-mail address. Case does not matter."""
    password: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]
    """The person's password."""


class OrganizationOut(BaseModel):
    model_config = ConfigDict(title="Organization", from_attributes=True)

    id: UUID
    slug: str
    """Its short name, with which people sign in."""
    name: str
    """Its name."""
    country: str
    """Its country, ISO 3166-1 alpha-2. Numbers in national form are read as numbers of it."""
    timezone: str
    """Its time zone, a name of the IANA database such as America/Chicago."""


class OrganizationSettingsOut(BaseModel):
    model_config = ConfigDict(title="OrganizationSettings", from_attributes=True)

    replying_assigns: bool
    """Whoever answers a conversation that nobody has gets it (ASSIGN)."""


class OrganizationSettingsIn(PatchModel):
    """Settings that are left out stay as they are."""

    replying_assigns: bool | None = None


class MeStaffMember(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    """Their name."""
    email: str | None
    """The address with which they sign in."""


class Me(BaseModel):
    """The caller. `staff_member` is null for an API key."""

    staff_member: MeStaffMember | None
    """The signed-in person. Null for an API key."""
    organization: OrganizationOut
    """The caller's organization."""
    permissions: list[Permission]
    """What the caller may do. An administrator may do all."""
    is_admin: bool
    """Whether the caller is an administrator."""


class PasswordChangeIn(RequestModel):
    current_password: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]
    """The password until now."""
    new_password: Password
    """The password from now on."""


class SessionsEnded(BaseModel):
    ended: int
    """How many sessions were ended."""


class SessionOut(BaseModel):
    """A browser in which the person is signed in."""

    model_config = ConfigDict(title="Session")

    id: UUID
    created_at: datetime
    last_used_at: datetime
    """To the minute."""
    device: str | None
    """In words, from the browser's own `User-Agent`: `Chrome on Windows`. Null if it said nothing."""
    address: str | None
    """Where it was last used from. Null for a session that an earlier version started, until its next use."""
    is_current: bool
    """It is the session of this request."""

    @classmethod
    def of(cls, session: StaffSession, *, current: UUID) -> "SessionOut":
        return cls(
            id=session.id,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            device=session.device,
            address=session.address,
            is_current=session.id == current,
        )
