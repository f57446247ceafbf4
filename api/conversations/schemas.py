"""What crosses the wire of conversations and messages."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.consent.types import OptInCheckOut, OptInInstance, RefusalOut
from api.conversations.message_rules import MAX_BODY_CHARACTERS, MAX_MEDIA, Direction, EntrySource
from api.conversations.rules import Status
from api.conversations.types import MediaUrl, MessageOut, SentBy
from api.directory.types import HolderOut
from api.kit.added_fields import added
from api.kit.metadata import Metadata, MetadataIn
from api.kit.money import MoneyOut, shown_amount
from api.kit.phone import NumberOrSender
from api.kit.published import NO_ITEMS, NO_TEXT, not_all_empty
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import Body
from api.prices.rules import Cost, CostSource
from api.providers.port import MessageStatus

MAX_SEQ = 2**31 - 1
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ)]


class Assignee(StrEnum):
    """An assignee to filter by, beside staff members."""

    ME = "me"
    NONE = "none"


class IndicatorOut(BaseModel):
    model_config = ConfigDict(title="Indicator", from_attributes=True)

    unread_messages: int
    """IND-RED: unread messages, of unread conversations."""
    open_conversations: int
    """IND-GRAY: open, and not in "Later"."""
    unread_conversations: int
    """Conversations with the status `unread`."""
    not_sent_conversations: int
    """NOT-SENT: conversations with a text that did not go and that nobody has seen to."""
    mine_conversations: int
    """ASSIGN: not closed, not in "Later", and the caller has them. 0 for an API key."""
    unassigned_conversations: int
    """ASSIGN: not closed, not in "Later", and nobody has them."""
    later_conversations: int
    """REMIND: deferred."""


class LastMessage(BaseModel):
    seq: int
    """Its place in the conversation, from 1."""
    direction: Direction
    """`inbound`: received. `outbound`: sent."""
    preview: str
    """The beginning of its text, in one line."""
    created_at: datetime
    status: MessageStatus
    """Where it stands."""
    erased: bool
    """Whether its text was erased."""
    sent_by: SentBy | None
    """Who of the business sent it; null for an incoming text and for an automatic one."""


class ViewerOut(BaseModel):
    model_config = ConfigDict(title="Viewer", from_attributes=True)

    staff_member_id: UUID
    name: str
    """Their name."""
    since: datetime
    """Since when they have it open."""


class StaffRef(BaseModel):
    id: UUID
    name: str
    """Their name."""


class ReminderOut(BaseModel):
    """The conversation was deferred until `at`. While `due` is false it is in "Later" (REMIND)."""

    model_config = ConfigDict(title="Reminder")

    at: datetime
    """When it comes back."""
    unless_answered: bool
    """A text from the number removes the reminder. Without, such a text makes it due."""
    set_by: StaffRef | None
    """Null for an API key."""
    due: bool
    """It has come back, and nobody has replied, closed it or removed the reminder since."""


class ConversationOut(BaseModel):
    model_config = ConfigDict(title="Conversation")

    id: UUID
    version: int
    """Grows with each change of the conversation, its messages, its viewers, and its number's consent and holders. Of
    two answers with the same version, the later one is newer."""
    line_id: UUID
    line: "LineLabel"
    """The organization's line that it is on."""
    phone_number: str
    """The other side's number, in E.164."""
    display_name: str
    """Who it is with: the names of its holders, or the number."""
    status: Status
    """`unread`, `open` or `closed`."""
    unread_messages: int
    """How many received messages nobody has seen."""
    last_seq: int
    """The `seq` of its last message. 0 without one."""
    seen_seq: int
    """The `seq` up to which somebody has seen it."""
    last_message: LastMessage | None
    """Its last message. Null without one."""
    last_message_at: datetime
    """When its last message was sent or received."""
    scheduled_at: datetime | None
    """When its next scheduled text leaves (LATER)."""
    holders: list[HolderOut]
    """The records that hold the number."""
    opted_out: bool
    """The number is stopped, or a record that holds it is opted out."""
    viewers: list[ViewerOut]
    """The people who have it open now."""
    assignee: StaffRef | None
    """The staff member who has it (ASSIGN)."""
    reminder: ReminderOut | None
    """Until when it was deferred (REMIND). Null if it was not."""
    not_sent: int
    """Texts that did not go, and that nobody has retried, answered or dismissed; and scheduled texts that are held back
    (NOT-SENT)."""
    waiting_since: datetime | None
    """When the first text came that nobody has answered. Null if nobody waits, and while it is closed."""
    metadata: Metadata
    """A map of strings that integrations keep on it."""
    created_at: datetime
    updated_at: datetime


class ConversationDetail(ConversationOut):
    model_config = ConfigDict(title="ConversationDetail")

    opt_in_check: OptInCheckOut
    """Whether the number may be texted from the line now, and why."""
    notice: str | None
    """A warning to staff before they text this number from this line (NZ-NOTICE)."""
    max_segments: int | None
    """The most parts of a text without pictures that the line's provider takes; null if it limits characters only."""
    max_attachments: int
    """Files of a message."""
    max_attachment_bytes: int
    """Of a message's files together: what the carriers of this line deliver."""


class PhoneNumberOut(BaseModel):
    """A number's consent, records, refusals and conversations. `consent` is its check for the default line."""

    model_config = ConfigDict(title="PhoneNumber")

    phone_number: str
    """In E.164."""
    stopped_at: datetime | None
    """When it texted STOP. Null if it may be texted again, or never did."""
    consent: OptInCheckOut
    """Whether it may be texted from the default line, and why."""
    records: list[OptInInstance]
    """The phone records of the number."""
    refusals: list[RefusalOut]
    """Standing and lifted, the newest first (OPTIN-REMOVED)."""
    conversations: list[ConversationOut]
    """The conversations with the number."""


class LineLabel(BaseModel):
    """A line, as people tell it from others."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    id: UUID
    label: str
    """What people call it."""
    sandbox: bool = Field(validation_alias="is_sandbox")
    """The line is for tests: it texts only test numbers."""


class ConversationIn(RequestModel):
    """Without `line_id`, the line is chosen: that of the newest conversation with the number, else the default line of
    its country, else the default line (LINE-CHOICE)."""

    phone_number: NumberOrSender
    line_id: UUID | None = None
    metadata: MetadataIn | None = added(None)
    """A map of strings for your own use. Keys that are given are set too if the conversation exists."""


class ConversationPatch(PatchModel):
    clearable = frozenset({"metadata"})

    metadata: MetadataIn | None = None
    """A map of strings for your own use. Keys that are left out stay; one with null or an empty text is removed. Null
    in place of the map removes all."""


class CloseIn(RequestModel):
    """`seen_seq`: the last message that the person saw (STATUS-CLOSE-RACE)."""

    seen_seq: Seq
    """The `seq` of the last message that the person has seen. If more have come, it is refused (STATUS-CLOSE-RACE)."""


class ViewerIn(RequestModel):
    """`seen_seq`: the last message that the tab has shown (STATUS-SEEN)."""

    seen_seq: Seq
    """The `seq` of the last message that the tab has shown (STATUS-SEEN)."""


class TimelineEvent(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    at: datetime
    """When it was."""
    status: str
    """The message's status; of what a provider reported, the provider's own word."""
    source: EntrySource
    """Where it comes from: `staff` (the request that sent it), `worker`, `provider` (a webhook) or `reconciliation`."""
    code: str | None
    """The error code. Null without an error."""
    detail: str | None
    """What happened, for people."""


class MessageCost(MoneyOut):
    """`source`: the line's price list as it was when the text left, or the provider's own figure."""

    model_config = ConfigDict(title="MessageCost")

    source: CostSource
    """The line's price list as it was when the text left, or the provider's own figure."""

    @classmethod
    def of_cost(cls, cost: Cost) -> "MessageCost":
        return cls(amount=shown_amount(cost.amount), currency=cost.currency, source=cost.source)


class MessageDetail(MessageOut):
    model_config = ConfigDict(title="MessageDetail")

    timeline: list[TimelineEvent]
    """What has happened to it, in order."""
    opt_in_check: OptInCheckOut | None
    """The check with which it was sent; null for a received message."""
    cost: MessageCost | None
    """What it cost (COST). Null for a received message, a failed one, and one of which no cost is known."""


class ThreadOut(BaseModel):
    """A page of a thread, in order of `seq`. `next_cursor` leads to the page before it."""

    model_config = ConfigDict(title="Thread")

    items: list[MessageOut]
    """The messages of this page, in order of `seq`."""
    next_cursor: str | None
    """Leads to the page before it. Null if this is the first."""
    has_before: bool
    """Whether the conversation has earlier messages."""
    has_after: bool
    """Whether the conversation has later messages."""


class MessageIn(RequestModel):
    """`seen_seq`: the last message that the writer saw. With it, a stale reply is refused (STATUS-REPLY-RACE)."""

    model_config = ConfigDict(json_schema_extra=not_all_empty(body=NO_TEXT, media_urls=NO_ITEMS, attachments=NO_ITEMS))

    body: Annotated[Body, StringConstraints(max_length=MAX_BODY_CHARACTERS)] = ""
    """The text. It may be empty beside a picture."""
    media_urls: Annotated[list[MediaUrl], Field(max_length=MAX_MEDIA)] = []
    """Addresses of pictures that go with it."""
    attachments: Annotated[list[UUID], Field(max_length=MAX_MEDIA)] = added([])
    """Ids of the sender's own uploads (`POST /media`)."""
    seen_seq: Seq | None = None
    """The `seq` of the last message that the person has seen. With it, a stale text is refused (STATUS-REPLY-RACE)."""
    close: bool = False
    """Whether the conversation is closed with it."""
    metadata: MetadataIn | None = added(None)
    """A map of strings for your own use, which the message keeps."""


class FirstMessageIn(MessageIn):
    """Without `line_id`, the line is chosen: that of the newest conversation with the number, else the default line of
    its country, else the default line (LINE-CHOICE)."""

    # A field that is dropped would change what happens: with `send_at` nobody means now.
    phone_number: NumberOrSender
    line_id: UUID | None = None


class ViewingOut(BaseModel):
    """A viewing lease, and the conversation as it stands."""

    model_config = ConfigDict(title="Viewing")

    viewer_id: UUID
    expires_at: datetime
    """When the viewing lease ends if it is not renewed."""
    version: int
    """The conversation's."""
    status: Status
    """The conversation's status now."""
    seen_seq: int
    """The `seq` up to which somebody has seen it."""
    last_seq: int
    """The `seq` of the conversation's last message."""
    unread_messages: int
    """How many received messages nobody has seen."""
