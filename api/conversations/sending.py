"""Accepting a message for sending: a reply, or a failed message sent again."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.consent import service as consent
from api.conversations import attachments, message_queries, rules
from api.conversations.assignment import locked_if_replying_assigns
from api.conversations.lifecycle import Batch, state_of
from api.conversations.message_rules import RETRYABLE, Direction, OutgoingText, Reply, too_heavy, too_much
from api.conversations.models import MessageRow
from api.conversations.service import lock_conversation, require_all_seen, require_message
from api.kit.database import database_time
from api.kit.errors import Conflict, Invalid
from api.lines import service as lines
from api.providers.port import MessageStatus
from api.providers.registry import send_limits


async def send_message(
    session: AsyncSession, principal: Principal, conversation_id: UUID, reply: Reply, *, retry_of: UUID | None = None
) -> MessageRow:
    """Store, queue and audit a message, in the caller's transaction. A worker sends it.

    Raises `NotAllowedToText` if the opt-in check refuses, `NewMessages` if `seen_seq` is stale (STATUS-REPLY-RACE),
    `TooManyTextsToday`, `Invalid` if the message is empty, longer than the line's provider takes or names an upload
    that is gone, and `Conflict` if the conversation's number is the line's own or the message to retry was retried
    already or has lost a file.
    """
    if not reply.body.strip() and not reply.media_urls and not reply.attachments and retry_of is None:
        raise Invalid([("/body", "Write something, or add a picture.")])
    organization_id = principal.organization_id
    assigns = await locked_if_replying_assigns(session, principal)
    row = await lock_conversation(session, organization_id, conversation_id, with_number=True)
    line = await lines.require_line(session, organization_id, row.conversation.line_id)
    if row.number.number == line.phone_number:
        raise Conflict("A line can't text itself.")
    check = await consent.check(session, row.number, line)
    consent.require_allowed(check)
    if reply.seen_seq is not None:
        await require_all_seen(session, row.conversation, seen_seq=reply.seen_seq, sender_id=principal.id)
    files = await attachments.files_to_send(session, principal, reply.attachments, retry_of=retry_of)
    limits = send_limits(line.provider)
    excess = too_much(reply.body, media=len(reply.media_urls) + len(files), limits=limits) or too_heavy(
        files, line_kind=line.kind, limits=limits
    )
    if excess is not None:
        raise Invalid([excess])
    if retry_of is not None and await message_queries.is_retried(session, organization_id, retry_of):
        raise Conflict("This message has been sent again already.")
    await lines.count_text(session, line, sender_id=principal.id)
    state = state_of(row.conversation)
    # A person who answers has read the conversation; an integration has, if it says up to where (decision 0004).
    has_read = principal.staff_member_id is not None or reply.seen_seq is not None or reply.close
    transition = rules.staff_replies(state, close=reply.close) if has_read else rules.text_goes_out(state)
    batch = Batch(organization_id, at=await database_time(session))
    text = OutgoingText(
        body=reply.body,
        media_urls=reply.media_urls,
        files=files,
        check=check,
        sent_by=principal,
        retry_of=retry_of,
        settles_not_sent=has_read and retry_of is None,
    )
    message = batch.queue(row, text, transition)
    if retry_of is not None:
        batch.settle_retried(row.conversation, await message_queries.fresh_message(session, organization_id, retry_of))
    if assigns and row.conversation.assignee_id is None:
        batch.assign(row, principal.staff_member_id, actor=principal.actor)
    await batch.write(session)
    await attachments.keep_files(session, message, files, retry_of=retry_of)
    return MessageRow(message, principal.id, principal.name)


async def retry_message(session: AsyncSession, principal: Principal, message_id: UUID) -> MessageRow:
    """Send a failed message again, as a new one. Raises `Conflict` if it has not failed, or was retried already."""
    failed = (await require_message(session, principal, message_id)).message
    if failed.direction != Direction.OUTBOUND or MessageStatus(failed.status) not in RETRYABLE:
        raise Conflict("Only a message that failed can be sent again.")
    again = Reply(body=failed.body, media_urls=[each["url"] for each in failed.media if "id" not in each])
    return await send_message(session, principal, failed.conversation_id, again, retry_of=failed.id)
