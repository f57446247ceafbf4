"""What crosses the wire in the conversations room."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.consent.schemas import OptInCheckOut, OptInInstance, RefusalOut
from api.conversations.rules import Status
from api.directory.types import HolderOut
from api.kit.phone import NumberOrSender

MAX_SEQ = 2**31 - 1
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ)]


class IndicatorOut(BaseModel):
    model_config = {"title": "Indicator"}

    unread_messages: int
    """IND-RED: unread messages, of unread conversations."""
    open_conversations: int
    """IND-GRAY."""
    unread_conversations: int


class LastMessage(BaseModel):
    seq: int
    direction: str
    preview: str
    created_at: datetime
    status: str


class ViewerOut(BaseModel):
    model_config = {"title": "Viewer"}

    staff_member_id: UUID
    name: str
    since: datetime


class ConversationOut(BaseModel):
    model_config = {"title": "Conversation"}

    id: UUID
    line_id: UUID
    phone_number: str
    display_name: str
    status: Status
    unread_messages: int
    last_seq: int
    seen_seq: int
    last_message: LastMessage | None
    last_message_at: datetime
    holders: list[HolderOut]
    opted_out: bool
    """Stopped, or opted out on a record: the list's mark."""
    viewers: list[ViewerOut]
    created_at: datetime
    updated_at: datetime


class ConversationDetail(ConversationOut):
    model_config = {"title": "ConversationDetail"}

    opt_in_check: OptInCheckOut
    notice: str | None
    """What staff must know before they text this number from this line (NZ-NOTICE)."""
    max_segments: int | None
    """The most parts in which the line's provider takes a text without pictures; null where it counts characters."""


class PhoneNumberOut(BaseModel):
    """Everything known of one number. `consent` is its check for the default line."""

    model_config = {"title": "PhoneNumber"}

    phone_number: str
    stopped_at: datetime | None
    consent: OptInCheckOut
    records: list[OptInInstance]
    refusals: list[RefusalOut]
    """Standing and lifted, the newest first (OPTIN-REMOVED)."""
    conversations: list[ConversationOut]


class ConversationIn(BaseModel):
    """Without `line_id`, the oldest line in service."""

    phone_number: NumberOrSender
    line_id: UUID | None = None


class CloseIn(BaseModel):
    """`seen_seq`: the last message that the person saw (STATUS-CLOSE-RACE)."""

    seen_seq: Seq


class ViewerIn(BaseModel):
    """`seen_seq`: the last message that the tab has shown (STATUS-SEEN)."""

    seen_seq: Seq
