"""Texts that did not go (NOT-SENT). `lifecycle.Batch` counts them; here a person dismisses them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit.rules import Action
from api.conversations.lifecycle import Batch, conversation_entry
from api.conversations.models import InboxRow
from api.conversations.service import lock_conversation
from api.kit.database import database_time


async def dismiss_not_sent(session: AsyncSession, principal: Principal, conversation_id: UUID) -> InboxRow:
    """Nobody needs to see to the texts of this conversation that were not sent. Without any, nothing happens."""
    row = await lock_conversation(session, principal.organization_id, conversation_id)
    batch = Batch(principal.organization_id, at=await database_time(session))
    if dismiss(batch, row, principal):
        await batch.write(session)
    return row


def dismiss(batch: Batch, row: InboxRow, principal: Principal) -> bool:
    count = batch.settle_not_sent(row.conversation)
    if count:
        batch.record(conversation_entry(Action.NOT_SENT_DISMISSED, principal.actor, row, details={"count": count}))
    return count > 0
