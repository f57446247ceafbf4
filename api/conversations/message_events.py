"""The events of messages (HOOK)."""

from collections.abc import Sequence
from uuid import UUID

from api.audit.rules import Actor
from api.conversations.models import Conversation, Message
from api.events.rules import EventType, NewEvent, actor_data


def message_received(conversation: Conversation, message_id: UUID, *, seq: int) -> NewEvent:
    return NewEvent(
        type=EventType.MESSAGE_RECEIVED,
        conversation_id=conversation.id,
        message_id=message_id,
        data={"line_id": str(conversation.line_id), "seq": seq},
    )


def message_sent(message: Message, actor: Actor) -> NewEvent:
    """The message was accepted for sending."""
    broadcast_id = str(message.broadcast_id) if message.broadcast_id else None
    return _event(EventType.MESSAGE_SENT, message, broadcast_id=broadcast_id, actor=actor_data(actor))


def status_changed(message: Message, before: str) -> Sequence[NewEvent]:
    """The event of a message that had the status `before`; none if it has it still."""
    if message.status == before:
        return []
    facts = {"status": message.status, "previous_status": before, "error_code": message.error_code}
    return [_event(EventType.MESSAGE_STATUS_CHANGED, message, **facts)]


def _event(event_type: EventType, message: Message, **facts: object) -> NewEvent:
    return NewEvent(
        type=event_type,
        conversation_id=message.conversation_id,
        message_id=message.id,
        data={"line_id": str(message.line_id), "seq": message.seq, **facts},
    )
