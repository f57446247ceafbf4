"""Routes of conversations: the inbox, starting, viewing, closing and reopening, the indicator."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.access.dependencies import CanSend, CanView, guarded
from api.consent.errors import NotAllowedToText
from api.consent.types import OptInCheckOut, OptInInstance, RefusalOut
from api.conversations import service, viewing
from api.conversations.errors import NewMessages
from api.conversations.queries import InboxFilter
from api.conversations.rules import Status
from api.conversations.schemas import (
    CloseIn,
    ConversationDetail,
    ConversationIn,
    ConversationOut,
    IndicatorOut,
    LastMessage,
    PhoneNumberOut,
    ViewerIn,
    ViewerOut,
    ViewingOut,
)
from api.conversations.service import ConversationView
from api.conversations.types import SentBy
from api.directory.named import named_number
from api.directory.types import HolderOut
from api.kit.app_state import from_app
from api.kit.database import Session
from api.kit.errors import Conflict, Forbidden, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging
from api.kit.phone import NumberOrSender
from api.lines import service as lines
from api.settings import Settings

router = APIRouter(tags=["conversations"])


@router.get("/indicator", responses=guarded())
async def indicator(principal: CanView, session: Session) -> IndicatorOut:
    """The two badges of the Messenger icon, computed from the rows."""
    return IndicatorOut.model_validate(await service.indicator(session, principal))


async def inbox_filter(
    principal: CanView,
    session: Session,
    status: Status | None = None,
    phone_number: NumberOrSender | None = None,
    family_id: UUID | None = None,
    staff_member_id: UUID | None = None,
    line_id: UUID | None = None,
) -> InboxFilter:
    number: str | None = None
    if phone_number is not None:
        number = await named_number(session, principal.organization_id, phone_number, pointer="/query/phone_number")
    return InboxFilter(status, number, family_id, staff_member_id, line_id)


@router.get("/conversations", responses=guarded(NotFound, Invalid))
async def list_conversations(
    principal: CanView,
    session: Session,
    paging: Paging,
    narrowed: Annotated[InboxFilter, Depends(inbox_filter)],
) -> Page[ConversationOut]:
    """The inbox, newest first."""
    rows = await service.inbox(session, principal, narrowed, before=paging.time_key(), limit=paging.rows_to_read)
    shown, next_cursor = paging.cut(rows, lambda row: (row.conversation.last_message_at, row.conversation.id))
    views = await service.views_of(session, principal, shown)
    return Page(items=[conversation_out(view) for view in views], next_cursor=next_cursor)


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
    """The conversation with a number: 201 if it is new, 200 if it exists, 409 if it may not be started."""

    async def start() -> tuple[int, ConversationDetail]:
        number = await named_number(session, principal.organization_id, body.phone_number, pointer="/phone_number")
        line = await lines.line_or_default(session, principal.organization_id, body.line_id)
        row, is_new = await service.start_conversation(session, principal, number=number, line=line)
        view = await service.view_of(session, principal, row)
        return 201 if is_new else 200, conversation_detail(view)

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
    """One conversation, with its opt-in check, its holders and its viewers."""
    row = await service.require_conversation(session, principal.organization_id, conversation_id)
    return conversation_detail(await service.view_of(session, principal, row))


@router.get("/phone-numbers/{number}", responses=guarded(NotFound, Conflict, Invalid))
async def get_phone_number(number: NumberOrSender, principal: CanView, session: Session) -> PhoneNumberOut:
    """A number's consent, records, refusals and conversations."""
    view = await service.phone_number_view(session, principal, number)
    return PhoneNumberOut(
        phone_number=view.number.number,
        stopped_at=view.number.stopped_at,
        consent=OptInCheckOut.of(view.check),
        records=[OptInInstance.of(each) for each in view.check.instances if each.removal is None],
        refusals=[RefusalOut.model_validate(each) for each in view.refusals],
        conversations=[conversation_out(each) for each in view.conversations],
    )


@router.post("/conversations/{conversation_id}/reopen", responses=guarded(NotFound, Invalid))
async def reopen_conversation(conversation_id: UUID, principal: CanView, session: Session) -> ConversationDetail:
    """Open a closed conversation; any other stays as it is."""
    row = await viewing.reopen_conversation(session, principal, conversation_id)
    return conversation_detail(await service.view_of(session, principal, row))


@router.post("/conversations/{conversation_id}/close", responses=guarded(NotFound, NewMessages, Invalid))
async def close_conversation(
    conversation_id: UUID, body: CloseIn, principal: CanView, session: Session
) -> ConversationDetail:
    """Mark it complete: 409 with the message if one has arrived that was not seen."""
    row = await viewing.close_conversation(session, principal, conversation_id, seen_seq=body.seen_seq)
    return conversation_detail(await service.view_of(session, principal, row))


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
) -> ViewingOut:
    """Start or renew a viewing lease for a tab, and confirm what it has shown."""
    conversation, expires_at = await viewing.view_conversation(
        session,
        principal,
        conversation_id=conversation_id,
        viewer_id=viewer_id,
        seen_seq=body.seen_seq,
        lease=timedelta(seconds=from_app(request, Settings).viewer_lease_seconds),
        confirm_within=timedelta(seconds=from_app(request, Settings).seen_deadline_seconds),
    )
    return ViewingOut(
        viewer_id=viewer_id,
        expires_at=expires_at,
        status=Status(conversation.status),
        seen_seq=conversation.seen_seq,
        last_seq=conversation.last_seq,
        unread_messages=conversation.unread_messages,
    )


@router.delete(
    "/conversations/{conversation_id}/viewers/{viewer_id}",
    status_code=204,
    responses=guarded(NotFound, Invalid),
)
async def stop_viewing(conversation_id: UUID, viewer_id: UUID, principal: CanView, session: Session) -> None:
    """Release a viewing lease at once: the tab was hidden, left or closed."""
    await viewing.stop_viewing(session, principal, conversation_id=conversation_id, viewer_id=viewer_id)


def conversation_out(view: ConversationView) -> ConversationOut:
    conversation, number = view.row
    return ConversationOut(
        id=conversation.id,
        line_id=conversation.line_id,
        phone_number=number.number,
        display_name=view.display_name,
        status=Status(conversation.status),
        unread_messages=conversation.unread_messages,
        last_seq=conversation.last_seq,
        seen_seq=conversation.seen_seq,
        last_message=_last_message(view),
        last_message_at=conversation.last_message_at,
        holders=[HolderOut.of(holder) for holder in view.holders],
        opted_out=view.is_opted_out,
        viewers=[ViewerOut.model_validate(viewer) for viewer in view.viewers],
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
    )


def conversation_detail(view: ConversationView) -> ConversationDetail:
    return ConversationDetail(
        **dict(conversation_out(view)),
        opt_in_check=OptInCheckOut.of(view.check),
        notice=view.notice,
        max_segments=view.max_segments,
    )


def _last_message(view: ConversationView) -> LastMessage | None:
    conversation = view.row.conversation
    if conversation.last_message_created_at is None:
        return None
    return LastMessage(
        seq=conversation.last_seq,
        direction=conversation.last_message_direction or "",
        preview=conversation.last_message_preview or "",
        erased=conversation.last_message_preview is None,
        created_at=conversation.last_message_created_at,
        status=conversation.last_message_status or "",
        sent_by=SentBy.model_validate(view.last_sender) if view.last_sender else None,
    )
