"""What crosses the wire of a thread."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.audit_log.types import AuditEntryOut
from api.conversations.scheduled_types import ScheduledTextOut
from api.conversations.types import MessageOut
from api.notes.types import NoteOut


class MessageItem(BaseModel):
    kind: Literal["message"] = Field(...)
    position: str
    message: MessageOut


class NoteItem(BaseModel):
    kind: Literal["note"] = Field(...)
    position: str
    note: NoteOut


class AuditEntryItem(BaseModel):
    kind: Literal["audit_entry"] = Field(...)
    position: str
    audit_entry: AuditEntryOut


class ScheduledTextItem(BaseModel):
    kind: Literal["scheduled_text"] = Field(...)
    position: str
    scheduled_text: ScheduledTextOut


ThreadItem = Annotated[MessageItem | NoteItem | AuditEntryItem | ScheduledTextItem, Field(discriminator="kind")]


class ThreadPageOut(BaseModel):
    """A page of a thread, in order of `position`: opaque text that sorts as the items do.

    `next_cursor` leads to the page before it.
    """

    model_config = ConfigDict(title="ThreadPage")

    items: list[ThreadItem]
    next_cursor: str | None
    has_before: bool
    has_after: bool
