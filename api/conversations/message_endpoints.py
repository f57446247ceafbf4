"""Routes of the messages room: threads, sending, and what depends on having seen messages."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.access.dependencies import CanSend, CanView, guarded
from api.consent.schemas import NotAllowedToText, OptInCheckOut
from api.conversations import message_queries as queries
from api.conversations import message_service as service
from api.conversations import service as conversations
from api.conversations.message_schemas import (
    MessageDetail,
    MessageIn,
    MessageOut,
    NewMessages,
    ThreadOut,
    TimelineEvent,
    Viewing,
    message_fields,
)
from api.conversations.schemas import MAX_SEQ, CloseIn, ConversationDetail, ViewerIn
from api.kit.app_state import from_app
from api.kit.database import Session
from api.kit.errors import Conflict, Forbidden, Invalid, NotFound
from api.kit.idempotency import (
    IdempotencyInProgress,
    IdempotencyKeyHeader,
    IdempotencyMismatch,
    once,
)
from api.kit.paging import DEFAULT_LIMIT, MAX_LIMIT, decode_number_cursor, encode_cursor
from api.settings import Settings

router = APIRouter(tags=["messages"])

SeqQuery = Annotated[int | None, Query(ge=0, le=MAX_SEQ)]


@router.get("/conversations/{conversation_id}/messages", responses=guarded(NotFound, Invalid))
async def list_messages(
    conversation_id: UUID,
    principal: CanView,
    session: Session,
    before_seq: SeqQuery = None,
    after_seq: SeqQuery = None,
    around_seq: SeqQuery = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> ThreadOut:
    """The newest messages of a thread, or those before, after or around one, in order of `seq`."""
    if sum(each is not None for each in (before_seq, after_seq, around_seq, cursor)) > 1:
        raise Invalid([("/query", "Use one of before_seq, after_seq, around_seq and cursor.")])
    if cursor is not None:
        before_seq = decode_number_cursor(cursor, maximum=MAX_SEQ)
    row = await conversations.require_conversation(session, principal.organization_id, conversation_id)
    page = await queries.thread(
        session,
        principal.organization_id,
        conversation_id,
        before_seq=before_seq,
        after_seq=after_seq,
        around_seq=around_seq,
        last_seq=row.conversation.last_seq,
        limit=limit,
    )
    return ThreadOut(
        items=[MessageOut.of(row) for row in page.rows],
        next_cursor=encode_cursor(page.rows[0].message.seq) if page.rows and page.has_before else None,
        has_before=page.has_before,
        has_after=page.has_after,
    )


@router.post(
    "/conversations/{conversation_id}/messages",
    status_code=201,
    response_model=MessageOut,
    responses=guarded(NotFound, NotAllowedToText, NewMessages, IdempotencyInProgress, IdempotencyMismatch, Invalid),
)
async def send_message(
    conversation_id: UUID,
    body: MessageIn,
    principal: CanSend,
    session: Session,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Send a text. The answer means that it is stored and will leave; its `status` tells the rest."""

    async def send() -> tuple[int, MessageOut]:
        row = await service.send_message(session, principal, conversation_id, body)
        return 201, MessageOut.of(row)

    return await once(
        session,
        send,
        key=idempotency_key,
        asked_by=principal,
        operation=f"send-message/{conversation_id}",
        request=body,
    )


@router.get("/messages/{message_id}", responses=guarded(NotFound, Invalid))
async def get_message(message_id: UUID, principal: CanView, session: Session) -> MessageDetail:
    """One message with its timeline and the stored opt-in decision."""
    row = await service.require_message(session, principal.organization_id, message_id)
    events = await queries.timeline(session, principal.organization_id, message_id)
    stored = row.message.opt_in_check
    return MessageDetail(
        **message_fields(row),
        timeline=[TimelineEvent.of(event) for event in events],
        opt_in_check=OptInCheckOut.stored(stored) if stored else None,
    )


@router.post(
    "/messages/{message_id}/retry",
    status_code=201,
    response_model=MessageOut,
    responses=guarded(NotFound, NotAllowedToText, Conflict, Invalid),
)
async def retry_message(
    message_id: UUID, principal: CanSend, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Send a failed message again, as a new one."""

    async def retry() -> tuple[int, MessageOut]:
        return 201, MessageOut.of(await service.retry_message(session, principal, message_id))

    return await once(
        session,
        retry,
        key=idempotency_key,
        asked_by=principal,
        operation=f"retry-message/{message_id}",
        request=None,
    )


@router.post("/conversations/{conversation_id}/close", responses=guarded(NotFound, NewMessages, Invalid))
async def close_conversation(
    conversation_id: UUID, body: CloseIn, principal: CanView, session: Session
) -> ConversationDetail:
    """Mark it complete: 409 with the message if one has arrived that was not seen."""
    row = await service.close_conversation(session, principal, conversation_id, seen_seq=body.seen_seq)
    return await conversations.conversation_out(session, principal.organization_id, row)


@router.put(
    "/conversations/{conversation_id}/viewers/{viewer_id}",
    responses=guarded(NotFound, Forbidden, Invalid),
)
async def view_conversation(
    conversation_id: UUID,
    viewer_id: UUID,
    body: ViewerIn,
    principal: CanView,
    session: Session,
    request: Request,
) -> Viewing:
    """Start or renew a viewing lease for a tab, and confirm what it has shown."""
    settings = from_app(request, Settings)
    return await service.view_conversation(
        session,
        principal,
        conversation_id=conversation_id,
        viewer_id=viewer_id,
        seen_seq=body.seen_seq,
        lease=timedelta(seconds=settings.viewer_lease_seconds),
        confirm_within=timedelta(seconds=settings.seen_deadline_seconds),
    )
