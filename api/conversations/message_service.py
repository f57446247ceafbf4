"""Threads: sending, viewing, closing, and the delivery state of what was sent."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, Actor, NewEntry
from api.consent import service as consent
from api.consent.keywords import Keyword, keyword
from api.consent.rules import OptInCheck
from api.consent.schemas import OptInCheckOut
from api.consent.wishes import asks_to_stop
from api.conversations import message_queries as queries
from api.conversations import rules as status_rules
from api.conversations import service as conversations
from api.conversations.message_models import Message, OutboxEntry, TimelineEntry
from api.conversations.message_queries import MessageRow
from api.conversations.message_rules import (
    RETRYABLE,
    Direction,
    advances,
    segments,
    shown_media,
    too_much,
)
from api.conversations.message_schemas import MessageIn, NewMessages, Viewing
from api.conversations.models import Conversation
from api.conversations.queries import InboxRow
from api.directory.rules import OptInSource
from api.kit.database import database_time, notify
from api.kit.errors import Conflict, Forbidden, Invalid, NotFound
from api.kit.ids import new_id
from api.lines import service as lines
from api.lines.models import Line
from api.live.service import announce_message, announce_phone_number
from api.providers.port import MessageStatus, StatusReport
from api.providers.registry import send_limits

OUTBOX_CHANNEL = "messenger_outbox"
"""NOTIFY that something waits to be sent. Polling guarantees progress without it."""

MISSED_SHOWN = 50

STARTS_LOOKED_FOR = 100
"""Later texts of a conversation among which a START is looked for."""


async def require_message(session: AsyncSession, organization_id: UUID, message_id: UUID) -> MessageRow:
    row = await queries.message(session, organization_id, message_id)
    if row is None:
        raise NotFound("There is no such message.")
    return row


async def send_message(
    session: AsyncSession,
    principal: Principal,
    conversation_id: UUID,
    new: MessageIn,
    *,
    retry_of: Message | None = None,
) -> MessageRow:
    """Accept a message for sending: stored, queued and audited in the caller's transaction.

    Raises `NotAllowedToText` (with the opt-in check), `NewMessages` when `seen_seq` is stale, `TooManyTextsToday`,
    `Invalid`, and `Conflict` if the conversation's number is the line's own.
    """
    if not new.body.strip() and not new.media_urls:
        raise Invalid([("/body", "Write something, or add a picture.")])
    organization_id = principal.organization_id
    row = await conversations.lock(session, organization_id, conversation_id, with_number=True)
    line = await lines.require_line(session, organization_id, row.conversation.line_id)
    if row.number.number == line.phone_number:
        raise Conflict("A line can't text itself.")
    check = await consent.check(session, row.number, line)
    consent.require_allowed(check)
    if new.seen_seq is not None:
        _require_known_seq(row.conversation, new.seen_seq)
        missed = await queries.missed(
            session,
            organization_id,
            conversation_id,
            after_seq=new.seen_seq,
            except_sender_id=principal.id,
            inbound_only=False,
            limit=MISSED_SHOWN,
        )
        if missed:
            raise NewMessages(missed)
    state = conversations.state_of(row.conversation)
    # A person who answers has read; an integration has only if it says up to where (decision 0004).
    if principal.staff_member_id is not None or new.seen_seq is not None or new.close:
        transition = status_rules.staff_replies(state, close=new.close)
    else:
        transition = status_rules.text_goes_out(state)
    await lines.count_text(session, line, sender_id=principal.id)
    at = await database_time(session)
    message = await enqueue(
        session,
        row,
        line=line,
        seq=transition.state.last_seq,
        body=new.body,
        media_urls=list(new.media_urls),
        check=check,
        sent_by=principal,
        retry_of=retry_of,
    )
    await conversations.record_transition(
        session,
        row,
        transition,
        actor=principal.actor,
        at=at,
        entries=[
            NewEntry(
                Action.MESSAGE_SENT,
                principal.actor,
                conversation_id=conversation_id,
                message_id=message.id,
                phone_number=row.number.number,
                details={"seq": message.seq, "segments": message.segments}
                | ({"retry_of_message_id": str(retry_of.id)} if retry_of else {}),
            )
        ],
    )
    return MessageRow(message, principal.id, principal.name)


def _require_known_seq(conversation: Conversation, seen_seq: int) -> None:
    if seen_seq > conversation.last_seq:
        raise Invalid([("/seen_seq", f"The last message of this conversation is {conversation.last_seq}.")])


async def enqueue(
    session: AsyncSession,
    row: InboxRow,
    *,
    line: Line,
    seq: int,
    body: str,
    media_urls: list[str],
    check: OptInCheck,
    sent_by: Principal | None,
    retry_of: Message | None = None,
    answers: Keyword | None = None,
) -> Message:
    """Store a message and its outbox entry, as the conversation's last. Its lock is held; its state is the caller's.

    One that answers a keyword leaves whatever the opt-in check says (OPTIN-CONFIRM).
    Raises `Invalid` for what the line's provider would refuse for its length, and `Conflict` for a second retry.
    """
    conversation, _ = row
    if answers is None:
        # A confirmation is short, and is part of a transaction that applies a STOP: nothing may end that.
        excess = too_much(body, media=len(media_urls), limits=send_limits(line.provider))
        if excess is not None:
            raise Invalid([(excess.pointer, excess.detail)])
    counted = segments(body)
    message = Message(
        organization_id=conversation.organization_id,
        id=new_id(),
        conversation_id=conversation.id,
        line_id=conversation.line_id,
        seq=seq,
        direction=Direction.OUTBOUND.value,
        body=body,
        media=[{"url": url, "content_type": "application/octet-stream"} for url in media_urls],
        status=MessageStatus.QUEUED.value,
        sent_by_staff_member_id=sent_by.staff_member_id if sent_by else None,
        sent_by_api_key_id=sent_by.id if sent_by and sent_by.staff_member_id is None else None,
        segments=counted.count,
        encoding=counted.encoding.value,
        opt_in_check=OptInCheckOut.of(check).model_dump(mode="json"),
        asks_to_stop=False,
        answers=answers.value if answers else None,
        retry_of_message_id=retry_of.id if retry_of else None,
        created_at=await database_time(session),
    )
    session.add(message)
    try:
        await session.flush()
    except IntegrityError as error:
        if retry_of is not None and "retry_of_message_id" in str(error.orig):
            raise Conflict("This message has been sent again already.") from error
        raise
    session.add(
        TimelineEntry(
            organization_id=message.organization_id,
            message_id=message.id,
            at=message.created_at,
            status=MessageStatus.QUEUED.value,
            source="staff" if sent_by else "worker",
        )
    )
    await session.execute(
        insert(OutboxEntry).values(
            organization_id=message.organization_id,
            id=message.id,
            conversation_id=message.conversation_id,
            line_id=message.line_id,
            seq=message.seq,
            past_gate=answers is not None,
        )
    )
    show_message_as_last(conversation, message)
    announce_message(session, message.organization_id, message.conversation_id, message.id, seq=message.seq)
    notify(session, OUTBOX_CHANNEL, {"organization_id": str(message.organization_id)})
    return message


def show_as_last(
    conversation: Conversation, *, direction: Direction, body: str, media: int, status: MessageStatus, at: datetime
) -> None:
    """Write the list's preview to the locked conversation row. `media`: how many files."""
    conversation.last_message_direction = direction.value
    conversation.last_message_preview = status_rules.preview(body, media=media)
    conversation.last_message_status = status.value
    conversation.last_message_created_at = at
    conversation.last_message_at = at


def show_message_as_last(conversation: Conversation, message: Message) -> None:
    show_as_last(
        conversation,
        direction=Direction(message.direction),
        body=message.body,
        media=len(shown_media(message.media)),
        status=MessageStatus(message.status),
        at=message.created_at,
    )


async def complete_body(session: AsyncSession, row: InboxRow, message: Message, body: str) -> None:
    """A part of a received message was words: `body` is its whole text, to be shown, found and understood as that.

    The number and the conversation are locked. A STOP stops the number (OPTIN-STOP), unless a START has come since.
    A START does not lift a stop that may be newer than it.
    """
    if body == message.body:
        return
    organization_id, counted = message.organization_id, segments(body)
    await queries.set_body(
        session,
        message,
        body=body,
        segments=counted.count,
        encoding=counted.encoding,
        asks_to_stop=asks_to_stop(body),
    )
    if keyword(body) is not Keyword.STOP or await _started_since(session, message):
        return
    entry = consent.stop(
        row.number,
        actor=conversations.number_actor(row.number),
        source=OptInSource.KEYWORD,
        at=await database_time(session),
        wording=body,
    )
    if entry is not None:
        announce_phone_number(session, organization_id, row.number.number)
        await session.flush()
        await audit.record(session, organization_id, entry)


async def _started_since(session: AsyncSession, message: Message) -> bool:
    later = await queries.bodies_after(session, message, limit=STARTS_LOOKED_FOR)
    return any(keyword(body) is Keyword.START for body in later)


async def retry_message(session: AsyncSession, principal: Principal, message_id: UUID) -> MessageRow:
    """Send a failed message again, as a new one. Raises `Conflict` for any other, or one retried already."""
    failed = (await require_message(session, principal.organization_id, message_id)).message
    if failed.direction != Direction.OUTBOUND or MessageStatus(failed.status) not in RETRYABLE:
        raise Conflict("Only a message that failed can be sent again.")
    again = MessageIn(body=failed.body, media_urls=[each["url"] for each in failed.media])
    return await send_message(session, principal, failed.conversation_id, again, retry_of=failed)


async def close_conversation(
    session: AsyncSession, principal: Principal, conversation_id: UUID, *, seen_seq: int
) -> InboxRow:
    """Close it, unless a message has arrived that the person has not seen (STATUS-CLOSE-RACE)."""
    row = await conversations.lock(session, principal.organization_id, conversation_id)
    _require_known_seq(row.conversation, seen_seq)
    missed = await queries.missed(
        session,
        principal.organization_id,
        conversation_id,
        after_seq=seen_seq,
        except_sender_id=None,
        inbound_only=True,
        limit=MISSED_SHOWN,
    )
    # What a colleague has seen is not new to the business, but it is to the person who closes.
    if missed:
        raise NewMessages(missed)
    transition = status_rules.staff_closes(conversations.state_of(row.conversation), seen_seq=seen_seq)
    at = await database_time(session)
    await conversations.record_transition(session, row, transition, actor=principal.actor, at=at)
    return row


async def view_conversation(
    session: AsyncSession,
    principal: Principal,
    *,
    conversation_id: UUID,
    viewer_id: UUID,
    seen_seq: int,
    lease: timedelta,
    confirm_within: timedelta,
) -> Viewing:
    """Hold a viewing lease and confirm what has been seen (STATUS-VIEWING, STATUS-SEEN).

    A renewal too takes the conversation's lock: a message that arrives meanwhile finds the viewer there, or the
    answer tells of the message (decision 0010).
    """
    if principal.staff_member_id is None:
        raise Forbidden("Only a staff member can view a conversation; an API key reads it without.")
    organization_id = principal.organization_id
    row = await conversations.lock(session, organization_id, conversation_id)
    _require_known_seq(row.conversation, seen_seq)
    at = await database_time(session)
    starts = await conversations.hold_viewer(
        session,
        principal,
        conversation_id=conversation_id,
        staff_member_id=principal.staff_member_id,
        viewer_id=viewer_id,
        lease=lease,
        at=at,
    )
    opened = False
    if seen_seq > row.conversation.seen_seq:
        above = await queries.inbound_above(session, organization_id, conversation_id, seen_seq)
        transition = status_rules.staff_views(
            conversations.state_of(row.conversation),
            confirmed_seq=seen_seq,
            unread_above=above.messages,
            next_due=above.first_at + confirm_within if above.first_at is not None else None,
        )
        opened = transition.change is not None
        await conversations.record_transition(session, row, transition, actor=principal.actor, at=at)
    if starts and not opened:
        await audit.record(session, organization_id, _visit(principal.actor, row), at=at)
    return Viewing(
        viewer_id=viewer_id,
        expires_at=at + lease,
        status=status_rules.Status(row.conversation.status),
        seen_seq=row.conversation.seen_seq,
        last_seq=row.conversation.last_seq,
        unread_messages=row.conversation.unread_messages,
    )


def _visit(actor: Actor, row: InboxRow) -> NewEntry:
    """A visit that changed nothing."""
    return NewEntry(
        Action.CONVERSATION_VIEWED,
        actor,
        conversation_id=row.conversation.id,
        phone_number=row.number.number,
    )


def apply_report(message: Message, conversation: Conversation, report: StatusReport, *, at: datetime) -> bool:
    """Move a message's state by a report, under its conversation's lock (SEND-STATUS). True when it moved."""
    if report.error_code is not None and message.error_code is None:
        message.error_code = report.error_code
        message.error_title = report.error_title
    if report.status is None or not advances(MessageStatus(message.status), report.status):
        return False
    message.status = report.status.value
    if report.status in {MessageStatus.SENT, MessageStatus.DELIVERED} and message.sent_at is None:
        message.sent_at = at
    if report.status is MessageStatus.DELIVERED:
        message.delivered_at = at
    if report.status in {MessageStatus.FAILED, MessageStatus.UNDELIVERED} and message.error_code is None:
        message.error_code = report.provider_status
        message.error_title = "The provider could not deliver it and did not say why."
    if conversation.last_seq == message.seq:
        conversation.last_message_status = message.status
    return True
