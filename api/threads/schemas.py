"""What crosses the wire of a thread."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.audit_log.types import AuditEntryOut
from api.conversations.scheduled_types import ScheduledTextOut
from api.conversations.types import MessageOut
from api.notes.types import NoteOut


class MessageItem(BaseModel):
    kind: Literal["message"] = Field(...)
    """What the item is."""
    position: str
    """Where it stands in the thread: opaque text that sorts as the items do."""
    message: MessageOut
    """The message."""


class NoteItem(BaseModel):
    kind: Literal["note"] = Field(...)
    """What the item is."""
    position: str
    """Where it stands in the thread: opaque text that sorts as the items do."""
    note: NoteOut
    """The internal note."""


class AuditEntryItem(BaseModel):
    kind: Literal["audit_entry"] = Field(...)
    """What the item is."""
    position: str
    """Where it stands in the thread: opaque text that sorts as the items do."""
    audit_entry: AuditEntryOut
    """The audit entry."""


class ScheduledTextItem(BaseModel):
    kind: Literal["scheduled_text"] = Field(...)
    """What the item is."""
    position: str
    """Where it stands in the thread: opaque text that sorts as the items do."""
    scheduled_text: ScheduledTextOut
    """The text that waits for its time."""


ThreadItem = Annotated[MessageItem | NoteItem | AuditEntryItem | ScheduledTextItem, Field(discriminator="kind")]


class ThreadPageOut(BaseModel):
    """A page of a thread, in order of `position`: opaque text that sorts as the items do.

    `next_cursor` leads to the page before it.
    """

    model_config = ConfigDict(title="ThreadPage")

    items: list[ThreadItem]
    """In the order of the thread."""
    next_cursor: str | None
    """The `cursor` of the page before; null on the first one of the thread."""
    has_before: bool
    """There are items before these."""
    has_after: bool
    """There are items after these."""
