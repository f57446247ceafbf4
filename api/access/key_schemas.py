"""Wire models of API keys."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.access.api_keys import MAX_OVERLAP, NewKey
from api.access.key_queries import ListedKey
from api.access.rules import Permission
from api.kit.added_fields import added
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import Length, SingleLine
from api.kit.times import Moment

Name = Annotated[SingleLine, Length(1, 100)]
Permissions = Annotated[
    list[Permission],
    Field(
        max_length=len(Permission),
        description="None allows nothing. `administration` gives all of them and what an administrator may; only a "
        "person gives it.",
    ),
]
ExpiresAt = Annotated[Moment | None, Field(description="A time to come. Null: until it is revoked.")]
EndsWithCreator = Annotated[
    bool, Field(description="Whether it is not valid while the person who made it is archived.")
]


class ApiKeyIn(RequestModel):
    name: Name
    permissions: Permissions
    expires_at: ExpiresAt = None
    ends_with_creator: bool = added(False)
    """Whether it is not valid while the person who made it is archived. Not for a key that a key makes."""

    def new_key(self) -> NewKey:
        return NewKey(self.name, frozenset(self.permissions), self.expires_at, self.ends_with_creator)


class ApiKeyPatch(PatchModel):
    """What is left out stays. Null in `expires_at`: it is valid until it is revoked."""

    clearable = frozenset({"expires_at"})

    name: Name | None = None
    permissions: Permissions | None = None
    expires_at: ExpiresAt = None
    ends_with_creator: EndsWithCreator | None = None

    def changes(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.model_fields_set}


class ApiKeyRotation(RequestModel):
    old_key_valid_until: Annotated[
        Moment | None,
        Field(
            description=f"Until when the old key is valid too: at most {MAX_OVERLAP.days} days from now. Left out or "
            "null, it ends at once."
        ),
    ] = None


class ApiKeyCreator(BaseModel):
    """The staff member who made a key, or rotated it last."""

    id: UUID
    name: str
    """Their name."""
    archived: bool
    """Whether they are archived: then they cannot sign in."""


class ApiKeyOut(BaseModel):
    model_config = ConfigDict(title="ApiKey")

    id: UUID
    name: str
    """What the key is for."""
    prefix: str
    """The key begins with it."""
    permissions: list[Permission]
    """What it allows."""
    created_at: datetime
    updated_at: datetime
    """When it was last changed. Use does not count."""
    created_by: ApiKeyCreator | None
    """Null: another key made it."""
    ends_with_creator: bool
    """It is not valid while the person who made it is archived."""
    replaces_id: UUID | None
    """The key that was rotated into it."""
    last_used_at: datetime | None
    """To the minute."""
    expires_at: datetime | None
    """When it ends by itself. Null: it is valid until it is revoked."""
    revoked_at: datetime | None
    """When it was revoked. Null if it was not."""
    is_valid: bool
    """Whether requests with it are accepted now."""

    @classmethod
    def of(cls, listed: ListedKey) -> "ApiKeyOut":
        return cls(**_fields(listed))


class ApiKeyCreated(ApiKeyOut):
    model_config = ConfigDict(title="ApiKeyCreated")

    key: str | None
    """The key itself, shown this once. Null in an answer that is repeated later than ten minutes after the first."""

    @classmethod
    def created(cls, listed: ListedKey, secret: str) -> "ApiKeyCreated":
        return cls(**_fields(listed), key=secret)


def _fields(listed: ListedKey) -> dict[str, object]:
    key, creator = listed.key, listed.creator
    same = ("id", "name", "prefix", "permissions", "created_at", "updated_at", "ends_with_creator", "replaces_id")
    return {
        **{name: getattr(key, name) for name in (*same, "last_used_at", "expires_at", "revoked_at")},
        "created_by": creator
        and ApiKeyCreator(id=creator.id, name=creator.name, archived=creator.archived_at is not None),
        "is_valid": listed.is_valid,
    }
