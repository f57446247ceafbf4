"""The row of a conversation and its state, in both directions; its audit entries. Only `lifecycle.py` and
`team_changes.py` change rows."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from api.audit.rules import Action, Actor, ActorKind, NewEntry
from api.conversations.models import Conversation, InboxRow
from api.conversations.rules import ConversationState, Reminder, Status
from api.directory.models import PhoneNumber


def state_of(conversation: Conversation) -> ConversationState:
    return ConversationState(
        status=Status(conversation.status),
        last_seq=conversation.last_seq,
        seen_seq=conversation.seen_seq,
        unread_messages=conversation.unread_messages,
        seen_deadline=conversation.seen_deadline,
        waiting_since=conversation.waiting_since,
        reminder=reminder_of(conversation),
    )


def reminder_of(conversation: Conversation) -> Reminder | None:
    if conversation.reminder_at is None or conversation.reminder_set_at is None:
        return None
    return Reminder(
        at=conversation.reminder_at,
        unless_answered=conversation.reminder_unless_answered,
        set_by=conversation.reminder_set_by_id,
        set_at=conversation.reminder_set_at,
        due_since=conversation.reminder_due_since,
    )


def apply_state(conversation: Conversation, state: ConversationState, *, at: datetime) -> None:
    if conversation.counted_seq == conversation.last_seq:
        # Else a worker corrects it first.
        conversation.counted_seq = state.last_seq
    conversation.status = state.status.value
    conversation.last_seq = state.last_seq
    conversation.seen_seq = state.seen_seq
    conversation.unread_messages = state.unread_messages
    conversation.seen_deadline = state.seen_deadline
    conversation.waiting_since = state.waiting_since
    reminder = state.reminder
    conversation.reminder_at = reminder.at if reminder else None
    conversation.reminder_unless_answered = reminder.unless_answered if reminder else False
    conversation.reminder_set_by_id = reminder.set_by if reminder else None
    conversation.reminder_set_at = reminder.set_at if reminder else None
    conversation.reminder_due_since = reminder.due_since if reminder else None
    conversation.updated_at = at


def number_actor(number: PhoneNumber) -> Actor:
    return Actor(ActorKind.PHONE_NUMBER, number.id, number.number)


def conversation_entry(
    action: Action,
    actor: Actor,
    row: InboxRow,
    *,
    message_id: UUID | None = None,
    details: Mapping[str, object] | None = None,
) -> NewEntry:
    """An entry that stands after the last message of this locked conversation, as it is in memory."""
    return NewEntry(
        action,
        actor,
        conversation_id=row.conversation.id,
        message_id=message_id,
        phone_number=row.number.number,
        details=details,
        after_seq=row.conversation.last_seq,
    )
