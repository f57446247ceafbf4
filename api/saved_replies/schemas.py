"""Bodies and answers of the routes of saved replies."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.conversations.message_rules import MAX_BODY_CHARACTERS
from api.kit.phone import NumberOrSender
from api.kit.published import NULL, Published, exactly_one
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import NOT_BLANK, Body, Length, SingleLine
from api.saved_replies.models import SavedReply
from api.saved_replies.rules import Filled, ReplyField, ReplyScope, unknown_fields


def _known(body: str) -> str:
    if not body.strip():
        raise ValueError("write the reply")
    unknown = unknown_fields(body)
    if unknown:
        fields = ", ".join(f"{{{each}}}" for each in ReplyField)
        raise ValueError(f"there is no field {{{unknown[0]}}}: use {fields}")
    return body


Title = Annotated[SingleLine, Length(1, 60)]
ReplyBody = Annotated[
    Body,
    StringConstraints(max_length=MAX_BODY_CHARACTERS),
    AfterValidator(_known),
    Published(NOT_BLANK),
    Field(description="Fields: {first_name}, {family}, {business}, {my_name}, {student_first_names}, {class}."),
]


class SavedReplyIn(RequestModel):
    title: Title
    """The name by which it is found."""
    body: ReplyBody
    scope: ReplyScope
    """Of the organization, or of the person who creates it."""


class SavedReplyPatch(PatchModel):
    """What is left out stays."""

    title: Title | None = None
    """The name by which it is found."""
    body: ReplyBody | None = None
    """The text, with fields in braces."""


class SavedReplyOut(BaseModel):
    """`uses`: how often it was filled in."""

    id: UUID
    title: str
    """The name by which it is found."""
    body: str
    """The text, with fields in braces."""
    scope: ReplyScope
    """Of the organization, or the caller's own."""
    uses: int
    """How often it was filled in."""
    created_at: datetime
    updated_at: datetime
    """When its title or text was last changed. Use does not count."""

    @classmethod
    def of(cls, row: SavedReply) -> Self:
        return cls(
            id=row.id,
            title=row.title,
            body=row.body,
            scope=ReplyScope.ORGANIZATION if row.staff_member_id is None else ReplyScope.OWN,
            uses=row.uses,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class FillIn(RequestModel):
    """For whom it is filled in: the people at a conversation's number, or at a number that has no conversation yet."""

    model_config = ConfigDict(json_schema_extra=exactly_one(conversation_id=NULL, phone_number=NULL))

    conversation_id: UUID | None = None
    """The conversation whose people it is for."""
    phone_number: NumberOrSender | None = None
    """The number whose people it is for, in E.164 or as dialled in the organization's country."""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.conversation_id is None) == (self.phone_number is None):
            raise ValueError("give one of conversation_id and phone_number")
        return self


class FilledReply(BaseModel):
    """Fields of `missing` stand in the body as they are, in braces: somebody has to fill them in before it is sent."""

    body: str
    """The text with its fields filled in."""
    missing: list[ReplyField]
    """Fields without a value."""

    @classmethod
    def of(cls, filled: Filled) -> Self:
        return cls(body=filled.body, missing=list(filled.missing))
