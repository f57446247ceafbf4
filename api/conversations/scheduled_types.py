"""Wire model of a scheduled text, embedded by other slices too."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.conversations.message_rules import MediaState
from api.conversations.scheduled import ScheduledRow
from api.conversations.types import Media, SentBy
from api.kit.metadata import Metadata


class HeldOut(BaseModel):
    model_config = ConfigDict(title="Held")

    type: str
    """The type of the problem, as errors name it, such as `/problems/not-allowed-to-text`."""
    reason: str
    """In words for the front desk."""
    at: datetime
    """When it was held back."""


class ScheduledTextOut(BaseModel):
    """A text that leaves later. Then the message with the same id takes its place in the thread."""

    model_config = ConfigDict(title="ScheduledText")

    id: UUID
    conversation_id: UUID
    status: Literal["scheduled", "held"]
    """`scheduled`: it leaves at `send_at`. `held`: it was held back, and a person decides."""
    body: str
    """The text."""
    media_urls: list[str]
    """Addresses of pictures that go with it."""
    files: list[Media]
    """Its files that this service serves, in their order. Once it has left, the message has them under the same ids."""
    send_at: datetime
    """When it leaves."""
    only_if_nothing_new: bool
    """Whether a text that comes in before `send_at` holds it back."""
    close: bool
    """Whether the conversation is closed when it leaves."""
    seen_seq: int
    """The `seq` of the last message that its author has seen."""
    has_new: bool
    """A text was received that its author has not seen."""
    will_be_held_back: bool
    """It is scheduled, and will not leave if nothing changes: because of `has_new`."""
    held: HeldOut | None
    """Why it was held back. Null unless it was."""
    scheduled_by: SentBy
    """Who sends it: who scheduled it, or changed it last."""
    metadata: Metadata
    """A map of strings that integrations keep on the message."""
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
            files=[
                Media(
                    id=file.id,
                    url=f"/api/v1/messages/{text.id}/media/{file.id}",
                    content_type=file.content_type,
                    state=MediaState.KEPT,
                    size=file.size,
                    reason=None,
                )
                for file in row.files
            ],
            send_at=text.send_at,
            only_if_nothing_new=text.only_if_nothing_new,
            close=text.close,
            seen_seq=text.seen_seq,
            has_new=row.has_new,
            will_be_held_back=held is None and row.has_new and text.only_if_nothing_new,
            held=held,
            scheduled_by=SentBy(kind=kind, id=row.author_id, name=row.author_name),
            metadata=text.metadata_,
            created_at=text.created_at,
            updated_at=text.updated_at,
        )
