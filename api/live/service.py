"""Announcing changes to open event streams, in the transaction of the change."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.kit.database import notify
from api.kit.phone import variants

CHANNEL = "messenger_events"
"""The NOTIFY channel of live events. A payload is a JSON array of events."""


def announce_conversation(session: AsyncSession, organization_id: UUID, conversation_id: UUID) -> None:
    """The conversation has changed, and perhaps the indicator."""
    notify(
        session,
        CHANNEL,
        {
            "type": "conversation",
            "organization_id": str(organization_id),
            "conversation_id": str(conversation_id),
        },
    )
    notify(session, CHANNEL, {"type": "indicator", "organization_id": str(organization_id)})


def announce_message(
    session: AsyncSession, organization_id: UUID, conversation_id: UUID, message_id: UUID, *, seq: int
) -> None:
    """The message is new, or its status has changed."""
    notify(
        session,
        CHANNEL,
        {
            "type": "message",
            "organization_id": str(organization_id),
            "conversation_id": str(conversation_id),
            "message_id": str(message_id),
            "seq": seq,
        },
    )


def announce_phone_number(session: AsyncSession, organization_id: UUID, phone_number: str) -> None:
    """The opt-in check of the number has changed, and of its variants (NUMBER-ONE)."""
    for number in (phone_number, *variants(phone_number)):
        notify(
            session,
            CHANNEL,
            {"type": "opt_in", "organization_id": str(organization_id), "phone_number": number},
        )
