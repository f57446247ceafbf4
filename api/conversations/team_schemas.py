"""What crosses the wire of assignment, reminders, bulk acts and saved views."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from api.conversations.bulk import BulkAction, BulkResult
from api.conversations.inbox_queries import InboxSort
from api.conversations.rules import Status
from api.conversations.schemas import Assignee, ConversationOut, Seq
from api.conversations.views import MAX_VIEWS
from api.kit.text import SingleLine
from api.kit.times import Moment

MAX_TOGETHER = 200


class AssigneeIn(BaseModel):
    """Null: nobody has it."""

    staff_member_id: UUID | None


class ReminderIn(BaseModel):
    """`at`: at most a year ahead. `seen_seq`: the last message that the person saw."""

    at: Moment
    unless_answered: bool = False
    seen_seq: Seq | None = None


class BulkItemIn(BaseModel):
    """`seen_seq`, for `close` and `later`: the last message that the person saw (STATUS-CLOSE-RACE)."""

    id: UUID
    seen_seq: Seq | None = None


class BulkIn(BaseModel):
    """`assign` needs `staff_member_id`, `later` needs `at`."""

    action: BulkAction
    items: Annotated[list[BulkItemIn], Field(min_length=1, max_length=MAX_TOGETHER)]
    staff_member_id: UUID | None = None
    at: Moment | None = None
    unless_answered: bool = False

    @field_validator("items")
    @classmethod
    def _each_once(cls, items: list[BulkItemIn]) -> list[BulkItemIn]:
        if len({item.id for item in items}) < len(items):
            raise ValueError("name each conversation once")
        return items


class BulkItemOut(BaseModel):
    id: UUID
    result: BulkResult
    conversation: ConversationOut | None
    """As it is now; null if it was not found."""


class BulkOut(BaseModel):
    """`undo_id`: for POST /conversations/bulk/{undo_id}/undo within an hour; null if nothing changed."""

    model_config = ConfigDict(title="BulkResults")

    items: list[BulkItemOut]
    undo_id: UUID | None


class InboxViewFilter(BaseModel):
    """The parameters of GET /conversations that it gives. Null: not given."""

    status: Status | None = None
    assignee: UUID | Assignee | None = None
    not_sent: bool | None = None
    later: bool | None = None
    line_id: UUID | None = None
    sort: InboxSort | None = None


ViewName = Annotated[SingleLine, StringConstraints(min_length=1, max_length=60)]


class InboxViewIn(BaseModel):
    """`shared`: colleagues see it too."""

    name: ViewName
    filter: InboxViewFilter
    shared: bool = False


class InboxViewPatch(BaseModel):
    """What is left out stays. `position`: its new place among one's own views, from 0."""

    name: ViewName | None = None
    filter: InboxViewFilter | None = None
    shared: bool | None = None
    position: Annotated[int, Field(ge=0, lt=MAX_VIEWS)] | None = None


class InboxViewOut(BaseModel):
    model_config = ConfigDict(title="InboxView", from_attributes=True)

    id: UUID
    name: str
    filter: InboxViewFilter
    shared: bool
    staff_member_id: UUID
    """Whose view it is."""
    position: int


class InboxViewsOut(BaseModel):
    model_config = ConfigDict(title="InboxViews")

    items: list[InboxViewOut]
