"""What crosses the wire of a thread."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.audit_log.types import AuditEntryOut
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


ThreadItem = Annotated[MessageItem | NoteItem | AuditEntryItem, Field(discriminator="kind")]


class ThreadPageOut(BaseModel):
    """A page of a thread, in order of `position`: opaque text that sorts as the items do."""

    model_config = ConfigDict(title="ThreadPage")

    items: list[ThreadItem]
    has_before: bool
    has_after: bool
