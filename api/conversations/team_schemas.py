"""What crosses the wire of assignment, reminders, bulk acts and saved views."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.conversations.bulk import BulkAct, BulkAction, BulkItem, BulkResult
from api.conversations.inbox_queries import InboxSort
from api.conversations.models import InboxView
from api.conversations.rules import Status
from api.conversations.schemas import Assignee, ConversationOut, Seq
from api.conversations.views import MAX_VIEWS
from api.directory.fields import Tag
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import SingleLine
from api.kit.times import Moment

MAX_TOGETHER = 200


class AssigneeIn(RequestModel):
    """Null: nobody has it."""

    staff_member_id: UUID | None


class ReminderIn(RequestModel):
    """`at`: at most a year ahead. `seen_seq`: the last message that the person saw."""

    at: Moment
    unless_answered: bool = False
    seen_seq: Seq | None = None


class BulkItemIn(RequestModel):
    """`seen_seq`, for `close` and `later`: the last message that the person saw (STATUS-CLOSE-RACE)."""

    id: UUID
    seen_seq: Seq | None = None


class _Bulk(RequestModel):
    items: Annotated[list[BulkItemIn], Field(min_length=1, max_length=MAX_TOGETHER)]

    def conversations(self) -> list[BulkItem]:
        """Each once."""
        return list({item.id: BulkItem(item.id, item.seen_seq) for item in reversed(self.items)}.values())[::-1]


class BulkAssign(_Bulk):
    action: Literal[BulkAction.ASSIGN]
    staff_member_id: UUID

    def act(self) -> BulkAct:
        return BulkAct(action=self.action, items=self.conversations(), staff_member_id=self.staff_member_id)


class BulkLater(_Bulk):
    """`at`: at most a year ahead."""

    action: Literal[BulkAction.LATER]
    at: Moment
    unless_answered: bool = False

    def act(self) -> BulkAct:
        return BulkAct(action=self.action, items=self.conversations(), at=self.at, unless_answered=self.unless_answered)


class BulkOther(_Bulk):
    action: Literal[BulkAction.CLOSE, BulkAction.REOPEN, BulkAction.RELEASE, BulkAction.DISMISS_NOT_SENT]

    def act(self) -> BulkAct:
        return BulkAct(action=self.action, items=self.conversations())


BulkIn = Annotated[BulkAssign | BulkLater | BulkOther, Field(discriminator="action")]


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


class InboxViewFilter(RequestModel):
    """The parameters of GET /conversations that it gives. Null: not given."""

    status: Status | None = None
    assignee: UUID | Assignee | None = None
    not_sent: bool | None = None
    later: bool | None = None
    line_id: UUID | None = None
    tag: Tag | None = None
    sort: InboxSort | None = None


class InboxViewFilterOut(BaseModel):
    """As `InboxViewFilter`, with every field."""

    status: Status | None
    assignee: UUID | Assignee | None
    not_sent: bool | None
    later: bool | None
    line_id: UUID | None
    tag: str | None
    sort: InboxSort | None


ViewName = Annotated[SingleLine, StringConstraints(min_length=1, max_length=60)]


class InboxViewIn(RequestModel):
    """`shared`: colleagues see it too."""

    name: ViewName
    filter: InboxViewFilter
    shared: bool = False


class InboxViewPatch(PatchModel):
    """What is left out stays. `position`: its new place among one's own views, from 0."""

    name: ViewName | None = None
    filter: InboxViewFilter | None = None
    shared: bool | None = None
    position: Annotated[int, Field(ge=0, lt=MAX_VIEWS)] | None = None


class InboxViewOut(BaseModel):
    model_config = ConfigDict(title="InboxView")

    id: UUID
    name: str
    filter: InboxViewFilterOut
    shared: bool
    staff_member_id: UUID
    """Whose view it is."""
    position: int

    @classmethod
    def of(cls, view: InboxView) -> "InboxViewOut":
        stored = InboxViewFilter.model_validate(view.filter)
        return cls(
            id=view.id,
            name=view.name,
            filter=InboxViewFilterOut(**dict(stored)),
            shared=view.shared,
            staff_member_id=view.staff_member_id,
            position=view.position,
        )


class InboxViewsOut(BaseModel):
    model_config = ConfigDict(title="InboxViews")

    items: list[InboxViewOut]
