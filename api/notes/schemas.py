"""What crosses the wire of notes and mentions."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.kit.published import NO_ITEMS, NULL, Published, exactly_one
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import NOT_BLANK, Body
from api.notes.rules import MAX_CHARACTERS, MAX_MENTIONS
from api.notes.service import MentionView
from api.notes.types import NoteOut


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("write something")
    return value


NoteBody = Annotated[
    Body,
    AfterValidator(_not_blank),
    StringConstraints(min_length=1, max_length=MAX_CHARACTERS),
    Published(NOT_BLANK),
]
Mentions = Annotated[list[UUID], Field(max_length=MAX_MENTIONS)]


class NoteIn(RequestModel):
    """`mentions`: ids of staff members who have SMS Logs."""

    body: NoteBody
    """The wording."""
    mentions: Mentions = []
    """Ids of staff members who are told of it. They need SMS Logs."""


class NotePatch(PatchModel):
    """What is left out stays."""

    body: NoteBody | None = None
    """The new wording. Earlier ones are kept."""
    mentions: Mentions | None = None
    """All who are mentioned. Whoever is new is told of it."""


class NoteVersionOut(BaseModel):
    model_config = ConfigDict(title="NoteVersion", from_attributes=True)

    body: str
    """The earlier wording."""
    written_at: datetime
    """When it was written."""
    replaced_at: datetime
    """When another replaced it."""


class NoteDetail(NoteOut):
    model_config = ConfigDict(title="NoteDetail")

    versions: list[NoteVersionOut]
    """Its earlier wordings, the first one first."""


class MentionState(StrEnum):
    UNREAD = "unread"
    ALL = "all"


class MentionOut(BaseModel):
    model_config = ConfigDict(title="Mention")

    id: UUID
    note: NoteOut
    """The note that mentions the caller."""
    created_at: datetime
    """When the caller was mentioned."""
    read_at: datetime | None
    """When the caller read it; null while it is unread."""

    @classmethod
    def of(cls, view: MentionView) -> "MentionOut":
        mention = view.mention
        return cls(id=mention.id, note=NoteOut.of(view.note), created_at=mention.created_at, read_at=mention.read_at)


class MentionsRead(RequestModel):
    """Either these mentions, or all of a conversation."""

    model_config = ConfigDict(json_schema_extra=exactly_one(mention_ids=NO_ITEMS, conversation_id=NULL))

    mention_ids: Annotated[list[UUID], Field(max_length=200)] = []
    """Mentions of the caller."""
    conversation_id: UUID | None = None
    """The conversation whose mentions of the caller are read."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.mention_ids) == (self.conversation_id is not None):
            raise ValueError("give either mention_ids or conversation_id")
        return self


class MentionCount(BaseModel):
    unread: int
    """Mentions of the caller that are unread."""
