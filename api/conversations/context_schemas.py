"""Answer of the route of a conversation's context."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.conversations.context import Context, ContextNumber, ContextRecord
from api.conversations.rules import Status
from api.directory.rules import OwnerKind
from api.directory.types import PhoneRecordOut, StudentOut
from api.links.types import LinkOut


class ContextConversation(BaseModel):
    """The newest conversation with the number."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: Status
    """Its status."""
    last_message_at: datetime
    """When its last message was sent or received."""


class ContextNumberOut(PhoneRecordOut):
    model_config = ConfigDict(title="ContextNumber")

    stopped_at: datetime | None
    """When the number texted STOP. Null if it may be texted again, or never did."""
    conversation: ContextConversation | None
    """The newest conversation with the number. Null if there is none."""

    @classmethod
    def of_number(cls, number: ContextNumber) -> Self:
        return cls(
            **PhoneRecordOut.of(number.record).model_dump(),
            stopped_at=number.stopped_at,
            conversation=ContextConversation.model_validate(number.conversation) if number.conversation else None,
        )


class ContextPersonOut(BaseModel):
    """A contact of the family, or the staff member."""

    model_config = ConfigDict(title="ContextPerson")

    name: str
    """Their name."""
    relation: str | None
    """What they are to the family, such as Mother. Null for a staff member."""
    phone_records: list[ContextNumberOut]
    """Their numbers."""


class ContextRecordOut(BaseModel):
    model_config = ConfigDict(title="ContextRecord")

    kind: OwnerKind
    """A family or a staff member."""
    id: UUID
    external_id: str | None
    name: str
    """Its name."""
    archived: bool
    """Whether it is archived."""
    location: str | None
    """The location that it belongs to."""
    notes: str | None
    """What staff have noted about it."""
    tags: list[str]
    """Its tags."""
    people: list[ContextPersonOut]
    """The family's contacts, or the staff member."""
    students: list[StudentOut]
    """The family's students with their classes. Empty for a staff member."""
    links: list[LinkOut]
    """Links to this record in the organization's other systems."""

    @classmethod
    def of(cls, each: ContextRecord) -> Self:
        record = each.record
        return cls(
            kind=each.kind,
            id=record.id,
            external_id=record.external_id,
            name=record.name,
            archived=record.archived,
            location=record.location,
            notes=record.notes,
            tags=list(record.tags),
            people=[
                ContextPersonOut(
                    name=person.name,
                    relation=person.relation,
                    phone_records=[ContextNumberOut.of_number(number) for number in person.numbers],
                )
                for person in each.people
            ],
            students=[StudentOut.model_validate(student) for student in each.students],
            links=[LinkOut.model_validate(link) for link in each.links],
        )


class ConversationContext(BaseModel):
    """`more_records`: records of the number that are not among `records`. `links`: those that need no record."""

    records: list[ContextRecordOut]
    """The records that hold the number."""
    more_records: int
    """How many more records hold the number than are in `records`."""
    links: list[LinkOut]
    """Links into the organization's other systems that need no record."""

    @classmethod
    def of(cls, context: Context) -> Self:
        return cls(
            records=[ContextRecordOut.of(each) for each in context.records],
            more_records=context.more_records,
            links=[LinkOut.model_validate(link) for link in context.links],
        )
