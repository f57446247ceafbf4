"""What crosses the wire of scheduled texts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.conversations.message_rules import MAX_BODY_CHARACTERS, MAX_MEDIA
from api.conversations.scheduled import Later, ScheduledChange, ScheduledRow
from api.conversations.schemas import MediaUrl, MessageIn, Seq
from api.conversations.types import SentBy
from api.kit.text import Body


class SendIn(MessageIn):
    """With `send_at` the text is scheduled: it leaves then. Unless `only_if_nothing_new` is false, a text that comes in
    before holds it back."""

    model_config = ConfigDict(extra="forbid")

    send_at: AwareDatetime | None = None
    only_if_nothing_new: bool = True

    def later(self) -> Later | None:
        return Later(self.send_at, self.only_if_nothing_new) if self.send_at is not None else None


class ScheduledTextPatch(BaseModel):
    """An omitted field stays. `seen_seq`: the last message that the person has seen; texts up to it hold nothing
    back. Who changes a text becomes the one who sends it."""

    model_config = ConfigDict(extra="forbid")

    send_at: AwareDatetime | None = None
    only_if_nothing_new: bool | None = None
    body: Annotated[Body, StringConstraints(max_length=MAX_BODY_CHARACTERS)] | None = None
    media_urls: Annotated[list[MediaUrl], Field(max_length=MAX_MEDIA)] | None = None
    close: bool | None = None
    seen_seq: Seq | None = None

    def change(self) -> ScheduledChange:
        return ScheduledChange(**self.model_dump())


class SendNowIn(BaseModel):
    """`seen_seq`: the last message that the person saw. With it, a stale text is refused (STATUS-REPLY-RACE)."""

    seen_seq: Seq | None = None


class HeldOut(BaseModel):
    model_config = ConfigDict(title="Held")

    type: str
    """The type of the problem, as errors name it, such as `/problems/not-allowed-to-text`."""
    reason: str
    """In words for the front desk."""
    at: datetime


class ScheduledTextOut(BaseModel):
    """A text that leaves later. Then the message with the same id takes its place in the thread."""

    model_config = ConfigDict(title="ScheduledText")

    id: UUID
    conversation_id: UUID
    status: Literal["scheduled", "held"]
    body: str
    media_urls: list[str]
    send_at: datetime
    only_if_nothing_new: bool
    close: bool
    seen_seq: int
    has_new: bool
    """A text was received that its author has not seen."""
    will_be_held_back: bool
    """It is scheduled, and will not leave if nothing changes: because of `has_new`."""
    held: HeldOut | None
    scheduled_by: SentBy
    """Who sends it: who scheduled it, or changed it last."""
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ScheduledRow) -> "ScheduledTextOut":
        text = row.text
        held = None
        if text.held_at is not None:
            held = HeldOut(type=text.held_type or "", reason=text.held_reason or "", at=text.held_at)
        kind: Literal["staff_member", "api_key"] = "api_key" if text.scheduled_by_api_key_id else "staff_member"
        return cls(
            id=text.id,
            conversation_id=text.conversation_id,
            status="held" if held else "scheduled",
            body=text.body,
            media_urls=text.media_urls,
            send_at=text.send_at,
            only_if_nothing_new=text.only_if_nothing_new,
            close=text.close,
            seen_seq=text.seen_seq,
            has_new=row.has_new,
            will_be_held_back=held is None and row.has_new and text.only_if_nothing_new,
            held=held,
            scheduled_by=SentBy(kind=kind, id=row.author_id, name=row.author_name),
            created_at=text.created_at,
            updated_at=text.updated_at,
        )


class ScheduledTexts(BaseModel):
    """The earliest first. A conversation has at most 20."""

    items: list[ScheduledTextOut]
