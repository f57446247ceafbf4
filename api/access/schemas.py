"""What crosses the wire in the access room."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from api.access.models import ApiKey, Organization, StaffMember
from api.access.rules import Permission
from api.kit.text import SingleLine
from api.kit.times import Moment


class SignInIn(BaseModel):
    organization: Annotated[SingleLine, StringConstraints(max_length=63)]
    email: Annotated[SingleLine, StringConstraints(max_length=254)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class OrganizationOut(BaseModel):
    model_config = {"title": "Organization"}

    id: UUID
    slug: str
    name: str
    country: str
    timezone: str

    @classmethod
    def of(cls, organization: Organization) -> "OrganizationOut":
        return cls(
            id=organization.id,
            slug=organization.slug,
            name=organization.name,
            country=organization.country,
            timezone=organization.timezone,
        )


class MeStaffMember(BaseModel):
    id: UUID
    name: str
    email: str | None

    @classmethod
    def of(cls, staff_member: StaffMember) -> "MeStaffMember":
        return cls(id=staff_member.id, name=staff_member.name, email=staff_member.email)


class Me(BaseModel):
    """Who is asking. `staff_member` is null for an API key."""

    staff_member: MeStaffMember | None
    organization: OrganizationOut
    permissions: list[Permission]
    is_admin: bool


class ApiKeyIn(BaseModel):
    name: Annotated[SingleLine, StringConstraints(min_length=1, max_length=100)]
    permissions: Annotated[list[Permission], Field(max_length=len(Permission))]
    expires_at: Moment | None = None


class ApiKeyOut(BaseModel):
    model_config = {"title": "ApiKey"}

    id: UUID
    name: str
    prefix: str
    permissions: list[Permission]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "ApiKeyOut":
        return cls(**_fields(key))


class ApiKeyCreated(ApiKeyOut):
    model_config = {"title": "ApiKeyCreated"}

    key: str | None
    """The key itself, shown this once. Null in an answer that is repeated later than ten minutes after the first."""

    @classmethod
    def created(cls, key: ApiKey, secret: str) -> "ApiKeyCreated":
        return cls(**_fields(key), key=secret)


def _fields(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "permissions": [Permission(each) for each in key.permissions],
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
