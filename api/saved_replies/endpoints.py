"""Routes of saved replies."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.access.dependencies import CanView, guarded
from api.kit.database import Session
from api.kit.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging, decode_cursor
from api.kit.text import Body, storable
from api.saved_replies import service
from api.saved_replies.schemas import FilledReply, FillIn, SavedReplyIn, SavedReplyOut, SavedReplyPatch
from api.saved_replies.service import Key, ReplyChange

router = APIRouter(tags=["saved replies"])

Search = Annotated[Body | None, Query(alias="q", max_length=100, description="Words of the title and the text.")]


@router.get("/saved-replies", responses=guarded(Invalid))
async def list_saved_replies(
    principal: CanView, session: Session, paging: Paging, search: Search = None
) -> Page[SavedReplyOut]:
    """The business's and one's own, the most used first."""
    rows = await service.list_replies(
        session, principal, text=search, after=_after(paging.cursor), limit=paging.rows_to_read
    )
    shown, next_cursor = paging.cut(rows, lambda row: (row.uses, row.key, row.id))
    return Page(items=[SavedReplyOut.of(row) for row in shown], next_cursor=next_cursor)


def _after(cursor: str | None) -> Key | None:
    """Raises `Invalid`."""
    if not cursor:
        return None
    uses, key, reply_id = decode_cursor(cursor, int, str, str)
    try:
        if not 0 <= uses < 2**31:
            raise ValueError(uses)
        return uses, storable(key), UUID(reply_id)
    except ValueError as error:
        raise Invalid([("/query/cursor", "This is not a cursor of this list.")]) from error


@router.post(
    "/saved-replies",
    status_code=201,
    response_model=SavedReplyOut,
    responses=guarded(Forbidden, AlreadyExists, Conflict, Invalid),
)
async def create_saved_reply(
    body: SavedReplyIn, principal: CanView, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """One's own; an administrator makes those of the business too."""

    async def create() -> tuple[int, SavedReplyOut]:
        made = await service.create_reply(session, principal, title=body.title, body=body.body, scope=body.scope)
        await session.refresh(made)
        return 201, SavedReplyOut.of(made)

    return await once(
        session, create, key=idempotency_key, asked_by=principal, operation="create-saved-reply", request=body
    )


@router.patch("/saved-replies/{saved_reply_id}", responses=guarded(NotFound, AlreadyExists, Conflict, Invalid))
async def update_saved_reply(
    saved_reply_id: UUID, body: SavedReplyPatch, principal: CanView, session: Session
) -> SavedReplyOut:
    """Change one's own reply, or as an administrator one of the business."""
    change = ReplyChange(title=body.title, body=body.body)
    return SavedReplyOut.of(await service.change_reply(session, principal, saved_reply_id, change))


@router.delete("/saved-replies/{saved_reply_id}", status_code=204, responses=guarded(NotFound, Invalid))
async def delete_saved_reply(saved_reply_id: UUID, principal: CanView, session: Session) -> None:
    """Delete one's own reply, or as an administrator one of the business."""
    await service.delete_reply(session, principal, saved_reply_id)


@router.post("/saved-replies/{saved_reply_id}/fill", responses=guarded(NotFound, Invalid))
async def fill_saved_reply(saved_reply_id: UUID, body: FillIn, principal: CanView, session: Session) -> FilledReply:
    """The reply with its fields filled in for a conversation or a number. It is a use of the reply."""
    filled = await service.fill_reply(
        session,
        principal,
        saved_reply_id,
        conversation_id=body.conversation_id,
        phone_number=body.phone_number,
    )
    return FilledReply.of(filled)
