"""Corrects what processes of versions before 0023 have changed, and what was stored before 0023.

Those processes move the status and the messages, and neither `waiting_since`, nor the reminder, nor `not_sent`. They
leave `counted_seq` behind `last_seq`; and a message that they fail has no `not_sent`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations import correction_queries, message_queries, queries
from api.conversations.lifecycle import Batch, apply_state, state_of
from api.conversations.models import Conversation
from api.conversations.rules import reminder_when_texted
from api.kit.database import database_time

BATCH = 100

COUNTED_FOR = timedelta(days=1)
"""Failures of older texts are not counted: they are of before 0023, and somebody has seen to them."""


async def correct_conversations(session: AsyncSession, organization_id: UUID) -> bool:
    """Correct a batch of conversations that are not closed. Returns whether there may be more.

    A closed one is corrected by the text that opens it: `rules.message_arrives` begins to wait anew.
    """
    ids = await correction_queries.uncounted_conversations(session, organization_id, limit=BATCH)
    if not ids:
        return False
    locked = await queries.lock_conversations(session, organization_id, ids)
    at = await database_time(session)
    await correction_queries.settle_answered(session, organization_id, ids)
    facts = await correction_queries.facts_of(session, organization_id, ids)
    batch = Batch(organization_id, at=at)
    changed: list[Conversation] = []
    for conversation in locked.values():
        if conversation.counted_seq == conversation.last_seq:
            continue
        known = facts[conversation.id]
        _correct(conversation, waiting_since=known.waiting_since, last_inbound_at=known.last_inbound_at, at=at)
        conversation.not_sent = known.not_sent
        batch.announce_conversation(conversation.id)
        changed.append(conversation)
    await message_queries.store_conversations(session, changed)
    await batch.write(session)
    return len(ids) == BATCH


def _correct(
    conversation: Conversation, *, waiting_since: datetime | None, last_inbound_at: datetime | None, at: datetime
) -> None:
    state, updated_at = state_of(conversation), conversation.updated_at
    reminder = state.reminder
    if reminder is not None and last_inbound_at is not None and last_inbound_at > reminder.set_at:
        reminder = reminder_when_texted(reminder, at=at)
    conversation.counted_seq = conversation.last_seq
    apply_state(conversation, replace(state, waiting_since=waiting_since, reminder=reminder), at=updated_at)


async def count_failures(session: AsyncSession, organization_id: UUID) -> bool:
    """Count texts of the last day that a version before 0023 has failed, or has sent after all. Returns whether there
    may be more.
    """
    found = await correction_queries.uncounted_messages(session, organization_id, newer_than=COUNTED_FOR, limit=BATCH)
    if not found:
        return False
    locked = await queries.lock_conversations(session, organization_id, {each.conversation_id for each in found})
    messages = await correction_queries.messages_in_order(session, organization_id, [each.id for each in found])
    batch = Batch(organization_id, at=await database_time(session))
    answered = await correction_queries.answered_among(session, organization_id, [each.id for each in found])
    for message in messages:
        if message.id in answered and message.not_sent is None:
            message.not_sent = False
        else:
            batch.count_not_sent(locked[message.conversation_id], message)
    await batch.write(session)
    return len(found) == BATCH
