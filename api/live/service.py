"""Announcing what has changed, in the transaction of the change."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.kit.database import notify
from api.kit.phone import variants

CHANNEL = "messenger_events"
"""The NOTIFY channel of live events. A payload is a JSON array of events."""


def announce_conversation(session: AsyncSession, organization_id: UUID, conversation_id: UUID) -> None:
    """The conversation has changed; so may have the indicator."""
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
    """A message is new, or its delivery state is."""
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
    """Who may be texted has changed for a number, and for its variants with it (NUMBER-ONE)."""
    for number in (phone_number, *variants(phone_number)):
        notify(
            session,
            CHANNEL,
            {"type": "opt_in", "organization_id": str(organization_id), "phone_number": number},
        )
