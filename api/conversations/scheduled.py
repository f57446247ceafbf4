"""Scheduled texts (LATER): scheduling, changing, withdrawing, and sending one now. `leaving.py` sends those due.

A scheduled text changes only under its conversation's lock. It becomes a message with the same id in the transaction
that deletes it, so that it leaves once, whatever crashes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit.rules import Action, Actor
from api.conversations import message_queries
from api.conversations import scheduled_queries as queries
from api.conversations.attachments import files_to_send
from api.conversations.lifecycle import Batch, conversation_entry
from api.conversations.message_rules import Reply, SentFile
from api.conversations.models import InboxRow, MessageRow
from api.conversations.scheduled_files import free_files, hold_files
from api.conversations.scheduled_models import ScheduledText
from api.conversations.scheduled_queries import ScheduledRow as ScheduledRow
from api.conversations.scheduled_queries import held_counts as held_counts
from api.conversations.scheduled_queries import remove_held as remove_held
from api.conversations.scheduled_queries import remove_of as remove_of
from api.conversations.scheduled_rules import MAX_WAITING, time_problem
from api.conversations.sending import accept, require_content, require_sendable
from api.conversations.service import lock_conversation, require_all_seen, require_conversation, require_message
from api.kit.database import database_time
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.ids import new_id
from api.kit.metadata import MetadataChange, changed_keys, merged_or_invalid
from api.kit.times import rfc3339
from api.lines import service as lines
from api.live.service import announce_thread_entry


@dataclass(frozen=True)
class Later:
    """When a text leaves. `only_if_nothing_new`: a text that was received after it was written holds it back."""

    send_at: datetime
    only_if_nothing_new: bool = True


@dataclass(frozen=True)
class ScheduledChange:
    """None: unchanged."""

    send_at: datetime | None = None
    only_if_nothing_new: bool | None = None
    body: str | None = None
    media_urls: Sequence[str] | None = None
    attachments: Sequence[UUID] | None = None
    """Of the text's own files, and of the principal's uploads."""
    close: bool | None = None
    seen_seq: int | None = None
    metadata: MetadataChange | None = None


async def schedule(
    session: AsyncSession, principal: Principal, conversation_id: UUID, reply: Reply, later: Later
) -> ScheduledRow:
    """Store a text that leaves later. It is checked as if it left now, and again when it leaves.

    Raises what `sending.send_message` raises; `Invalid` for a time that has passed or is too far ahead, and `Conflict`
    if too many wait.
    """
    require_content(reply)
    organization_id = principal.organization_id
    row = await lock_conversation(session, organization_id, conversation_id, with_number=True)
    files = await files_to_send(session, principal, reply.attachments, retry_of=None)
    await _require_sendable(session, row, reply, files)
    if reply.seen_seq is not None:
        await require_all_seen(session, row.conversation, seen_seq=reply.seen_seq, sender_id=principal.id)
    at = await database_time(session)
    _require_time(later.send_at, now=at)
    if await queries.count(session, organization_id, conversation_id) >= MAX_WAITING:
        raise Conflict(f"{MAX_WAITING} texts of this conversation wait already. Withdraw one first.")
    text = ScheduledText(
        organization_id=organization_id,
        id=new_id(),
        conversation_id=conversation_id,
        body=reply.body,
        media_urls=list(reply.media_urls),
        send_at=later.send_at,
        due_at=later.send_at,
        only_if_nothing_new=later.only_if_nothing_new,
        close=reply.close,
        metadata_={**reply.metadata},
        seen_seq=row.conversation.last_seq if reply.seen_seq is None else reply.seen_seq,
        created_at=at,
        updated_at=at,
        **_author_columns(principal),
    )
    session.add(text)
    await session.flush()
    await hold_files(session, text, files)
    await write(session, row, text, Action.MESSAGE_SCHEDULED, principal.actor, at=at)
    return await _shown(session, text)


async def change_scheduled(
    session: AsyncSession, principal: Principal, text_id: UUID, change: ScheduledChange
) -> ScheduledRow:
    """Change or reschedule a text that waits or is held back. Who changes it becomes its author.

    Raises `NotFound`, `Conflict` if it has left, and what `schedule` raises.
    """
    row, text = await _locked(session, principal, text_id)
    at = await database_time(session)
    send_at = change.send_at or text.send_at
    _require_time(send_at, now=at)
    held = await free_files(session, text, principal)
    reply = Reply(
        body=text.body if change.body is None else change.body,
        media_urls=text.media_urls if change.media_urls is None else list(change.media_urls),
        attachments=held if change.attachments is None else change.attachments,
    )
    require_content(reply)
    files = await files_to_send(session, principal, reply.attachments, retry_of=None)
    await _require_sendable(session, row, reply, files)
    if change.seen_seq is not None:
        await require_all_seen(session, row.conversation, seen_seq=change.seen_seq)
        text.seen_seq = change.seen_seq
    elif text.state == "held" and principal.staff_member_id is not None:
        # The screen says why it was held back: a person has read what came since.
        text.seen_seq = row.conversation.last_seq
    text.body, text.media_urls = reply.body, list(reply.media_urls)
    text.send_at = text.due_at = send_at
    text.attempts = 0
    text.close = text.close if change.close is None else change.close
    if change.only_if_nothing_new is not None:
        text.only_if_nothing_new = change.only_if_nothing_new
    text.metadata_ = merged_or_invalid(text.metadata_, change.metadata)
    text.state, text.held_type, text.held_reason, text.held_at = "scheduled", None, None, None
    text.restored, text.updated_at = False, at
    for name, value in _author_columns(principal).items():
        setattr(text, name, value)
    await session.flush()
    await hold_files(session, text, files)
    await write(session, row, text, Action.MESSAGE_RESCHEDULED, principal.actor, at=at)
    return await _shown(session, text)


async def change_metadata(
    session: AsyncSession, principal: Principal, message_id: UUID, change: MetadataChange | None
) -> ScheduledRow | MessageRow:
    """Change the metadata of a message, or of a scheduled text, whose author stays.

    Raises `NotFound`, and `Invalid` for too many keys.
    """
    organization_id = principal.organization_id
    waiting_in = await queries.conversation_of(session, organization_id, message_id)
    conversation_id = waiting_in or (await require_message(session, principal, message_id)).message.conversation_id
    row = await lock_conversation(session, organization_id, conversation_id)
    scheduled = await queries.one(session, organization_id, message_id)
    at = await database_time(session)
    if scheduled is not None:
        return await _describe(session, principal, row, scheduled, change, at=at)
    found = await require_message(session, principal, message_id)
    message = await message_queries.fresh_message(session, organization_id, message_id)
    batch = Batch(organization_id, at=at)
    batch.set_message_metadata(row, message, merged_or_invalid(message.metadata_, change), actor=principal.actor)
    await batch.write(session)
    return found


async def _describe(
    session: AsyncSession,
    principal: Principal,
    row: InboxRow,
    scheduled: ScheduledRow,
    change: MetadataChange | None,
    *,
    at: datetime,
) -> ScheduledRow:
    text = scheduled.text
    metadata = merged_or_invalid(text.metadata_, change)
    keys = changed_keys(text.metadata_, metadata)
    if keys:
        text.metadata_, text.updated_at = metadata, at
        batch = Batch(text.organization_id, at=at)
        action, details = Action.MESSAGE_METADATA_CHANGED, {"keys": keys}
        batch.record(conversation_entry(action, principal.actor, row, message_id=text.id, details=details))
        await batch.write(session)
        announce_scheduled(session, text)
    return scheduled


async def withdraw(session: AsyncSession, principal: Principal, text_id: UUID) -> None:
    """Its files become the principal's uploads, for a day. Raises `NotFound`, and `Conflict` if it has left."""
    row, text = await _locked(session, principal, text_id)
    await free_files(session, text, principal)
    await queries.remove(session, principal.organization_id, text_id)
    at = await database_time(session)
    await write(session, row, text, Action.MESSAGE_WITHDRAWN, principal.actor, at=at)


async def send_now(session: AsyncSession, principal: Principal, text_id: UUID, *, seen_seq: int | None) -> MessageRow:
    """Send a text that waits or is held back, as a text of the principal.

    Raises `NotFound`, `Conflict` if it has left, and what `sending.send_message` raises.
    """
    row, text = await _locked(session, principal, text_id)
    files = await free_files(session, text, principal)
    await queries.remove(session, principal.organization_id, text_id)
    reply = Reply(
        body=text.body,
        media_urls=text.media_urls,
        attachments=files,
        seen_seq=seen_seq,
        close=text.close,
        message_id=text.id,
        metadata=text.metadata_,
    )
    message = await accept(session, principal, row, reply)
    announce_scheduled(session, text)
    return message


async def scheduled_texts(session: AsyncSession, principal: Principal, conversation_id: UUID) -> Sequence[ScheduledRow]:
    """The conversation's scheduled and held texts, the earliest first. Raises `NotFound`."""
    await require_conversation(session, principal.organization_id, conversation_id)
    return await queries.of_conversation(session, principal.organization_id, conversation_id)


async def texts_by_ids(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> Sequence[ScheduledRow]:
    """Those of this organization among these ids, unordered."""
    return await queries.by_ids(session, organization_id, ids)


async def texts_in_thread(session: AsyncSession, row: InboxRow) -> Sequence[ScheduledRow]:
    """The same, of a conversation that the caller may see."""
    return await queries.of_conversation(session, row.conversation.organization_id, row.conversation.id)


async def write(
    session: AsyncSession, row: InboxRow, text: ScheduledText, action: Action, actor: Actor, *, at: datetime
) -> None:
    """Audit and announce a change of a scheduled text. The conversation is locked."""
    details: dict[str, object] = {"send_at": rfc3339(text.send_at)}
    batch = Batch(text.organization_id, at=at)
    batch.record(conversation_entry(action, actor, row, message_id=text.id, details=details))
    batch.announce_conversation(row.conversation.id)
    await batch.write(session)
    announce_scheduled(session, text)


def announce_scheduled(session: AsyncSession, text: ScheduledText) -> None:
    """The scheduled text is new, has changed, or is gone."""
    announce_thread_entry(session, text.organization_id, text.conversation_id, kind="scheduled_text", entry_id=text.id)


async def _locked(session: AsyncSession, principal: Principal, text_id: UUID) -> tuple[InboxRow, ScheduledText]:
    """A text that waits or is held back, under the locks of its number and conversation."""
    organization_id = principal.organization_id
    conversation_id = await queries.conversation_of(session, organization_id, text_id)
    found: ScheduledRow | None = None
    if conversation_id is not None:
        row = await lock_conversation(session, organization_id, conversation_id, with_number=True)
        found = await queries.one(session, organization_id, text_id)
        if found is not None:
            return row, found.text
    # A text that has left is the message with its id.
    await require_message(session, principal, text_id)
    raise Conflict("This text has been sent already.")


async def _shown(session: AsyncSession, text: ScheduledText) -> ScheduledRow:
    shown = await queries.one(session, text.organization_id, text.id)
    if shown is None:
        raise NotFound("There is no such scheduled text.")
    return shown


async def _require_sendable(session: AsyncSession, row: InboxRow, reply: Reply, files: Sequence[SentFile]) -> None:
    line = await lines.require_line(session, row.conversation.organization_id, row.conversation.line_id)
    await require_sendable(session, row, line, reply, files=files)


def _require_time(send_at: datetime, *, now: datetime) -> None:
    problem = time_problem(send_at, now=now)
    if problem is not None:
        raise Invalid([("/send_at", problem)])


def _author_columns(principal: Principal) -> dict[str, UUID | None]:
    staff_member_id = principal.staff_member_id
    return {
        "scheduled_by_staff_member_id": staff_member_id,
        "scheduled_by_api_key_id": principal.id if staff_member_id is None else None,
    }
