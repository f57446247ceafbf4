"""What crosses the wire of mass texts and saved audiences."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.audit.rules import Actor
from api.broadcasts.drafts import Draft
from api.broadcasts.models import Audience, Broadcast
from api.broadcasts.queries import Count
from api.broadcasts.report import Recipient
from api.broadcasts.rules import (
    MAX_ADDED_CHARACTERS,
    BroadcastState,
    PauseReason,
    RecipientState,
)
from api.broadcasts.service import Confirmation
from api.broadcasts.types import AudienceDescription, AudienceDescriptionOut, SavedAudienceDescription, SavedAudienceOut
from api.conversations.message_rules import MAX_BODY_CHARACTERS, MAX_MEDIA
from api.conversations.types import MediaUrl
from api.directory.rules import OwnerKind
from api.kit.added_fields import added
from api.kit.money import MoneyOut
from api.kit.published import NO_ITEMS, NO_TEXT, not_all_empty
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import Body, Length, SingleLine
from api.kit.times import Moment
from api.saved_replies.rules import ReplyField

Name = Annotated[SingleLine, Length(1, 100)]
Added = Annotated[SingleLine, Length(0, MAX_ADDED_CHARACTERS)]
Text = Annotated[Body, StringConstraints(max_length=MAX_BODY_CHARACTERS)]
Fallback = Annotated[SingleLine, Length(1, 100)]
Reason = Annotated[SingleLine, Length(3, 500)]


class BroadcastIn(RequestModel):
    """A draft. `header` and `footer`: the organization's unless they are given; empty: none."""

    model_config = ConfigDict(json_schema_extra=not_all_empty(body=NO_TEXT, media=NO_ITEMS, attachments=NO_ITEMS))

    name: Name
    body: Text
    audience: AudienceDescription
    line_id: UUID | None = None
    """The line that it goes out on. Null: each number's own, as for any new text (LINE-CHOICE)."""
    media: Annotated[list[MediaUrl], Field(max_length=MAX_MEDIA)] = []
    """Addresses of pictures that go with each text."""
    attachments: Annotated[list[UUID], Field(max_length=MAX_MEDIA)] = []
    """Uploads of the writer's (`POST /media`). The mass text keeps them."""
    header: Added | None = None
    """What stands before each text. Left out: the organization's. Empty: nothing."""
    footer: Added | None = None
    """What stands after each text. Left out: the organization's. Empty: nothing."""
    fallbacks: dict[ReplyField, Fallback] = {}
    """What stands for a field that a recipient has no value for. Without one here, the recipient is left out."""
    send_at: Moment | None = None
    """When it leaves. Null: once it is confirmed."""

    def draft(self) -> Draft:
        given = _columns(self)
        known = {name: value for name, value in given.items() if value is not None}
        return Draft(given=known, audience=self.audience, attachments=self.attachments)


class BroadcastPatch(PatchModel):
    """An omitted field stays. `line_id` and `send_at` may be set to null."""

    clearable = frozenset({"line_id", "send_at"})

    name: Name | None = None
    body: Text | None = None
    audience: AudienceDescription | None = None
    line_id: UUID | None = None
    media: Annotated[list[MediaUrl], Field(max_length=MAX_MEDIA)] | None = None
    """Addresses of pictures that go with each text."""
    attachments: Annotated[list[UUID], Field(max_length=MAX_MEDIA)] | None = None
    """Its files from now on, in this order: some that it has, and uploads of the writer's."""
    header: Added | None = None
    """What stands before each text. Empty: nothing."""
    footer: Added | None = None
    """What stands after each text. Empty: nothing."""
    fallbacks: dict[ReplyField, Fallback] | None = None
    send_at: Moment | None = None

    def draft(self) -> Draft:
        nullable = self.clearable & self.model_fields_set
        given = _columns(self)
        kept = {name: value for name, value in given.items() if value is not None or name in nullable}
        return Draft(given=kept, audience=self.audience, attachments=self.attachments)


def _columns(body: BroadcastIn | BroadcastPatch) -> dict[str, Any]:
    fallbacks = body.fallbacks
    return {
        "name": body.name,
        "body": body.body,
        "line_id": body.line_id,
        "media_urls": body.media,
        "header": body.header,
        "footer": body.footer,
        "fallbacks": {field.value: text for field, text in fallbacks.items()} if fallbacks is not None else None,
        "send_at": body.send_at,
    }


class SendIn(RequestModel):
    """`confirmed_recipients`: how many get it, as the preview said. Above the organization's limit it must be named.
    `any_hour_reason`: why it goes outside the available hours; needs `mass_text_any_hour` (PERM-HOURS)."""

    model_config = ConfigDict(title="BroadcastSendIn")

    confirmed_recipients: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    """How many numbers get it, as the preview said. Above the organization's limit it is required."""
    any_hour_reason: Reason | None = None
    """Why it leaves outside the available hours. It needs `mass_text_any_hour` (PERM-HOURS)."""

    def confirmation(self) -> Confirmation:
        return Confirmation(self.confirmed_recipients, self.any_hour_reason)


class ApprovalOut(BaseModel):
    model_config = ConfigDict(title="BroadcastApproval")

    id: UUID
    name: str
    """The administrator's name."""
    at: datetime
    """When they agreed."""


class BroadcastFileOut(BaseModel):
    """A file that goes with each text. It is shown at `url`."""

    model_config = ConfigDict(title="BroadcastFile")

    id: UUID
    url: str
    """Its path on this service."""
    name: str
    """Its file name."""
    content_type: str
    """Its media type, as its bytes say."""
    size: int
    """Bytes."""


class BroadcastEstimate(BaseModel):
    costs: list[MoneyOut]
    """By currency. Texts without a price are in none."""
    without_price: int
    """Recipients for whose country their line had no price, or no price list."""

    @classmethod
    def stored(cls, found: dict[str, Any] | None) -> "BroadcastEstimate | None":
        if found is None:
            return None
        costs = [MoneyOut(amount=amount, currency=currency) for currency, amount in found["costs"].items()]
        return cls(costs=costs, without_price=found["without_price"])


class BroadcastOut(BaseModel):
    model_config = ConfigDict(title="Broadcast")

    id: UUID
    name: str
    """Its name. Recipients do not see it."""
    body: str
    """The text. Fields such as `{first_name}` are filled in for each recipient."""
    header: str
    """What stands before each text."""
    footer: str
    """What stands after each text."""
    fallbacks: dict[str, str]
    """What stands for a field that a recipient has no value for, by field."""
    media: list[str]
    """Addresses of pictures that go with each text."""
    attachments: list[BroadcastFileOut]
    """Files that go with each text, in their order."""
    audience: AudienceDescriptionOut
    """Who gets it."""
    line_id: UUID | None
    send_at: datetime | None
    """When it leaves. Null: once it is confirmed."""
    state: BroadcastState
    """Where it stands."""
    pause_reason: PauseReason | None
    """Why it is paused. Null unless it is."""
    any_hour_reason: str | None
    """Why it may leave outside the available hours. Null if it may not."""
    author: Actor
    """Who wrote it."""
    sender: Actor | None
    """Who confirmed it: its messages are theirs."""
    approvals: list[ApprovalOut]
    """The administrators who have agreed to it."""
    recipients: int
    """Numbers that get it, as it was confirmed."""
    left_out: dict[str, int]
    """{reason: how many} of those left out, as it was confirmed."""
    segments: int
    """Of all texts together, as it was confirmed."""
    estimate: BroadcastEstimate | None
    """What it was expected to cost as it was confirmed. Null before."""
    counts: dict[str, int]
    """{state: how many recipients}. An event `broadcast` on the stream brings new ones."""
    retry_of_broadcast_id: UUID | None
    confirmed_at: datetime | None
    """When it was confirmed."""
    started_at: datetime | None
    """When its texts began to leave."""
    finished_at: datetime | None
    """When it ended: sent or cancelled."""
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Broadcast, *, counts: Sequence[Count] | None = None) -> "BroadcastOut":
        return cls(**_shown(row, counts))


class ReasonCount(BaseModel):
    model_config = ConfigDict(title="BroadcastReason")

    state: RecipientState
    """`skipped` or `failed`."""
    reason: str
    """A reason of the opt-in check, a reason of the preview, or the error code of a provider."""
    count: int
    """How many recipients."""


class BroadcastDetail(BroadcastOut):
    model_config = ConfigDict(title="BroadcastDetail")

    reasons: list[ReasonCount]
    """Why recipients were skipped or failed, the most frequent first."""
    goes_on_at: datetime | None
    """When the next of those that wait may be texted: by their hours, or on the line's next day. Null if one may be
    now, or none waits."""

    @classmethod
    def of(
        cls, row: Broadcast, *, counts: Sequence[Count] | None = None, goes_on_at: datetime | None = None
    ) -> "BroadcastDetail":
        reasons = [
            ReasonCount(state=RecipientState(each.state), reason=each.reason, count=each.recipients)
            for each in sorted(counts or (), key=lambda each: (-each.recipients, each.state, each.reason or ""))
            if each.reason is not None
        ]
        return cls(**_shown(row, counts), reasons=reasons, goes_on_at=goes_on_at)


def _shown(row: Broadcast, counts: Sequence[Count] | None) -> dict[str, Any]:
    by_state: dict[str, int] = dict(row.counts)
    if counts is not None:
        by_state = {}
        for each in counts:
            by_state[each.state] = by_state.get(each.state, 0) + each.recipients
    same = (
        *("id", "name", "body", "header", "footer", "fallbacks", "line_id", "send_at", "state"),
        *("pause_reason", "any_hour_reason", "approvals", "recipients", "left_out", "segments"),
        *("retry_of_broadcast_id", "confirmed_at", "started_at", "finished_at", "created_at", "updated_at"),
    )
    shown = {name: getattr(row, name) for name in same}
    author = Actor.stored(row.author)
    return {
        **shown,
        "audience": AudienceDescriptionOut.stored(row.audience),
        "media": row.media_urls,
        "attachments": [
            BroadcastFileOut(url=f"/api/v1/messages/{row.id}/media/{each['id']}", **each) for each in row.files
        ],
        "estimate": BroadcastEstimate.stored(row.estimate),
        "author": author,
        "sender": Actor.stored(row.sender),
        "counts": by_state,
    }


class RecipientOwner(BaseModel):
    """The record through which the number is in the audience."""

    model_config = ConfigDict(title="BroadcastRecipientRecord")

    kind: OwnerKind
    """A family or a staff member."""
    id: UUID
    name: str | None
    """Null if the record is gone."""


class RecipientOut(BaseModel):
    model_config = ConfigDict(title="BroadcastRecipient")

    id: UUID
    phone_number: str | None
    """Null for a record without one."""
    name: str | None
    """Of the contact or staff member who holds the number."""
    record: RecipientOwner | None
    """Null if the number was given by itself."""
    state: RecipientState
    """Where its text stands."""
    reason: str | None
    """Why it was skipped or failed. Null otherwise."""
    error: str | None
    """What went wrong, in words for the front desk."""
    segments: int | None
    """How many parts its text has. Null before it is queued."""
    conversation_id: UUID | None
    message_id: UUID | None
    sent_at: datetime | None
    """When the provider accepted it."""
    delivered_at: datetime | None
    """When the phone had it, as the provider reported."""

    @classmethod
    def of(cls, recipient: Recipient) -> "RecipientOut":
        row = recipient.row
        record = None
        if row.owner_kind is not None and row.owner_id is not None:
            record = RecipientOwner(kind=OwnerKind(row.owner_kind), id=row.owner_id, name=recipient.record_name)
        return cls(
            id=row.id,
            phone_number=recipient.number,
            name=recipient.name,
            record=record,
            state=RecipientState(row.state),
            reason=row.reason,
            error=recipient.error_title,
            segments=recipient.segments,
            conversation_id=recipient.conversation_id,
            message_id=row.id if recipient.conversation_id is not None else None,
            sent_at=recipient.sent_at,
            delivered_at=recipient.delivered_at,
        )


class AudienceIn(RequestModel):
    model_config = ConfigDict(title="AudienceIn")

    name: Name
    audience: SavedAudienceDescription
    id: UUID | None = added(None)
    """A new one if omitted. With the id of a deleted one, drafts that name it can use it again."""


class AudiencePatch(PatchModel):
    """An omitted field stays."""

    name: Name | None = None
    audience: SavedAudienceDescription | None = None


class AudienceOut(BaseModel):
    model_config = ConfigDict(title="Audience")

    id: UUID
    name: str
    """Its name."""
    audience: SavedAudienceOut
    """Who is in it."""
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Audience) -> "AudienceOut":
        return cls(
            id=row.id,
            name=row.name,
            audience=SavedAudienceOut.stored(row.audience),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
