"""Routes of recipients: to whom a new text can go, and on which line."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.access.dependencies import CanView, guarded
from api.conversations import recipients
from api.conversations.recipient_schemas import RecipientOut, Recipients
from api.directory.search_rules import MAX_QUERY_CHARACTERS
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.phone import NumberOrSender
from api.kit.text import Length, SingleLine

router = APIRouter(tags=["conversations"])


@router.get("/recipients", responses=guarded(Conflict, Invalid))
async def find_recipients(
    principal: CanView,
    session: Session,
    q: Annotated[
        SingleLine,
        Length(1, MAX_QUERY_CHARACTERS),
        Query(description="Words of names, or a number or part of it."),
    ],
) -> Recipients:
    """Numbers to text, by the name of a family, a contact or a staff member, or by a number or a part of one.

    A whole number that is on no record is offered as itself.
    """
    found = await recipients.find_recipients(session, principal, q)
    return Recipients(items=[RecipientOut.of(each) for each in found])


@router.get("/recipients/{number}", responses=guarded(NotFound, Conflict, Invalid))
async def get_recipient(
    number: NumberOrSender, principal: CanView, session: Session, line_id: UUID | None = None
) -> RecipientOut:
    """On which line a new text to the number goes out, and why; with `line_id`, whether it may go out on that."""
    return RecipientOut.of(await recipients.recipient(session, principal, number, line_id=line_id))
