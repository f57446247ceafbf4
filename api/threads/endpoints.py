"""The route of a thread."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from api.access.dependencies import CanView, guarded
from api.audit_log.types import AuditEntryOut
from api.conversations.models import MessageRow
from api.conversations.scheduled import ScheduledRow
from api.conversations.scheduled_types import ScheduledTextOut
from api.conversations.types import MessageOut
from api.kit.database import Session
from api.kit.errors import Invalid, NotFound
from api.kit.paging import DEFAULT_LIMIT, CursorQuery, LimitQuery, decode_cursor, encode_cursor, unknown_cursor
from api.kit.published import Published
from api.notes.service import NoteView
from api.notes.types import NoteOut
from api.threads import service
from api.threads.rules import FORM, Position
from api.threads.schemas import AuditEntryItem, MessageItem, NoteItem, ScheduledTextItem, ThreadItem, ThreadPageOut
from api.threads.service import Item, ThreadWindow

router = APIRouter(tags=["conversations"])

POSITION = Published(f"^{FORM}$")
ITEM = Published(f"^(?:{FORM}|[0-9]{{1,10}}|[0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}})$")

Place = Annotated[Annotated[str, POSITION] | None, Query(max_length=100, description="The position of an item.")]


async def thread_window(
    before: Place = None,
    after: Place = None,
    around: Annotated[
        Annotated[str, ITEM] | None,
        Query(max_length=100, description="A position, the seq of a message, or the id of an item of any kind."),
    ] = None,
    cursor: CursorQuery = None,
) -> ThreadWindow:
    if sum(each is not None for each in (before, after, around, cursor)) > 1:
        raise Invalid([("/query", "Use one of before, after, around and cursor.")])
    if cursor is not None:
        (before,) = decode_cursor(cursor, str)
        if Position.parse(before) is None:
            raise unknown_cursor()
    return ThreadWindow(before, after, around)


@router.get("/conversations/{conversation_id}/thread", responses=guarded(NotFound, Invalid))
async def get_thread(
    conversation_id: UUID,
    principal: CanView,
    session: Session,
    window: Annotated[ThreadWindow, Depends(thread_window)],
    limit: LimitQuery = DEFAULT_LIMIT,
) -> ThreadPageOut:
    """Messages, notes, audit entries and scheduled texts in one order: the newest, or those around a position.

    A text that was sent has no entry of its own here, nor has a visit: `/audit-entries` has them all.
    """
    page = await service.thread(session, principal, conversation_id, window, limit=limit)
    return ThreadPageOut(
        items=[item_out(each, with_wording=principal.is_admin) for each in page.items],
        next_cursor=encode_cursor(str(page.items[0].position)) if page.items and page.has_before else None,
        has_before=page.has_before,
        has_after=page.has_after,
    )


def item_out(item: Item, *, with_wording: bool) -> ThreadItem:
    position = str(item.position)
    match item.content:
        case MessageRow():
            return MessageItem(kind="message", position=position, message=MessageOut.of(item.content))
        case NoteView():
            return NoteItem(kind="note", position=position, note=NoteOut.of(item.content))
        case ScheduledRow():
            text = ScheduledTextOut.of(item.content)
            return ScheduledTextItem(kind="scheduled_text", position=position, scheduled_text=text)
        case (entry, names):
            shown = AuditEntryOut.of(entry, names, with_wording=with_wording)
            return AuditEntryItem(kind="audit_entry", position=position, audit_entry=shown)
