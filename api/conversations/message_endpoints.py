"""Routes of messages: threads, sending, retrying."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api.access.dependencies import CanSend, CanView, guarded
from api.consent.errors import NotAllowedToText
from api.consent.types import OptInCheckOut
from api.conversations import message_queries as queries
from api.conversations import sending, service
from api.conversations.errors import NewMessages
from api.conversations.message_costs import cost_of
from api.conversations.message_queries import MessageFilter, ThreadWindow
from api.conversations.message_rules import Reply
from api.conversations.scheduled import schedule, texts_by_ids
from api.conversations.scheduled_schemas import SendIn
from api.conversations.scheduled_types import ScheduledTextOut
from api.conversations.schemas import (
    MAX_SEQ,
    FirstMessageIn,
    MessageCost,
    MessageDetail,
    MessageIn,
    ThreadOut,
    TimelineEvent,
)
from api.conversations.types import MessageOut
from api.directory.named import named_number
from api.kit.changes import ChangesQuery, UpdatedSince
from api.kit.database import Session
from api.kit.errors import AlreadyExists, Conflict, Invalid, NotFound
from api.kit.idempotency import (
    GivenKey,
    IdempotencyKeyHeader,
    once,
    uuid_of,
)
from api.kit.metadata import change_of, merged
from api.kit.metadata_filter import MetadataFilter
from api.kit.paging import DEFAULT_LIMIT, CursorQuery, LimitQuery, Page, Paging, decode_number_cursor, encode_cursor
from api.kit.times import EARLIEST
from api.prices.errors import NoCredits

router = APIRouter(tags=["messages"])


def _reply(body: MessageIn, key: GivenKey | None) -> Reply:
    return Reply(
        body=body.body,
        media_urls=body.media_urls,
        attachments=body.attachments,
        seen_seq=body.seen_seq,
        close=body.close,
        client_key=uuid_of(key),
        metadata=merged({}, change_of(body)),
    )


SeqQuery = Annotated[int | None, Query(ge=0, le=MAX_SEQ, description="The `seq` of a message.")]


async def thread_window(
    before_seq: SeqQuery = None,
    after_seq: SeqQuery = None,
    around_seq: SeqQuery = None,
    cursor: CursorQuery = None,
) -> ThreadWindow:
    if sum(each is not None for each in (before_seq, after_seq, around_seq, cursor)) > 1:
        raise Invalid([("/query", "Use one of before_seq, after_seq, around_seq and cursor.")])
    if cursor is not None:
        before_seq = decode_number_cursor(cursor, maximum=MAX_SEQ)
    return ThreadWindow(before_seq, after_seq, around_seq)


@router.get("/conversations/{conversation_id}/messages", responses=guarded(NotFound, Invalid))
async def list_messages(
    conversation_id: UUID,
    principal: CanView,
    session: Session,
    window: Annotated[ThreadWindow, Depends(thread_window)],
    limit: LimitQuery = DEFAULT_LIMIT,
) -> ThreadOut:
    """The newest messages of a thread, or those before, after or around one, in order of `seq`."""
    page = await service.thread(session, principal, conversation_id, window, limit=limit)
    return ThreadOut(
        items=[MessageOut.of(row) for row in page.rows],
        next_cursor=encode_cursor(page.rows[0].message.seq) if page.rows and page.has_before else None,
        has_before=page.has_before,
        has_after=page.has_after,
    )


@router.post(
    "/conversations/{conversation_id}/messages",
    status_code=201,
    response_model=MessageOut | ScheduledTextOut,
    responses=guarded(NotFound, NotAllowedToText, NewMessages, NoCredits, Conflict, Invalid),
)
async def send_message(
    conversation_id: UUID,
    body: SendIn,
    principal: CanSend,
    session: Session,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Send a text, now or at `send_at`. The answer means that it is stored; its `status` tells the rest."""

    async def send() -> tuple[int, MessageOut | ScheduledTextOut]:
        reply = _reply(body, idempotency_key)
        later = body.later()
        if later is not None:
            text = await schedule(session, principal, conversation_id, reply, later)
            return 201, ScheduledTextOut.of(text)
        row = await sending.send_message(session, principal, conversation_id, reply)
        return 201, MessageOut.of(row)

    return await once(
        session,
        send,
        key=idempotency_key,
        asked_by=principal,
        operation=f"send-message/{conversation_id}",
        request=body,
    )


@router.get("/messages", responses=guarded(NotFound, Invalid))
async def list_changed_messages(
    principal: CanView,
    session: Session,
    paging: Paging,
    metadata: MetadataFilter,
    updated_since: UpdatedSince = None,
    conversation_id: Annotated[UUID | None, Query(description="Messages of this conversation alone.")] = None,
) -> Page[MessageOut]:
    """Messages of all conversations by time of change: a new message and a new status count."""
    changes = ChangesQuery.of(paging, updated_since or EARLIEST)
    narrowed = MessageFilter(conversation_id, metadata)
    rows, next_cursor = await service.changed_messages(session, principal, narrowed, changes)
    return Page(items=[MessageOut.of(row) for row in rows], next_cursor=next_cursor)


@router.post(
    "/messages",
    status_code=201,
    response_model=MessageOut,
    responses=guarded(NotFound, NotAllowedToText, NewMessages, NoCredits, Conflict, Invalid),
)
async def send_first_message(
    body: FirstMessageIn, principal: CanSend, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Text a number: the conversation with it is started by this text, or continued."""

    async def send() -> tuple[int, MessageOut]:
        number = await named_number(session, principal.organization_id, body.phone_number, pointer="/phone_number")
        reply = _reply(body, idempotency_key)
        row = await sending.send_first(session, principal, number=number, line_id=body.line_id, reply=reply)
        return 201, MessageOut.of(row)

    return await once(
        session, send, key=idempotency_key, asked_by=principal, operation="send-first-message", request=body
    )


@router.get("/messages/{message_id}", responses=guarded(NotFound, Invalid))
async def get_message(message_id: UUID, principal: CanView, session: Session) -> MessageDetail | ScheduledTextOut:
    """One message with its timeline and the opt-in check with which it was sent; until it has left, the scheduled text.

    `status` tells them apart: a text that has not left is `scheduled` or `held`.
    """
    for text in await texts_by_ids(session, principal.organization_id, [message_id]):
        return ScheduledTextOut.of(text)
    row = await service.require_message(session, principal, message_id)
    timeline = await queries.timeline(session, principal.organization_id, message_id)
    stored, cost = row.message.opt_in_check, cost_of(row.message)
    return MessageDetail(
        **dict(MessageOut.of(row)),
        timeline=[TimelineEvent.model_validate(entry) for entry in timeline],
        opt_in_check=OptInCheckOut.stored(stored) if stored else None,
        cost=MessageCost.of_cost(cost) if cost is not None else None,
    )


@router.post(
    "/messages/{message_id}/retry",
    status_code=201,
    response_model=MessageOut,
    responses=guarded(NotFound, NotAllowedToText, NoCredits, AlreadyExists, Conflict, Invalid),
)
async def retry_message(
    message_id: UUID, principal: CanSend, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Send a failed message again, as a new one."""

    async def retry() -> tuple[int, MessageOut]:
        row = await sending.retry_message(session, principal, message_id, client_key=uuid_of(idempotency_key))
        return 201, MessageOut.of(row)

    return await once(
        session,
        retry,
        key=idempotency_key,
        asked_by=principal,
        operation=f"retry-message/{message_id}",
        request=None,
    )
