"""Scheduled texts that are due: each is sent or held back, in a transaction of its own (LATER).

The transaction that queues the message deletes the scheduled text. So it leaves once, whatever crashes.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.rules import Principal, PrincipalKind
from api.audit.rules import SYSTEM, Action
from api.conversations import message_queries, rules
from api.conversations import scheduled_queries as queries
from api.conversations.lifecycle import Batch, conversation_entry, state_of
from api.conversations.message_rules import Reply
from api.conversations.models import InboxRow
from api.conversations.scheduled import announce_scheduled
from api.conversations.scheduled_files import free_files
from api.conversations.scheduled_models import ScheduledText
from api.conversations.scheduled_queries import DueText, ScheduledRow
from api.conversations.scheduled_rules import FAILED, Held, retry_after, why_held
from api.conversations.sending import accept
from api.conversations.service import lock_conversation
from api.kit.database import Database, database_time, savepoint
from api.kit.database_unavailable import is_database_unavailable
from api.kit.errors import Problem
from api.kit.times import rfc3339
from api.notifications.rules import Kind

BATCH = 50

HeldOrganizations = Callable[[Database], Awaitable[Collection[UUID]]]
"""The organizations whose outbox is held. The first call marks restored data (decision 0031)."""

log = structlog.get_logger(__name__)


async def send_due(database: Database, held: HeldOrganizations) -> bool:
    """Send or hold back what is due. Returns whether there is more."""
    async with database.transaction() as session:
        due = await queries.due(session, limit=BATCH)
    if not due:
        return False
    # Before the first text of a copy of the database leaves, everything in it is marked as restored.
    await held(database)
    for each in due:
        try:
            await _settle(database, each)
        except Exception as error:  # A text that fails must not keep others from leaving.
            if is_database_unavailable(error):
                raise
            log.error("conversations.scheduled_text_failed", text_id=str(each.id), exc_info=error)
            await _settle_failed(database, each)
    return len(due) == BATCH


async def _settle(database: Database, due: DueText) -> None:
    async with database.transaction() as session:
        locked = await _lock_due(session, due)
        if locked is None:
            return
        row, scheduled = locked
        problem = await _leave(session, row, scheduled)
        if problem is not None:
            await _hold_back(session, row, scheduled.text, problem, at=await database_time(session))


async def _lock_due(session: AsyncSession, due: DueText) -> tuple[InboxRow, ScheduledRow] | None:
    """None if it was withdrawn, rescheduled, or settled by another worker meanwhile."""
    organization_id, text_id = due
    conversation_id = await queries.conversation_of(session, organization_id, text_id)
    if conversation_id is None:
        return None
    row = await lock_conversation(session, organization_id, conversation_id, with_number=True)
    if not await queries.is_due(session, organization_id, text_id):
        return None
    scheduled = await queries.one(session, organization_id, text_id)
    return (row, scheduled) if scheduled is not None else None


async def _leave(session: AsyncSession, row: InboxRow, scheduled: ScheduledRow) -> Held | None:
    """Queue the text as a message. If it may not leave, nothing changes, and the reason is returned."""
    text, organization_id = scheduled.text, scheduled.text.organization_id
    author = await access.principal_now(session, _author(scheduled))
    above = await message_queries.inbound_above(session, organization_id, text.conversation_id, text.seen_seq)
    problem = why_held(
        author=author,
        author_name=scheduled.author_name,
        is_restored=text.restored,
        late_by=await database_time(session) - text.send_at,
        has_new=above.messages > 0,
        only_if_nothing_new=text.only_if_nothing_new,
    )
    if problem is not None or author is None:
        return problem
    try:
        async with savepoint(session):
            reply = Reply(
                body=text.body,
                media_urls=text.media_urls,
                attachments=await free_files(session, text, author),
                close=text.close,
                message_id=text.id,
                metadata=text.metadata_,
                is_unread=above.messages > 0,
            )
            await queries.remove(session, organization_id, text.id)
            await accept(session, author, row, reply)
    except Problem as refused:
        if refused.status >= 500:
            raise
        return Held(refused.type, refused.detail or refused.title)
    announce_scheduled(session, text)
    return None


async def _hold_back(session: AsyncSession, row: InboxRow, text: ScheduledText, problem: Held, *, at: datetime) -> None:
    """Keep the text until a person decides. A closed conversation opens: nobody would see it there (NOT-SENT)."""
    columns: dict[str, object] = {
        "state": "held",
        "held_type": problem.type,
        "held_reason": problem.reason,
        "held_at": at,
        "updated_at": at,
    }
    await queries.set_columns(session, text.organization_id, text.id, columns)
    batch = Batch(text.organization_id, at=at)
    details = {"send_at": rfc3339(text.send_at), "cause": problem.type, "reason": problem.reason}
    batch.record(conversation_entry(Action.MESSAGE_HELD_BACK, SYSTEM, row, message_id=text.id, details=details))
    batch.change(row, rules.staff_reopens(state_of(row.conversation)), actor=SYSTEM)
    if text.scheduled_by_staff_member_id is not None:
        batch.tell(Kind.NOT_SENT, row.conversation.id, text.scheduled_by_staff_member_id)
    batch.announce_conversation(row.conversation.id)
    await batch.write(session)
    announce_scheduled(session, text)


async def _settle_failed(database: Database, due: DueText) -> None:
    """After an error of ours: try again later, at last hold the text back."""
    async with database.transaction() as session:
        locked = await _lock_due(session, due)
        if locked is None:
            return
        row, scheduled = locked
        attempts = scheduled.text.attempts + 1
        wait = retry_after(attempts)
        at = await database_time(session)
        if wait is None:
            await _hold_back(session, row, scheduled.text, FAILED, at=at)
            return
        columns: dict[str, object] = {"attempts": attempts, "due_at": at + wait}
        await queries.set_columns(session, due.organization_id, due.id, columns)


def _author(scheduled: ScheduledRow) -> Principal:
    """Without permissions: those of now are loaded (PERM-NOW)."""
    is_key = scheduled.text.scheduled_by_api_key_id is not None
    return Principal(
        kind=PrincipalKind.API_KEY if is_key else PrincipalKind.STAFF_MEMBER,
        organization_id=scheduled.text.organization_id,
        id=scheduled.author_id,
        name=scheduled.author_name,
        permissions=frozenset(),
        is_admin=False,
        credential_id=scheduled.author_id,
    )
