"""Routes of scheduled texts. `POST /conversations/{id}/messages` schedules one."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.access.dependencies import CanSend, CanView, guarded
from api.consent.errors import NotAllowedToText
from api.conversations import scheduled
from api.conversations.errors import NewMessages
from api.conversations.scheduled import ScheduledRow
from api.conversations.scheduled_schemas import MessagePatch, ScheduledTexts, SendNowIn
from api.conversations.scheduled_types import ScheduledTextOut
from api.conversations.types import MessageOut
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.metadata import change_of
from api.prices.errors import NoCredits

router = APIRouter(tags=["messages"])

SENT_ANYWAY = SendNowIn()
"""The body that is left out."""


@router.get("/conversations/{conversation_id}/scheduled", responses=guarded(NotFound, Invalid))
async def list_scheduled_texts(conversation_id: UUID, principal: CanView, session: Session) -> ScheduledTexts:
    """The texts of a conversation that leave later or are held back, the earliest first."""
    rows = await scheduled.scheduled_texts(session, principal, conversation_id)
    return ScheduledTexts(items=[ScheduledTextOut.of(row) for row in rows])


@router.patch("/messages/{message_id}", responses=guarded(NotFound, NotAllowedToText, NewMessages, Conflict, Invalid))
async def change_message(
    message_id: UUID, body: MessagePatch, principal: CanSend, session: Session
) -> ScheduledTextOut | MessageOut:
    """Change a message's metadata; or change or reschedule a text that has not left: one that is held back waits again.

    With `metadata` alone, the author of a text that has not left stays, and one that is held back stays so.
    """
    if body.has_metadata_alone:
        row = await scheduled.change_metadata(session, principal, message_id, change_of(body))
        return ScheduledTextOut.of(row) if isinstance(row, ScheduledRow) else MessageOut.of(row)
    return ScheduledTextOut.of(await scheduled.change_scheduled(session, principal, message_id, body.change()))


@router.delete("/messages/{message_id}", status_code=204, responses=guarded(NotFound, Conflict, Invalid))
async def withdraw_scheduled_text(message_id: UUID, principal: CanSend, session: Session) -> None:
    """Withdraw a text that has not left."""
    await scheduled.withdraw(session, principal, message_id)


@router.post(
    "/messages/{message_id}/send",
    status_code=201,
    response_model=MessageOut,
    responses=guarded(NotFound, NotAllowedToText, NewMessages, NoCredits, Conflict, Invalid),
)
async def send_scheduled_text(
    message_id: UUID,
    principal: CanSend,
    session: Session,
    body: SendNowIn = SENT_ANYWAY,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Send a scheduled or held text now, as a text of the person who asks."""

    async def send() -> tuple[int, MessageOut]:
        row = await scheduled.send_now(session, principal, message_id, seen_seq=body.seen_seq)
        return 201, MessageOut.of(row)

    return await once(
        session,
        send,
        key=idempotency_key,
        asked_by=principal,
        operation=f"send-scheduled/{message_id}",
        request=body,
    )
