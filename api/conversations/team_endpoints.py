"""Routes of a team's work: who has a conversation, "Later", texts that were not sent, typing, acts on many."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request

from api.access.dependencies import CanView, guarded
from api.access.preconditions import if_match
from api.conversations import assignment, bulk, not_sent, reminders, service, typing_presence
from api.conversations.endpoints import conversation_detail, conversation_out, get_conversation
from api.conversations.errors import NewMessages
from api.conversations.schemas import ConversationDetail
from api.conversations.team_schemas import AssigneeIn, BulkIn, BulkItemOut, BulkOut, ReminderIn
from api.conversations.typing_presence import TypingLimits
from api.kit.app_state import from_app
from api.kit.database import Session
from api.kit.errors import Conflict, Forbidden, Invalid, NotFound

router = APIRouter(tags=["conversations"])

UndoId = Annotated[UUID, Path(description="The `undo_id` of a bulk act")]


@router.put(
    "/conversations/{conversation_id}/assignee",
    dependencies=[if_match(get_conversation)],
    responses=guarded(NotFound, Invalid),
)
async def assign_conversation(
    conversation_id: UUID, body: AssigneeIn, principal: CanView, session: Session
) -> ConversationDetail:
    """Give the conversation to a staff member with SMS Logs, or to nobody (ASSIGN)."""
    row = await assignment.assign_conversation(
        session, principal, conversation_id, staff_member_id=body.staff_member_id
    )
    return conversation_detail(await service.view_of(session, principal, row))


@router.put(
    "/conversations/{conversation_id}/reminder",
    dependencies=[if_match(get_conversation)],
    responses=guarded(NotFound, NewMessages, Invalid),
)
async def defer_conversation(
    conversation_id: UUID, body: ReminderIn, principal: CanView, session: Session
) -> ConversationDetail:
    """Defer the conversation: it goes to "Later", and comes back at that time or when a text comes (REMIND)."""
    row = await reminders.defer_conversation(
        session,
        principal,
        conversation_id,
        at=body.at,
        unless_answered=body.unless_answered,
        seen_seq=body.seen_seq,
    )
    return conversation_detail(await service.view_of(session, principal, row))


@router.delete(
    "/conversations/{conversation_id}/reminder",
    dependencies=[if_match(get_conversation)],
    responses=guarded(NotFound, Invalid),
)
async def remove_reminder(conversation_id: UUID, principal: CanView, session: Session) -> ConversationDetail:
    """Take the conversation back from "Later", or remove the mark of a reminder that was due."""
    row = await reminders.remove_reminder(session, principal, conversation_id)
    return conversation_detail(await service.view_of(session, principal, row))


@router.post(
    "/conversations/{conversation_id}/not-sent/dismiss",
    dependencies=[if_match(get_conversation)],
    responses=guarded(NotFound, Invalid),
)
async def dismiss_not_sent(conversation_id: UUID, principal: CanView, session: Session) -> ConversationDetail:
    """Nobody needs to see to its texts that were not sent (NOT-SENT)."""
    row = await not_sent.dismiss_not_sent(session, principal, conversation_id)
    return conversation_detail(await service.view_of(session, principal, row))


@router.post(
    "/conversations/{conversation_id}/typing", status_code=204, responses=guarded(NotFound, Forbidden, Invalid)
)
async def announce_typing(conversation_id: UUID, principal: CanView, session: Session, request: Request) -> None:
    """Colleagues see for six seconds that one is writing, and not what (TYPING). Repeat it every three seconds."""
    await typing_presence.announce_typing(session, principal, conversation_id, limits=from_app(request, TypingLimits))


@router.post("/conversations/bulk", responses=guarded(Invalid))
async def act_on_conversations(body: BulkIn, principal: CanView, session: Session) -> BulkOut:
    """One act on up to 200 conversations. Each has its own result; what cannot be done leaves the others done."""
    return await _bulk_out(session, principal, await bulk.act_on_many(session, principal, body.act()))


@router.post("/conversations/bulk/{undo_id}/undo", responses=guarded(NotFound, Conflict, Invalid))
async def undo_bulk_act(undo_id: UndoId, principal: CanView, session: Session) -> BulkOut:
    """Give the conversations of one's own act the state that they had before, once, within an hour."""
    return await _bulk_out(session, principal, await bulk.undo_many(session, principal, undo_id))


async def _bulk_out(session: Session, principal: CanView, outcome: bulk.BulkOutcome) -> BulkOut:
    views = await service.views_of(session, principal, outcome.rows)
    shown = {view.row.conversation.id: conversation_out(view) for view in views}
    return BulkOut(
        items=[
            BulkItemOut(id=conversation_id, result=result, conversation=shown.get(conversation_id))
            for conversation_id, result in outcome.results.items()
        ],
        undo_id=outcome.undo_id,
    )
