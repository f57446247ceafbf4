"""Deferring a conversation until a time, and bringing it back (REMIND)."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit.rules import SYSTEM, Action
from api.conversations import queries, rules, team_queries
from api.conversations.lifecycle import Batch, conversation_entry, state_of
from api.conversations.models import InboxRow
from api.conversations.rules import Reminder
from api.conversations.service import lock_conversation, require_all_seen
from api.kit.database import database_time
from api.kit.errors import Invalid
from api.kit.times import rfc3339
from api.notifications.rules import Kind

FARTHEST = timedelta(days=366)
"""How far ahead a reminder may be."""

SWEEP_BATCH = 100


async def defer_conversation(
    session: AsyncSession,
    principal: Principal,
    conversation_id: UUID,
    *,
    at: datetime,
    unless_answered: bool,
    seen_seq: int | None,
) -> InboxRow:
    """Set the reminder, or replace it. The conversation leaves "open" for "Later".

    Raises `NotFound`, `NewMessages` if a text has come that was not seen (without `seen_seq`: by anybody), and
    `Invalid` for a time that has passed or is more than a year ahead.
    """
    row = await lock_conversation(session, principal.organization_id, conversation_id)
    conversation = row.conversation
    now = await database_time(session)
    require_time_ahead(at, now=now)
    await require_all_seen(session, conversation, seen_seq=conversation.seen_seq if seen_seq is None else seen_seq)
    batch = Batch(principal.organization_id, at=now)
    set_reminder(batch, row, principal, at=at, unless_answered=unless_answered)
    await batch.write(session)
    return row


def require_time_ahead(at: datetime, *, now: datetime) -> None:
    if not now < at <= now + FARTHEST:
        raise Invalid([("/at", "Use a time in the future, at most a year ahead.")])


def set_reminder(batch: Batch, row: InboxRow, principal: Principal, *, at: datetime, unless_answered: bool) -> None:
    reminder = Reminder(at=at, unless_answered=unless_answered, set_by=principal.staff_member_id, set_at=batch.at)
    details = {"until": rfc3339(at), "unless_answered": unless_answered}
    batch.change(row, rules.staff_defers(state_of(row.conversation), reminder), actor=principal.actor)
    batch.record(conversation_entry(Action.REMINDER_SET, principal.actor, row, details=details))


async def remove_reminder(session: AsyncSession, principal: Principal, conversation_id: UUID) -> InboxRow:
    """Take the conversation back from "Later", or be done with a reminder that was due. Without one: nothing."""
    row = await lock_conversation(session, principal.organization_id, conversation_id)
    batch = Batch(principal.organization_id, at=await database_time(session))
    state = state_of(row.conversation)
    if state.reminder is not None:
        batch.change(row, rules.reminder_removed(state), actor=principal.actor)
        batch.record(conversation_entry(Action.REMINDER_REMOVED, principal.actor, row))
        await batch.write(session)
    return row


async def sweep_reminders(session: AsyncSession, organization_id: UUID) -> int:
    """Bring conversations back from "Later" whose time has come, and tell who set the reminder and who has it.

    Returns how many.

    Each is decided under its lock, so two workers bring it back once.
    """
    due = await team_queries.due_reminders(session, organization_id, limit=SWEEP_BATCH)
    if not due:
        return 0
    rows = await queries.locked_rows(session, organization_id, due)
    batch = Batch(organization_id, at=await database_time(session))
    brought_back = 0
    for row in rows.values():
        before = state_of(row.conversation)
        transition = rules.reminder_falls_due(before, at=batch.at)
        if transition.state != before:
            batch.change(row, transition, actor=SYSTEM)
            batch.record(conversation_entry(Action.REMINDER_DUE, SYSTEM, row, details={"cause": "time"}))
            set_by = before.reminder.set_by if before.reminder is not None else None
            for person in {set_by, row.conversation.assignee_id} - {None}:
                batch.tell(Kind.REMINDER, row.conversation.id, person)
            brought_back += 1
    await batch.write(session)
    return brought_back
