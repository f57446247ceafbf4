"""Routes of sending."""

from fastapi import APIRouter

from api.access.dependencies import CanSend, guarded
from api.delivery import heartbeat
from api.delivery.schemas import SendingStatusOut
from api.kit.database import Session

router = APIRouter(tags=["messages"])


@router.get("/sending-status", responses=guarded())
async def sending_status(principal: CanSend, session: Session) -> SendingStatusOut:
    """Whether texts leave at the moment. The live event `sending_status` says when to ask again."""
    return SendingStatusOut.of(await heartbeat.sending_status(session, principal.organization_id))
