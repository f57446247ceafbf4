"""One act on many conversations, and its undo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.access.viewers import former_viewers
from api.audit.rules import Action
from api.conversations import message_queries, queries, rules, team_queries
from api.conversations.assignment import require_viewer
from api.conversations.lifecycle import Batch, conversation_entry, state_of
from api.conversations.models import ConversationUndo, InboxRow
from api.conversations.not_sent import dismiss
from api.conversations.reminders import require_time_ahead, set_reminder
from api.conversations.rules import Reminder, Status
from api.kit.database import database_time
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.ids import new_id

UNDO_WITHIN = timedelta(hours=1)


class BulkAction(StrEnum):
    CLOSE = "close"
    REOPEN = "reopen"
    ASSIGN = "assign"
    RELEASE = "release"
    LATER = "later"
    DISMISS_NOT_SENT = "dismiss_not_sent"


NEEDS_ALL_SEEN = frozenset({BulkAction.CLOSE, BulkAction.LATER})


class BulkResult(StrEnum):
    DONE = "done"
    UNCHANGED = "unchanged"
    """It is so already."""
    NEW_MESSAGES = "new_messages"
    """A text has come that was not seen (STATUS-CLOSE-RACE)."""
    NOT_FOUND = "not_found"
    CHANGED_SINCE = "changed_since"
    """Of an undo: somebody has changed the conversation after the act."""


@dataclass(frozen=True)
class BulkItem:
    conversation_id: UUID
    seen_seq: int | None
    """The last message that the person saw. None: everything that any staff member has seen."""


@dataclass(frozen=True, kw_only=True)
class BulkAct:
    action: BulkAction
    items: Sequence[BulkItem]
    staff_member_id: UUID | None = None
    """Of `assign`, which has one."""
    at: datetime | None = None
    """Of `later`, which has one."""
    unless_answered: bool = False


@dataclass
class BulkOutcome:
    results: dict[UUID, BulkResult] = field(default_factory=dict)
    rows: list[InboxRow] = field(default_factory=list)
    """Every conversation that exists, as it is now."""
    undo_id: UUID | None = None
    """None if nothing changed."""


@dataclass(frozen=True)
class Before:
    """A conversation before an act, and how to tell that nobody has changed it since."""

    conversation_id: UUID
    status: Status
    assignee_id: UUID | None
    reminder: Reminder | None
    dismissed: Sequence[UUID]
    """Messages that the act has dismissed (NOT-SENT)."""
    updated_at: datetime
    """`updated_at` after the act."""

    def as_json(self) -> dict[str, Any]:
        reminder = self.reminder
        return {
            "conversation_id": str(self.conversation_id),
            "status": self.status.value,
            "assignee_id": str(self.assignee_id) if self.assignee_id else None,
            "reminder": None
            if reminder is None
            else {
                "at": reminder.at.isoformat(),
                "unless_answered": reminder.unless_answered,
                "set_by": str(reminder.set_by) if reminder.set_by else None,
                "set_at": reminder.set_at.isoformat(),
                "due_since": reminder.due_since.isoformat() if reminder.due_since else None,
            },
            "dismissed": [str(each) for each in self.dismissed],
            "updated_at": self.updated_at.isoformat(),
        }

    @classmethod
    def stored(cls, given: Mapping[str, Any]) -> "Before":
        reminder = given["reminder"]
        return cls(
            conversation_id=UUID(given["conversation_id"]),
            status=Status(given["status"]),
            assignee_id=UUID(given["assignee_id"]) if given["assignee_id"] else None,
            reminder=None
            if reminder is None
            else Reminder(
                at=datetime.fromisoformat(reminder["at"]),
                unless_answered=reminder["unless_answered"],
                set_by=UUID(reminder["set_by"]) if reminder["set_by"] else None,
                set_at=datetime.fromisoformat(reminder["set_at"]),
                due_since=datetime.fromisoformat(reminder["due_since"]) if reminder["due_since"] else None,
            ),
            dismissed=[UUID(each) for each in given["dismissed"]],
            updated_at=datetime.fromisoformat(given["updated_at"]),
        )


async def act_on_many(session: AsyncSession, principal: Principal, act: BulkAct) -> BulkOutcome:
    """Do it to each conversation that it can be done to, in one transaction. Every change is audited.

    Raises `Invalid` for a staff member who may not view conversations, for a time that has passed, and for a
    `seen_seq` that a conversation does not have.
    """
    organization_id = principal.organization_id
    await require_viewer(session, organization_id, act.staff_member_id)
    ids = [item.conversation_id for item in act.items]
    rows = await queries.locked_rows(session, organization_id, ids)
    now = await database_time(session)
    if act.at is not None:
        require_time_ahead(act.at, now=now)
    seen = _seen(act, rows)
    newer = await team_queries.with_newer_texts(session, organization_id, seen) if seen else set[UUID]()
    dismissed = await team_queries.not_sent_of(session, organization_id, ids)
    batch = Batch(organization_id, at=now)
    outcome = BulkOutcome(rows=list(rows.values()))
    undoable: list[Before] = []
    for item in act.items:
        row = rows.get(item.conversation_id)
        if row is None:
            outcome.results[item.conversation_id] = BulkResult.NOT_FOUND
        elif item.conversation_id in newer:
            outcome.results[item.conversation_id] = BulkResult.NEW_MESSAGES
        else:
            state, assignee_id = state_of(row.conversation), row.conversation.assignee_id
            has_changed = _do(batch, principal, row, act, seen_seq=seen.get(item.conversation_id, 0))
            outcome.results[item.conversation_id] = BulkResult.DONE if has_changed else BulkResult.UNCHANGED
            if has_changed:
                gone = dismissed.get(item.conversation_id, ()) if act.action is BulkAction.DISMISS_NOT_SENT else ()
                undoable.append(Before(item.conversation_id, state.status, assignee_id, state.reminder, gone, batch.at))
    await batch.write(session)
    outcome.undo_id = await _keep_undo(session, principal, act.action, undoable, at=now)
    return outcome


def _seen(act: BulkAct, rows: Mapping[UUID, InboxRow]) -> dict[UUID, int]:
    """What the person has seen of each conversation, if the action needs that all was seen."""
    if act.action not in NEEDS_ALL_SEEN:
        return {}
    seen: dict[UUID, int] = {}
    for position, item in enumerate(act.items):
        row = rows.get(item.conversation_id)
        if row is None:
            continue
        conversation = row.conversation
        if item.seen_seq is not None and item.seen_seq > conversation.last_seq:
            detail = f"The last message of this conversation is {conversation.last_seq}."
            raise Invalid([(f"/items/{position}/seen_seq", detail)])
        seen[conversation.id] = conversation.seen_seq if item.seen_seq is None else item.seen_seq
    return seen


def _do(batch: Batch, principal: Principal, row: InboxRow, act: BulkAct, *, seen_seq: int) -> bool:
    """Returns whether it changed anything."""
    state = state_of(row.conversation)
    match act.action:
        case BulkAction.CLOSE:
            transition = rules.staff_closes(state, seen_seq=seen_seq)
            batch.change(row, transition, actor=principal.actor)
            return transition.state != state
        case BulkAction.REOPEN:
            transition = rules.staff_reopens(state)
            batch.change(row, transition, actor=principal.actor)
            return transition.state != state
        case BulkAction.ASSIGN | BulkAction.RELEASE:
            to = act.staff_member_id if act.action is BulkAction.ASSIGN else None
            return batch.assign(row, to, actor=principal.actor)
        case BulkAction.LATER if act.at is not None:
            set_reminder(batch, row, principal, at=act.at, unless_answered=act.unless_answered)
            return True
        case BulkAction.DISMISS_NOT_SENT:
            return dismiss(batch, row, principal)
        case _:
            return False


async def _keep_undo(
    session: AsyncSession, principal: Principal, action: BulkAction, changed: Sequence[Before], *, at: datetime
) -> UUID | None:
    if not changed:
        return None
    undo = ConversationUndo(
        organization_id=principal.organization_id,
        id=new_id(),
        done_by_id=principal.id,
        action=action.value,
        before=[each.as_json() for each in changed],
        created_at=at,
    )
    session.add(undo)
    await session.flush()
    return undo.id


async def forget_undos(session: AsyncSession, organization_id: UUID) -> None:
    await team_queries.delete_undos(session, organization_id, older_than=UNDO_WITHIN)


async def undo_many(session: AsyncSession, principal: Principal, undo_id: UUID) -> BulkOutcome:
    """Give each conversation of an act the state that it had before, unless somebody has changed it since.

    Texts that were seen stay seen: what was unread is open. Raises `NotFound` for an act of somebody else's or one
    that was undone, and `Conflict` after an hour.
    """
    organization_id = principal.organization_id
    undo = await team_queries.lock_undo(session, organization_id, undo_id)
    if undo is None or undo.done_by_id != principal.id:
        raise NotFound("There is nothing to undo.")
    before = {each.conversation_id: each for each in map(Before.stored, undo.before)}
    assignees = {each.assignee_id for each in before.values() if each.assignee_id is not None}
    former = set(await former_viewers(session, organization_id, assignees)) if assignees else set[UUID]()
    rows = await queries.locked_rows(session, organization_id, before)
    now = await database_time(session)
    if now - undo.created_at > UNDO_WITHIN:
        raise Conflict("This was done more than an hour ago.")
    batch = Batch(organization_id, at=now)
    outcome = BulkOutcome()
    for conversation_id, row in rows.items():
        conversation, was = row.conversation, before[conversation_id]
        outcome.rows.append(row)
        if conversation.updated_at != was.updated_at:
            outcome.results[conversation_id] = BulkResult.CHANGED_SINCE
            continue
        outcome.results[conversation_id] = BulkResult.DONE
        transition = rules.undone(state_of(conversation), status=was.status, reminder=was.reminder)
        batch.change(row, transition, actor=principal.actor)
        batch.assign(row, None if was.assignee_id in former else was.assignee_id, actor=principal.actor)
        batch.count_again(conversation, len(was.dismissed))
        details = {"cause": undo.action}
        batch.record(conversation_entry(Action.CONVERSATION_UNDONE, principal.actor, row, details=details))
    undone = [each for each, result in outcome.results.items() if result is BulkResult.DONE]
    await message_queries.count_again(session, organization_id, [m for each in undone for m in before[each].dismissed])
    await batch.write(session)
    await session.delete(undo)
    await session.flush()
    return outcome
