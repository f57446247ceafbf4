"""Expiring leases: a vanished worker may have handed its messages over or not, so they become `unknown`."""

from uuid import UUID

from api.conversations import service as conversations
from api.conversations.lifecycle import Batch
from api.delivery import queries
from api.delivery.settle import lose_outcome
from api.delivery.shares import CLAIM_BATCH
from api.kit.crash_points import CrashPoint, reached
from api.kit.database import Database, database_time


async def expire_leases(database: Database, organization_id: UUID) -> None:
    async with database.transaction() as session:
        expired = await queries.expired_leases(session, organization_id, limit=CLAIM_BATCH)
        if not expired:
            return
        locked = await conversations.lock_conversations(
            session, organization_id, [each.conversation_id for each in expired]
        )
        entries = await queries.lock_entries(session, organization_id, [each.message_id for each in expired])
        messages = await queries.messages(session, organization_id, list(entries))
        batch = Batch(organization_id, at=await database_time(session))
        for entry in entries.values():
            # Its worker may have settled it, or another may have expired it, before the lock.
            if entry.state == "sending" and entry.due_at <= batch.at:
                detail = "The worker that was sending it stopped before the provider's answer was stored."
                lose_outcome(batch, locked[entry.conversation_id], messages[entry.id], entry, detail=detail)
        await batch.write(session)
        reached(CrashPoint.EXPIRE_BEFORE_COMMIT)
    reached(CrashPoint.EXPIRE_COMMITTED)
