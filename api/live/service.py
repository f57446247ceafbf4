"""Announcing changes to the open event streams. The events leave when the transaction of the change commits.

An announcement carries ids. The hub reads the rows that they name, and sends these (`live.gathering`). The event log
keeps it for streams that reconnect.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.events.service import record_change
from api.kit.database import notify
from api.kit.phone import variants

CHANNEL = "messenger_events"
"""The NOTIFY channel of live events. A payload is a JSON array of events."""

TYPING = "typing"
THREAD_ENTRY = "thread_entry"
SENDING_STATUS = "sending_status"
"""Whether texts leave. `Hub.broadcast` sends it; a stream that resumes gets it too."""

PASSING = frozenset({TYPING})
"""Events that are worth nothing later: they are not in the log."""


def announce(session: AsyncSession, organization_id: UUID, event_type: str, **data: object) -> None:
    """Send an event to the organization's streams once the transaction has committed."""
    change = {"type": event_type, **data}
    notify(session, CHANNEL, {"organization_id": str(organization_id), **change})
    if event_type not in PASSING:
        record_change(session, organization_id, change)


def announce_conversation(session: AsyncSession, organization_id: UUID, conversation_id: UUID) -> None:
    """The conversation has changed, and perhaps the indicator."""
    announce(session, organization_id, "conversation", conversation_id=str(conversation_id))
    announce_indicator(session, organization_id)


def announce_indicator(session: AsyncSession, organization_id: UUID) -> None:
    announce(session, organization_id, "indicator")


def announce_message(
    session: AsyncSession, organization_id: UUID, conversation_id: UUID, message_id: UUID, *, seq: int
) -> None:
    """The message is new, or its status has changed. Its conversation is sent too."""
    announce(
        session,
        organization_id,
        "message",
        conversation_id=str(conversation_id),
        message_id=str(message_id),
        seq=seq,
    )


def announce_thread_entry(
    session: AsyncSession, organization_id: UUID, conversation_id: UUID, *, kind: str, entry_id: UUID
) -> None:
    """An entry of a thread that is not a message is new or has changed."""
    ids = {"conversation_id": str(conversation_id), "kind": kind, "entry_id": str(entry_id)}
    announce(session, organization_id, THREAD_ENTRY, **ids)


def announce_mention(
    session: AsyncSession,
    organization_id: UUID,
    staff_member_id: UUID,
    *,
    conversation_id: UUID | None = None,
    note_id: UUID | None = None,
) -> None:
    """To the person's own streams: they are mentioned in a note, or their count of unread mentions has changed."""
    announce(
        session,
        organization_id,
        "mention",
        to=str(staff_member_id),
        conversation_id=str(conversation_id) if conversation_id else None,
        note_id=str(note_id) if note_id else None,
    )


def announce_directory(session: AsyncSession, organization_id: UUID) -> None:
    """Families, staff members or classes have changed: pages that show them load them again."""
    announce(session, organization_id, "directory")


def announce_phone_number(session: AsyncSession, organization_id: UUID, phone_number: str) -> None:
    """The opt-in check of the number and of its variants has changed (NUMBER-ONE)."""
    for number in (phone_number, *variants(phone_number)):
        announce(session, organization_id, "opt_in", phone_number=number)
