"""What crosses the wire of scheduled texts."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from api.conversations.message_rules import MAX_BODY_CHARACTERS, MAX_MEDIA
from api.conversations.scheduled import Later, ScheduledChange
from api.conversations.scheduled_types import ScheduledTextOut
from api.conversations.schemas import MessageIn, Seq
from api.conversations.types import MediaUrl
from api.kit.added_fields import added
from api.kit.metadata import MetadataIn, change_of
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import Body
from api.kit.times import Moment


class SendIn(MessageIn):
    """With `send_at` the text is scheduled: it leaves then. Unless `only_if_nothing_new` is false, a text that comes in
    before holds it back."""

    send_at: Moment | None = added(None)
    """When it leaves. Null: now."""
    only_if_nothing_new: bool = added(True)
    """Whether a text that comes in before `send_at` holds it back."""

    def later(self) -> Later | None:
        return Later(self.send_at, self.only_if_nothing_new) if self.send_at is not None else None


class MessagePatch(PatchModel):
    """`metadata` is of any message; the other fields are of a text that has not left. An omitted field stays.

    `seen_seq`: the last message that the person has seen; texts up to it hold nothing back. Who changes anything but
    the metadata becomes the one who sends the text."""

    clearable = frozenset({"metadata"})

    send_at: Moment | None = None
    """When it leaves."""
    only_if_nothing_new: bool | None = None
    """Whether a text that comes in before `send_at` holds it back."""
    body: Annotated[Body, StringConstraints(max_length=MAX_BODY_CHARACTERS)] | None = None
    media_urls: Annotated[list[MediaUrl], Field(max_length=MAX_MEDIA)] | None = None
    attachments: Annotated[list[UUID], Field(max_length=MAX_MEDIA)] | None = None
    """Ids of the text's own `files` that stay, and of the person's uploads that are added, in their order."""
    close: bool | None = None
    seen_seq: Seq | None = None
    """The `seq` of the last message that the person has seen. Texts up to it hold nothing back."""

    metadata: MetadataIn | None = None
    """A map of strings for your own use. Keys that are left out stay; one with null or an empty text is removed. Null
    in place of the map removes all."""

    @property
    def has_metadata_alone(self) -> bool:
        return self.model_fields_set == {"metadata"}

    def change(self) -> ScheduledChange:
        return ScheduledChange(**self.model_dump(exclude={"metadata"}), metadata=change_of(self))


class SendNowIn(RequestModel):
    """`seen_seq`: the last message that the person saw. With it, a stale text is refused (STATUS-REPLY-RACE)."""

    seen_seq: Seq | None = None
    """The `seq` of the last message that the person has seen. With it, a stale text is refused (STATUS-REPLY-RACE)."""


class ScheduledTexts(BaseModel):
    """The earliest first. A conversation has at most 20."""

    items: list[ScheduledTextOut]
    """The earliest first, 20 at most."""
