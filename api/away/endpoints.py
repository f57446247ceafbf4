"""Routes of opening hours and the away message."""

from fastapi import APIRouter

from api.access.dependencies import Administrator, CanView, guarded
from api.access.preconditions import if_match
from api.away import service
from api.away.schemas import AwayIn, AwayOut
from api.kit.database import Session
from api.kit.errors import Invalid

router = APIRouter(tags=["organization"])


@router.get("/organization/away", responses=guarded())
async def get_away(principal: CanView, session: Session) -> AwayOut:
    """The opening hours, and the message that answers texts outside them."""
    return AwayOut.of(await service.away_state(session, principal))


@router.put("/organization/away", dependencies=[if_match(get_away, is_required=True)], responses=guarded(Invalid))
async def change_away(body: AwayIn, principal: Administrator, session: Session) -> AwayOut:
    """Replace the opening hours and the away message.

    A number gets it once in each closed period. It leaves the conversation unread, and counts as no answer.
    """
    return AwayOut.of(await service.change_away(session, principal, body.settings()))
