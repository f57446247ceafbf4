"""Routes of the conversations room: the inbox, starting and reopening, the indicator."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.access.dependencies import CanSend, CanView, guarded
from api.audit import queries as audit_queries
from api.audit import service as audit
from api.audit.schemas import AuditEntryOut
from api.consent import service as consent
from api.consent.schemas import NotAllowedToText, NumberPath
from api.conversations import queries, service
from api.conversations.rules import Status
from api.conversations.schemas import (
    ConversationDetail,
    ConversationIn,
    ConversationOut,
    IndicatorOut,
    PhoneNumberOut,
)
from api.directory import service as directory
from api.directory.named import named_number
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging, decode_time_cursor, encode_cursor
from api.kit.phone import NumberOrSender
from api.lines import service as lines

router = APIRouter(tags=["conversations"])


@router.get("/indicator", responses=guarded())
async def indicator(principal: CanView, session: Session) -> IndicatorOut:
    """The two badges of the Messenger icon, computed from the rows."""
    counts = await queries.indicator(session, principal.organization_id)
    return IndicatorOut(
        unread_messages=counts.unread_messages,
        open_conversations=counts.open_conversations,
        unread_conversations=counts.unread_conversations,
    )


@router.get("/conversations", responses=guarded(NotFound, Invalid))
async def list_conversations(
    principal: CanView,
    session: Session,
    paging: Paging,
    status: Status | None = None,
    phone_number: NumberOrSender | None = None,
    family_id: UUID | None = None,
    staff_member_id: UUID | None = None,
    line_id: UUID | None = None,
) -> Page[ConversationOut]:
    """The inbox, newest first."""
    organization_id = principal.organization_id
    number: str | None = None
    if phone_number is not None:
        number = await named_number(session, organization_id, phone_number, pointer="/query/phone_number")
    if family_id is not None:
        await directory.require_family(session, organization_id, family_id)
    if staff_member_id is not None:
        await directory.require_staff_member(session, organization_id, staff_member_id)
    if line_id is not None:
        await lines.require_line(session, organization_id, line_id)
    rows = await queries.inbox(
        session,
        organization_id,
        status=status,
        phone_number=number,
        family_id=family_id,
        staff_member_id=staff_member_id,
        line_id=line_id,
        before=decode_time_cursor(paging.cursor) if paging.cursor else None,
        limit=paging.limit + 1,
    )
    shown = rows[: paging.limit]
    last = shown[-1].conversation if len(rows) > paging.limit else None
    return Page(
        items=await service.conversations_out(session, organization_id, shown),
        next_cursor=encode_cursor(last.last_message_at, last.id) if last else None,
    )


@router.post(
    "/conversations",
    status_code=201,
    response_model=ConversationDetail,
    responses={
        200: {"model": ConversationDetail, "description": "The conversation exists"},
        **guarded(NotFound, NotAllowedToText, Conflict, Invalid),
    },
)
async def start_conversation(
    body: ConversationIn, principal: CanSend, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """The conversation with a number: 201 when it is new, 200 when it exists, 409 when it may not be started."""

    async def start() -> tuple[int, ConversationDetail]:
        number = await named_number(session, principal.organization_id, body.phone_number, pointer="/phone_number")
        line = await lines.line_or_default(session, principal.organization_id, body.line_id)
        row, is_new = await service.start_conversation(session, principal, number=number, line=line)
        answer = await service.conversation_out(session, principal.organization_id, row)
        return 201 if is_new else 200, answer

    return await once(
        session,
        start,
        key=idempotency_key,
        asked_by=principal,
        operation="start-conversation",
        request=body,
    )


@router.get("/conversations/{conversation_id}", responses=guarded(NotFound, Invalid))
async def get_conversation(conversation_id: UUID, principal: CanView, session: Session) -> ConversationDetail:
    """One conversation, with its opt-in check, its holders and who is viewing it."""
    row = await service.require_conversation(session, principal.organization_id, conversation_id)
    return await service.conversation_out(session, principal.organization_id, row)


@router.get("/phone-numbers/{number}", responses=guarded(NotFound, Conflict, Invalid))
async def get_phone_number(number: NumberPath, principal: CanView, session: Session) -> PhoneNumberOut:
    """A number's consent, records, refusals and conversations."""
    row = await consent.require_phone_number(session, principal.organization_id, number)
    return await service.phone_number_out(session, row)


@router.post("/conversations/{conversation_id}/reopen", responses=guarded(NotFound, Invalid))
async def reopen_conversation(conversation_id: UUID, principal: CanView, session: Session) -> ConversationDetail:
    """Open a closed conversation; any other stays as it is."""
    row = await service.reopen(session, principal, conversation_id)
    return await service.conversation_out(session, principal.organization_id, row)


@router.delete(
    "/conversations/{conversation_id}/viewers/{viewer_id}",
    status_code=204,
    responses=guarded(NotFound, Invalid),
)
async def stop_viewing(conversation_id: UUID, viewer_id: UUID, principal: CanView, session: Session) -> None:
    """Release a viewing lease at once: the tab was hidden, left or closed."""
    await service.stop_viewing(session, principal, conversation_id=conversation_id, viewer_id=viewer_id)


@router.get("/conversations/{conversation_id}/audit-entries", responses=guarded(NotFound, Invalid))
async def list_conversation_audit_entries(
    conversation_id: UUID, principal: CanView, session: Session, paging: Paging
) -> Page[AuditEntryOut]:
    """The conversation's own trail, newest first (AUDIT-READ)."""
    await service.require_conversation(session, principal.organization_id, conversation_id)
    return await audit.page(
        session, audit_queries.entries_of_conversation(principal.organization_id, conversation_id), paging
    )
