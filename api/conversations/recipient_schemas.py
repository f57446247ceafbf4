"""What crosses the wire of recipients."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.consent.rules import Reason, explanation
from api.conversations.line_limits import notice_of, text_limits
from api.conversations.recipient_rules import RecipientKind
from api.conversations.recipients import Recipient
from api.conversations.schemas import LineLabel
from api.lines.choice_rules import LineReason


class RecipientCheck(BaseModel):
    """Whether the number may be texted from the line. `GET /opt-in-checks` has the instances."""

    allowed: bool
    """Whether it may be texted."""
    reason: Reason
    """Why, for programs."""
    detail: str
    """Why, for people."""


class RecipientConversation(BaseModel):
    """The newest conversation with the number, on whatever line."""

    id: UUID
    line: LineLabel
    """The line that it is on."""
    last_message_at: datetime
    """When its last message was sent or received."""


class RecipientOut(BaseModel):
    model_config = ConfigDict(title="Recipient")

    kind: RecipientKind
    """What was found: a record's number, or a number by itself."""
    owner_id: UUID | None
    """Of the family or the staff member."""
    owner_name: str | None
    """Of the family or the staff member."""
    contact_name: str | None
    """The family's contact that holds the number."""
    phone_number: str
    """In E.164."""
    label: str | None
    """What the record calls the number, such as Mobile."""
    check: RecipientCheck
    """Whether it may be texted from `line`."""
    conversation: RecipientConversation | None
    """The newest conversation with the number. Null if there is none."""
    line: LineLabel
    """A new text goes out on it."""
    line_reason: LineReason
    """Why this line was chosen (LINE-CHOICE)."""
    notice: str | None
    """A warning to staff before they text this number from this line (NZ-NOTICE)."""
    max_segments: int | None
    """The most parts of a text without files that the line's provider takes; null if it limits characters only."""
    max_attachments: int
    """Files of a message."""
    max_attachment_bytes: int
    """Of a message's files together: what the carriers of this line deliver."""

    @classmethod
    def of(cls, found: Recipient) -> "RecipientOut":
        conversation = None
        if found.newest is not None:
            conversation = RecipientConversation(
                id=found.newest.id,
                line=LineLabel.model_validate(found.newest_line),
                last_message_at=found.newest.last_message_at,
            )
        named, check, limits = found.named, found.check, text_limits(found.line)
        return cls(
            kind=named.kind,
            owner_id=named.owner_id,
            owner_name=named.owner_name,
            contact_name=named.contact_name,
            phone_number=named.phone_number,
            label=named.label,
            check=RecipientCheck(allowed=check.allowed, reason=check.reason, detail=explanation(check)),
            conversation=conversation,
            line=LineLabel.model_validate(found.line),
            line_reason=found.line_reason,
            notice=notice_of(found.line, named.phone_number),
            max_segments=limits.segments,
            max_attachments=limits.attachments,
            max_attachment_bytes=limits.attachment_bytes,
        )


class Recipients(BaseModel):
    """The closest first, 20 at most."""

    items: list[RecipientOut]
    """The closest first, 20 at most."""
