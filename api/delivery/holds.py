"""Holds of the outbox: after a restore nothing is posted until it is known what was sent since the backup.

    restored data            every organization is held, its outbox is marked as restored (`hold_copy`)
    backfill and applying    texts since the backup, such as STOP, take effect (`api/backup/loop.py`)
    `set_backfilled`         reconciliation of unknown outcomes begins
    `release`                the outbox is posted again

A message that waited in the backup may have been posted since. So it becomes `unknown`, which is reconciled and never
posted by itself (SEND-NEVER-TWICE).

Restored data is recognized by itself, whoever restored it: the identity of the database that it was written in goes
along with it, and differs from that of the database it is in now (decision 0031).
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.conversations import service as conversations
from api.conversations.lifecycle import OUTBOX_CHANNEL, Batch
from api.delivery import hold_queries, queries
from api.delivery.hold_queries import OpenHold as OpenHold
from api.delivery.rules import is_copy
from api.kit.database import Database, database_time, notify
from api.providers.port import MessageStatus

BATCH = 100
MAY_HAVE_BEEN_SENT = "It waited when the backup was made that this data was restored from. It may have been sent since."

log = structlog.get_logger(__name__)


class HoldReason(StrEnum):
    RESTORED = "restored"
    OPERATOR = "operator"


async def hold_copy(session: AsyncSession) -> bool:
    """Hold every outbox if the data was written in another database. The first call stores which database it is."""
    database, stored = await hold_queries.identities(session)
    if stored is None:
        await hold_queries.store_identity(session, database, replace=False)
        return False
    if not is_copy(stored, database=database):
        return False
    stored = await hold_queries.lock_identity(session)
    if stored is not None and not is_copy(stored, database=database):
        return False  # Another process has held them meanwhile.
    await hold(session, HoldReason.RESTORED)
    return True


async def hold(session: AsyncSession, reason: HoldReason) -> int:
    """Hold the outbox of every organization. Returns of how many."""
    await hold_queries.store_identity(session, (await hold_queries.identities(session)).database, replace=True)
    organizations = [each.id for each in await access.organizations(session)]
    await hold_queries.hold(session, organizations, reason=reason.value)
    await hold_queries.mark_restored(session)
    log.warning("delivery.outbox_held", organizations=len(organizations), reason=reason.value)
    return len(organizations)


async def open_holds(session: AsyncSession) -> Sequence[OpenHold]:
    return await hold_queries.open_holds(session)


async def held_organizations(database: Database) -> frozenset[UUID]:
    """Those whose outbox is held, also if nobody has noticed yet that the data is a copy."""
    async with database.transaction() as session:
        await hold_copy(session)
        return frozenset(each.organization_id for each in await hold_queries.open_holds(session))


async def held_since(session: AsyncSession, organization_id: UUID) -> datetime | None:
    """Since when the organization's outbox is held. None: it is not."""
    return await hold_queries.held_since(session, organization_id)


async def begin_reconciliation(session: AsyncSession, organization_id: UUID) -> None:
    """Every text that came before the hold has been applied."""
    await hold_queries.set_backfilled(session, organization_id)
    notify(session, OUTBOX_CHANNEL, {"organization_id": str(organization_id)})


async def release(session: AsyncSession, organization_id: UUID) -> bool:
    """Post the organization's outbox again. False if it was not held."""
    if not await hold_queries.set_released(session, organization_id):
        return False
    notify(session, OUTBOX_CHANNEL, {"organization_id": str(organization_id)})
    log.warning("delivery.outbox_released", organization_id=str(organization_id))
    return True


async def release_from_shell(database: Database, organization_ids: Sequence[UUID]) -> int:
    """An operator's release. What waited in the backup becomes `unknown` first. Returns how many were held."""
    released = 0
    for organization_id in organization_ids:
        await lose_restored(database, organization_id)
        async with database.transaction() as session:
            released += await release(session, organization_id)
    return released


async def unreconciled(session: AsyncSession, organization_id: UUID) -> int:
    """How many restored messages have not been reconciled once."""
    return await hold_queries.unreconciled(session, organization_id)


async def lose_restored(database: Database, organization_id: UUID) -> None:
    """Make every restored message that waited in the backup `unknown`, a batch in a transaction."""
    while await _lose_batch(database, organization_id):
        pass


async def _lose_batch(database: Database, organization_id: UUID) -> bool:
    async with database.transaction() as session:
        found = await hold_queries.restored_waiting(session, organization_id, limit=BATCH)
        if not found:
            return False
        locked = await conversations.lock_conversations(
            session, organization_id, {each.conversation_id for each in found}
        )
        entries = await queries.lock_entries(session, organization_id, [each.message_id for each in found])
        messages = await queries.messages(session, organization_id, list(entries))
        batch = Batch(organization_id, at=await database_time(session))
        for entry in entries.values():
            message = messages[entry.id]
            if entry.state == "unknown":
                continue  # Another worker was first.
            if message.status not in {MessageStatus.QUEUED.value, MessageStatus.SENDING.value}:
                batch.leave_outbox(message)  # A callback has told the outcome.
                continue
            entry.claimed_at = entry.claimed_at or message.created_at
            entry.state, entry.lease_token, entry.attempts, entry.due_at = "unknown", None, 0, batch.at
            batch.move(locked[entry.conversation_id], message, MessageStatus.UNKNOWN, detail=MAY_HAVE_BEEN_SENT)
        await batch.write(session)
    return True
