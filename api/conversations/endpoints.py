"""Routes of conversations: the inbox, starting, viewing, closing and reopening, the indicator."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access.dependencies import CanSend, CanView, guarded
from api.access.preconditions import if_match
from api.access.rules import Principal
from api.consent.errors import NotAllowedToText
from api.consent.types import OptInCheckOut, OptInInstance, RefusalOut
from api.conversations import service, viewing
from api.conversations.errors import NewMessages
from api.conversations.inbox_queries import InboxFilter, InboxSort, NobodysOwn, sort_key
from api.conversations.lifecycle import reminder_of
from api.conversations.message_rules import Direction
from api.conversations.models import InboxRow
from api.conversations.rules import Status
from api.conversations.schemas import (
    Assignee,
    CloseIn,
    ConversationDetail,
    ConversationIn,
    ConversationOut,
    ConversationPatch,
    IndicatorOut,
    LastMessage,
    LineLabel,
    PhoneNumberOut,
    ReminderOut,
    StaffRef,
    ViewerIn,
    ViewerOut,
    ViewingOut,
)
from api.conversations.sending import line_of
from api.conversations.service import ConversationView
from api.conversations.types import SentBy
from api.directory.fields import Tag
from api.directory.named import named_number
from api.directory.types import HolderOut
from api.kit.app_state import from_app
from api.kit.changes import ChangesQuery, UpdatedSince
from api.kit.database import Session
from api.kit.errors import Conflict, Forbidden, Invalid, NotFound
from api.kit.folding import fold_name
from api.kit.idempotency import IdempotencyInProgress, IdempotencyKeyHeader, IdempotencyMismatch, once
from api.kit.metadata import MetadataChange, change_of
from api.kit.metadata_filter import MetadataFilter
from api.kit.paging import Page, Paging
from api.kit.phone import NumberOrSender
from api.providers.port import MessageStatus
from api.settings import Settings

router = APIRouter(tags=["conversations"])

ASSIGNEE = "A staff member's id; `me`, who must be a person; or `none`: nobody has it."
SORT = "The newest first, or whoever has waited longest."
NOT_SENT = "Whether a text of theirs did not go, and nobody has seen to it (NOT-SENT)."


def assignee_of(principal: Principal, given: UUID | Assignee | None) -> UUID | NobodysOwn | None:
    """Raises `Invalid` for `me` of an API key."""
    if given is Assignee.NONE:
        return NobodysOwn.NONE
    if given is Assignee.ME:
        if principal.staff_member_id is None:
            raise Invalid([("/query/assignee", "An API key has no conversations. Use a staff member's id.")])
        return principal.staff_member_id
    return given


@router.get("/indicator", responses=guarded())
async def indicator(principal: CanView, session: Session) -> IndicatorOut:
    """The two badges of the Messenger icon, computed from the rows."""
    return IndicatorOut.model_validate(await service.indicator(session, principal))


async def holder_filter(
    principal: CanView,
    session: Session,
    metadata: MetadataFilter,
    phone_number: Annotated[NumberOrSender | None, Query(description="Conversations with this number.")] = None,
    family_id: Annotated[UUID | None, Query(description="Conversations with numbers of this family.")] = None,
    staff_member_id: Annotated[UUID | None, Query(description="Conversations with numbers of this person.")] = None,
    tag: Annotated[Tag | None, Query(description="A tag of a family or a staff member who holds the number.")] = None,
) -> InboxFilter:
    """Whose conversations, or which by their metadata."""
    number: str | None = None
    if phone_number is not None:
        number = await named_number(session, principal.organization_id, phone_number, pointer="/query/phone_number")
    key = None if tag is None else fold_name(tag)
    return InboxFilter(
        phone_number=number, family_id=family_id, staff_member_id=staff_member_id, tag=key, metadata=metadata
    )


async def inbox_filter(
    principal: CanView,
    whose: Annotated[InboxFilter, Depends(holder_filter)],
    status: Annotated[Status | None, Query(description="Conversations with this status.")] = None,
    line_id: Annotated[UUID | None, Query(description="Conversations on this line.")] = None,
    assignee: Annotated[UUID | Assignee | None, Query(description=ASSIGNEE)] = None,
    not_sent: Annotated[bool | None, Query(description=NOT_SENT)] = None,
    later: Annotated[bool | None, Query(description="Whether they are deferred (REMIND).")] = None,
) -> InboxFilter:
    return replace(
        whose,
        status=status,
        line_id=line_id,
        assignee=assignee_of(principal, assignee),
        not_sent=not_sent,
        later=later,
    )


@router.get("/conversations", responses=guarded(NotFound, Invalid))
async def list_conversations(
    principal: CanView,
    session: Session,
    paging: Paging,
    narrowed: Annotated[InboxFilter, Depends(inbox_filter)],
    sort: Annotated[InboxSort, Query(description=SORT)] = InboxSort.NEWEST,
    updated_since: UpdatedSince = None,
) -> Page[ConversationOut]:
    """The inbox, newest first, or with whoever has waited longest first. With `updated_since`, by time of change.

    `status=open` leaves out what is in "Later"; `later=true` lists that. A holder's new name does not count as a
    change of the conversation.
    """
    shown: Sequence[InboxRow]
    if updated_since is not None:
        if sort is not InboxSort.NEWEST:
            raise Invalid([("/query/sort", "A list by time of change has no other order. Leave one of both out.")])
        changes = await ChangesQuery.of(paging, updated_since).begun(session)
        changed = await service.changed_conversations(session, principal, narrowed, changes)
        shown, next_cursor = changes.cut(changed, lambda row: (row.conversation.updated_at, row.conversation.id))
    else:
        rows = await service.inbox(
            session, principal, narrowed, sort=sort, before=paging.time_key(), limit=paging.rows_to_read
        )
        shown, next_cursor = paging.cut(rows, lambda row: sort_key(row, sort))
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
        line = await line_of(session, principal.organization_id, number, line_id=body.line_id)
        # What is given is set, whether the conversation is new or not.
        metadata = MetadataChange(body.metadata) if body.metadata else None
        row, is_new = await service.start_conversation(session, principal, number=number, line=line, metadata=metadata)
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


@router.patch(
    "/conversations/{conversation_id}", dependencies=[if_match(get_conversation)], responses=guarded(NotFound, Invalid)
)
async def update_conversation(
    conversation_id: UUID, body: ConversationPatch, principal: CanView, session: Session
) -> ConversationDetail:
    """Change the metadata of a conversation."""
    row = await service.change_metadata(session, principal, conversation_id, change_of(body))
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


@router.post(
    "/conversations/{conversation_id}/reopen",
    dependencies=[if_match(get_conversation)],
    response_model=ConversationDetail,
    responses=guarded(NotFound, IdempotencyInProgress, IdempotencyMismatch, Invalid),
)
async def reopen_conversation(
    conversation_id: UUID, principal: CanView, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Open a closed conversation; any other stays as it is."""

    async def reopen() -> tuple[int, ConversationDetail]:
        row = await viewing.reopen_conversation(session, principal, conversation_id)
        return 200, conversation_detail(await service.view_of(session, principal, row))

    return await once(
        session,
        reopen,
        key=idempotency_key,
        asked_by=principal,
        operation=f"reopen-conversation/{conversation_id}",
        request=None,
    )


@router.post(
    "/conversations/{conversation_id}/close",
    dependencies=[if_match(get_conversation)],
    response_model=ConversationDetail,
    responses=guarded(NotFound, NewMessages, IdempotencyInProgress, IdempotencyMismatch, Invalid),
)
async def close_conversation(
    conversation_id: UUID,
    body: CloseIn,
    principal: CanView,
    session: Session,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Mark it complete: 409 with the message if one has arrived that was not seen."""

    async def close() -> tuple[int, ConversationDetail]:
        row = await viewing.close_conversation(session, principal, conversation_id, seen_seq=body.seen_seq)
        return 200, conversation_detail(await service.view_of(session, principal, row))

    return await once(
        session,
        close,
        key=idempotency_key,
        asked_by=principal,
        operation=f"close-conversation/{conversation_id}",
        request=body,
    )


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
    row, expires_at = await viewing.view_conversation(
        session,
        principal,
        conversation_id=conversation_id,
        viewer_id=viewer_id,
        seen_seq=body.seen_seq,
        lease=timedelta(seconds=from_app(request, Settings).viewer_lease_seconds),
        confirm_within=timedelta(seconds=from_app(request, Settings).seen_deadline_seconds),
    )
    conversation = row.conversation
    return ViewingOut(
        viewer_id=viewer_id,
        expires_at=expires_at,
        version=row.version,
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
        version=view.row.version,
        line_id=conversation.line_id,
        line=LineLabel.model_validate(view.line),
        phone_number=number.number,
        display_name=view.display_name,
        status=Status(conversation.status),
        unread_messages=conversation.unread_messages,
        last_seq=conversation.last_seq,
        seen_seq=conversation.seen_seq,
        last_message=_last_message(view),
        last_message_at=conversation.last_message_at,
        scheduled_at=view.scheduled_at,
        holders=[HolderOut.of(holder) for holder in view.holders],
        opted_out=view.is_opted_out,
        viewers=[ViewerOut.model_validate(viewer) for viewer in view.viewers],
        assignee=_staff(view, conversation.assignee_id),
        reminder=_reminder(view),
        not_sent=conversation.not_sent + view.held,
        waiting_since=None if conversation.status == Status.CLOSED else conversation.waiting_since,
        metadata=conversation.metadata_,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
    )


def _staff(view: ConversationView, staff_member_id: UUID | None) -> StaffRef | None:
    return None if staff_member_id is None else StaffRef(id=staff_member_id, name=view.staff_names[staff_member_id])


def _reminder(view: ConversationView) -> ReminderOut | None:
    reminder = reminder_of(view.row.conversation)
    if reminder is None:
        return None
    return ReminderOut(
        at=reminder.at,
        unless_answered=reminder.unless_answered,
        set_by=_staff(view, reminder.set_by),
        due=reminder.is_due,
    )


def conversation_detail(view: ConversationView) -> ConversationDetail:
    return ConversationDetail(
        **dict(conversation_out(view)),
        opt_in_check=OptInCheckOut.of(view.check),
        notice=view.notice,
        max_segments=view.limits.segments,
        max_attachments=view.limits.attachments,
        max_attachment_bytes=view.limits.attachment_bytes,
    )


def _last_message(view: ConversationView) -> LastMessage | None:
    conversation = view.row.conversation
    direction, status = conversation.last_message_direction, conversation.last_message_status
    if conversation.last_message_created_at is None or direction is None or status is None:
        return None
    return LastMessage(
        seq=conversation.last_seq,
        direction=Direction(direction),
        preview=conversation.last_message_preview or "",
        erased=conversation.last_message_preview is None,
        created_at=conversation.last_message_created_at,
        status=MessageStatus(status),
        sent_by=SentBy.model_validate(view.last_sender) if view.last_sender else None,
    )
