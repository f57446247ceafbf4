"""Accepting a message for sending: a reply, the first text of a conversation, or a failed message sent again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.consent import service as consent
from api.consent.rules import OptInCheck
from api.conversations import attachments, message_queries, queries, rules
from api.conversations.assignment import locked_if_replying_assigns
from api.conversations.lifecycle import Batch, state_of
from api.conversations.message_rules import RETRYABLE, Direction, OutgoingText, Reply, SentFile, too_heavy, too_much
from api.conversations.models import InboxRow, MessageRow
from api.conversations.service import lock_conversation, require_all_seen, require_message
from api.directory import service as directory
from api.kit.database import database_time
from api.kit.errors import AlreadyExists, Conflict, Invalid
from api.lines import service as lines
from api.lines.defaults import choosable_lines
from api.lines.models import Line
from api.prices import credits
from api.providers.port import MessageStatus
from api.providers.registry import send_limits


async def send_message(
    session: AsyncSession, principal: Principal, conversation_id: UUID, reply: Reply, *, retry_of: UUID | None = None
) -> MessageRow:
    """Store, queue and audit a message, in the caller's transaction. A worker sends it.

    Raises `NotFound`, and what `accept` raises.
    """
    if retry_of is None:
        require_content(reply)
    assigns = await locked_if_replying_assigns(session, principal)
    row = await lock_conversation(session, principal.organization_id, conversation_id, with_number=True)
    return await accept(session, principal, row, reply, retry_of=retry_of, assigns=assigns)


async def send_first(
    session: AsyncSession, principal: Principal, *, number: str, line_id: UUID | None, reply: Reply
) -> MessageRow:
    """Start the conversation with a number by its first text, or continue it (TO-NAME).

    Without `line_id` the line is chosen (LINE-CHOICE). If the text is refused, the caller's rollback leaves no empty
    conversation. Raises `NotFound` for the line, and what `accept` raises.
    """
    require_content(reply)
    organization_id = principal.organization_id
    line = await line_of(session, organization_id, number, line_id=line_id)
    if await directory.phone_number(session, organization_id, number) is None:
        # Most refusals are found here, before anything is written.
        consent.require_allowed(await consent.check_number(session, organization_id, number, line))
    assigns = await locked_if_replying_assigns(session, principal)
    locked = (await directory.ensure_phone_numbers(session, organization_id, [number]))[number]
    conversations = await queries.ensure_conversations(session, organization_id, [(line.id, locked.id)])
    row = InboxRow(conversations[line.id, locked.id], locked)
    return await accept(session, principal, row, reply, assigns=assigns)


async def line_of(session: AsyncSession, organization_id: UUID, number: str, *, line_id: UUID | None) -> Line:
    """The line that the request names, else LINE-CHOICE. Raises `NotFound`, or `Conflict` when there is none at all."""
    if line_id is not None:
        return await lines.require_line(session, organization_id, line_id)
    newest = (await queries.newest_by_number(session, organization_id, [number])).get(number)
    choosable = await choosable_lines(session, organization_id)
    return choosable.choose(number, newest=newest.line_id if newest is not None else None).line


def require_content(reply: Reply) -> None:
    """Raises `Invalid` if the message is empty."""
    if not reply.body.strip() and not reply.media_urls and not reply.attachments:
        raise Invalid([("/body", "Write something, or add a picture.")])


async def accept(
    session: AsyncSession,
    principal: Principal,
    row: InboxRow,
    reply: Reply,
    *,
    retry_of: UUID | None = None,
    assigns: bool = False,
) -> MessageRow:
    """Store, queue and audit a message of a conversation that is locked with its number.

    `assigns`: it is the principal's from now on, if nobody has it (`locked_if_replying_assigns`).

    Raises `NotAllowedToText` if the opt-in check refuses, `NewMessages` if `seen_seq` is stale (STATUS-REPLY-RACE),
    `TooManyTextsToday`, `NoCredits`, `Invalid` if the message is longer than the line's provider takes, and `Conflict`
    if the conversation's number is the line's own or the message to retry was retried already.
    """
    organization_id = principal.organization_id
    line = await lines.require_line(session, organization_id, row.conversation.line_id)
    files = await attachments.files_to_send(session, principal, reply.attachments, retry_of=retry_of)
    check = await require_sendable(session, row, line, reply, files=files)
    if reply.seen_seq is not None:
        await require_all_seen(session, row.conversation, seen_seq=reply.seen_seq, sender_id=principal.id)
    if retry_of is not None and (again := await message_queries.retry_of(session, organization_id, retry_of)):
        raise AlreadyExists(
            "This message has been sent again already.", existing_id=again, conflicting=["/path/message_id"]
        )
    await credits.require_for(session, line)
    await lines.count_text(session, line, sender_id=principal.id)
    state = state_of(row.conversation)
    # A person who answers has read the conversation; an integration has, if it says up to where (decision 0004).
    has_read = principal.staff_member_id is not None or reply.seen_seq is not None or reply.close
    answers = has_read and not reply.is_unread
    transition = rules.staff_replies(state, close=reply.close) if answers else rules.text_goes_out(state)
    batch = Batch(organization_id, at=await database_time(session))
    text = OutgoingText(
        body=reply.body,
        media_urls=reply.media_urls,
        files=files,
        check=check,
        sent_by=principal,
        retry_of=retry_of,
        settles_not_sent=answers and retry_of is None,
        message_id=reply.message_id,
        client_key=reply.client_key,
        metadata=reply.metadata,
    )
    message = batch.queue(row, text, transition)
    if retry_of is not None:
        batch.settle_retried(row.conversation, await message_queries.fresh_message(session, organization_id, retry_of))
    if assigns and row.conversation.assignee_id is None:
        batch.assign(row, principal.staff_member_id, actor=principal.actor)
    await batch.write(session)
    await attachments.keep_files(session, message, files, retry_of=retry_of)
    return MessageRow(message, principal.id, principal.name)


async def require_sendable(
    session: AsyncSession, row: InboxRow, line: Line, reply: Reply, *, files: Sequence[SentFile] = ()
) -> OptInCheck:
    """The opt-in check of a text, with these files of ours, that may be sent now to a locked number.

    Raises `NotAllowedToText`, `Invalid` if the text is longer than the line's provider takes, and `Conflict` if the
    number is the line's own.
    """
    if row.number.number == line.phone_number:
        raise Conflict("A line can't text itself.")
    check = await consent.check(session, row.number, line)
    consent.require_allowed(check)
    limits = send_limits(line.provider)
    excess = too_much(reply.body, media=len(reply.media_urls) + len(files), limits=limits) or too_heavy(
        files, line_kind=line.kind, limits=limits
    )
    if excess is not None:
        raise Invalid([excess])
    return check


async def retry_message(
    session: AsyncSession, principal: Principal, message_id: UUID, *, client_key: UUID | None = None
) -> MessageRow:
    """Send a failed message again, as a new one. Raises `Conflict` if it has not failed, or was retried already."""
    failed = (await require_message(session, principal, message_id)).message
    if failed.direction != Direction.OUTBOUND or MessageStatus(failed.status) not in RETRYABLE:
        raise Conflict("Only a message that failed can be sent again.")
    media_urls = [each["url"] for each in failed.media if "id" not in each]
    again = Reply(body=failed.body, media_urls=media_urls, client_key=client_key, metadata=failed.metadata_)
    return await send_message(session, principal, failed.conversation_id, again, retry_of=failed.id)
