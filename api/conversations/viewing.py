"""Viewing, closing and reopening conversations, and the sweep of viewing leases and deadlines."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit.rules import Action
from api.conversations import message_queries, queries, rules
from api.conversations.lifecycle import Batch, conversation_entry, number_actor, state_of
from api.conversations.models import InboxRow
from api.conversations.queries import Tab
from api.conversations.service import lock_conversation, require_all_seen, require_known_seq
from api.kit.database import database_time
from api.kit.errors import Forbidden

SWEEP_BATCH = 100


async def view_conversation(
    session: AsyncSession,
    principal: Principal,
    *,
    conversation_id: UUID,
    viewer_id: UUID,
    seen_seq: int,
    lease: timedelta,
    confirm_within: timedelta,
) -> tuple[InboxRow, datetime]:
    """Start or renew a viewing lease, and confirm what has been seen (STATUS-VIEWING, STATUS-SEEN).

    Returns the conversation and when the lease expires. A renewal takes the conversation's lock too: a message that
    arrives meanwhile finds the viewer, or the answer tells of the message (decision 0010). Raises `Forbidden` for an
    API key, `Invalid` if `seen_seq` is not known.
    """
    if principal.staff_member_id is None:
        raise Forbidden("Only a staff member can view a conversation; an API key reads it without.")
    organization_id = principal.organization_id
    row = await lock_conversation(session, organization_id, conversation_id)
    conversation = row.conversation
    require_known_seq(conversation, seen_seq)
    batch = Batch(organization_id, at=await database_time(session))
    expires_at = batch.at + lease
    tab = Tab(conversation_id, principal.staff_member_id, viewer_id)
    starts = await queries.hold_lease(
        session, organization_id, tab, session_id=principal.credential_id, at=batch.at, expires_at=expires_at
    )
    if starts:
        batch.touch(conversation)
    transition = rules.Transition(state_of(conversation), None)
    if seen_seq > conversation.seen_seq:
        above = await message_queries.inbound_above(session, organization_id, conversation_id, seen_seq)
        transition = rules.staff_views(
            transition.state,
            confirmed_seq=seen_seq,
            unread_above=above.messages,
            next_due=above.first_at + confirm_within if above.first_at is not None else None,
        )
    batch.change(row, transition, actor=principal.actor)
    if starts and transition.change is None:
        batch.record(conversation_entry(Action.CONVERSATION_VIEWED, principal.actor, row))
    await batch.write(session)
    return row, expires_at


async def stop_viewing(session: AsyncSession, principal: Principal, *, conversation_id: UUID, viewer_id: UUID) -> None:
    """Release a viewing lease at once (STATUS-VIEWING). Nothing happens if there is none.

    Takes the conversation's lock, so a message that arrives comes before or after it (decision 0010).
    """
    organization_id = principal.organization_id
    row = await lock_conversation(session, organization_id, conversation_id)
    if principal.staff_member_id is None:
        return
    tab = Tab(conversation_id, principal.staff_member_id, viewer_id)
    if await queries.release_lease(session, organization_id, tab):
        batch = Batch(organization_id, at=await database_time(session))
        batch.touch(row.conversation)
        await batch.write(session)


async def close_conversation(
    session: AsyncSession, principal: Principal, conversation_id: UUID, *, seen_seq: int
) -> InboxRow:
    """Close a conversation. Raises `NewMessages` if a message has arrived after `seen_seq` (STATUS-CLOSE-RACE).

    Messages that only colleagues have seen count as new.
    """
    row = await lock_conversation(session, principal.organization_id, conversation_id)
    await require_all_seen(session, row.conversation, seen_seq=seen_seq)
    transition = rules.staff_closes(state_of(row.conversation), seen_seq=seen_seq)
    return await _change(session, principal, row, transition)


async def reopen_conversation(session: AsyncSession, principal: Principal, conversation_id: UUID) -> InboxRow:
    """Open a closed conversation. Any other stays as it is."""
    row = await lock_conversation(session, principal.organization_id, conversation_id)
    return await _change(session, principal, row, rules.staff_reopens(state_of(row.conversation)))


async def _change(session: AsyncSession, principal: Principal, row: InboxRow, transition: rules.Transition) -> InboxRow:
    batch = Batch(principal.organization_id, at=await database_time(session))
    batch.change(row, transition, actor=principal.actor)
    await batch.write(session)
    return row


async def sweep(session: AsyncSession, organization_id: UUID) -> int:
    """Delete ended leases, and make conversations unread that no viewer confirmed in time (STATUS-SEEN).

    Returns how many became unread. Locks conversations before leases, as `view_conversation` does.
    """
    due = await queries.due_seen_deadlines(session, organization_id, limit=SWEEP_BATCH)
    left = await queries.conversations_with_ended_leases(session, organization_id, limit=SWEEP_BATCH)
    if not due and not left:
        return 0
    locked = await queries.lock_conversations(session, organization_id, {*due, *left})
    batch = Batch(organization_id, at=await database_time(session))
    for conversation_id in await queries.delete_ended_leases(session, organization_id, locked):
        batch.touch(locked[conversation_id])
    changed = 0
    for row in (await queries.conversations_by_ids(session, organization_id, due)).values():
        transition = rules.seen_deadline_passes(state_of(row.conversation), at=batch.at)
        if transition.change is not None:
            batch.change(row, transition, actor=number_actor(row.number))
            changed += 1
    await batch.write(session)
    return changed
