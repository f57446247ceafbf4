"""What crosses the wire of assignment, reminders, bulk acts and saved views."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.conversations.bulk import BulkAct, BulkAction, BulkItem, BulkResult
from api.conversations.inbox_queries import InboxSort
from api.conversations.models import InboxView
from api.conversations.rules import Status
from api.conversations.schemas import Assignee, ConversationOut, Seq
from api.conversations.views import MAX_VIEWS
from api.directory.fields import Tag
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import Length, SingleLine
from api.kit.times import Moment

MAX_TOGETHER = 200


class AssigneeIn(RequestModel):
    """Null: nobody has it."""

    staff_member_id: UUID | None


class ReminderIn(RequestModel):
    """`at`: at most a year ahead. `seen_seq`: the last message that the person saw."""

    at: Moment
    """When it comes back: at most a year ahead."""
    unless_answered: bool = False
    """Whether a text from the number removes the reminder. If not, such a text makes it due."""
    seen_seq: Seq | None = None
    """The `seq` of the last message that the person has seen. If more have come, it is refused (STATUS-CLOSE-RACE)."""


class BulkItemIn(RequestModel):
    """`seen_seq`, for `close` and `later`: the last message that the person saw (STATUS-CLOSE-RACE)."""

    id: UUID
    seen_seq: Seq | None = None
    """For `close` and `later`: the `seq` of the last message that the person has seen (STATUS-CLOSE-RACE)."""


class _Bulk(RequestModel):
    items: Annotated[list[BulkItemIn], Field(min_length=1, max_length=MAX_TOGETHER)]
    """The conversations."""

    def conversations(self) -> list[BulkItem]:
        """Each once."""
        return list({item.id: BulkItem(item.id, item.seen_seq) for item in reversed(self.items)}.values())[::-1]


class BulkAssign(_Bulk):
    action: Literal[BulkAction.ASSIGN]
    """Give them to a staff member."""
    staff_member_id: UUID

    def act(self) -> BulkAct:
        return BulkAct(action=self.action, items=self.conversations(), staff_member_id=self.staff_member_id)


class BulkLater(_Bulk):
    """`at`: at most a year ahead."""

    action: Literal[BulkAction.LATER]
    """Defer them."""
    at: Moment
    """When they come back: at most a year ahead."""
    unless_answered: bool = False
    """Whether a text from the number removes the reminder."""

    def act(self) -> BulkAct:
        return BulkAct(action=self.action, items=self.conversations(), at=self.at, unless_answered=self.unless_answered)


class BulkOther(_Bulk):
    action: Literal[BulkAction.CLOSE, BulkAction.REOPEN, BulkAction.RELEASE, BulkAction.DISMISS_NOT_SENT]
    """What to do with them."""

    def act(self) -> BulkAct:
        return BulkAct(action=self.action, items=self.conversations())


BulkIn = Annotated[BulkAssign | BulkLater | BulkOther, Field(discriminator="action")]


class BulkItemOut(BaseModel):
    id: UUID
    result: BulkResult
    """What came of it."""
    conversation: ConversationOut | None
    """As it is now; null if it was not found."""


class BulkOut(BaseModel):
    """`undo_id`: for POST /conversations/bulk/{undo_id}/undo within an hour; null if nothing changed."""

    model_config = ConfigDict(title="BulkResults")

    items: list[BulkItemOut]
    """One for each conversation, in the order of the request."""
    undo_id: UUID | None


class InboxViewFilter(RequestModel):
    """The parameters of GET /conversations that it gives. Null: not given."""

    status: Status | None = None
    """Conversations with this status."""
    assignee: UUID | Assignee | None = None
    """Conversations of a staff member; `me`: of whoever looks; `none`: of nobody."""
    not_sent: bool | None = None
    """Whether a text of theirs did not go, and nobody has seen to it."""
    later: bool | None = None
    """Whether they are deferred."""
    line_id: UUID | None = None
    tag: Tag | None = None
    """Conversations with a record that has this tag."""
    sort: InboxSort | None = None
    """The order of the list."""


class InboxViewFilterOut(BaseModel):
    """As `InboxViewFilter`, with every field."""

    status: Status | None
    """Conversations with this status."""
    assignee: UUID | Assignee | None
    """Conversations of a staff member; `me`: of whoever looks; `none`: of nobody."""
    not_sent: bool | None
    """Whether a text of theirs did not go, and nobody has seen to it."""
    later: bool | None
    """Whether they are deferred."""
    line_id: UUID | None
    tag: str | None
    """Conversations with a record that has this tag."""
    sort: InboxSort | None
    """The order of the list."""


ViewName = Annotated[SingleLine, Length(1, 60)]


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
    """Its name."""
    filter: InboxViewFilterOut
    """Which conversations it shows."""
    shared: bool
    """Whether colleagues see it too."""
    staff_member_id: UUID
    """Whose view it is."""
    position: int
    """Its place among its owner's views, from 0."""

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
    """The person's own, in their order, then those that colleagues share."""
