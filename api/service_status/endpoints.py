"""The route of the Service page."""

from fastapi import APIRouter

from api.access.dependencies import Administrator, guarded
from api.kit.database import Session
from api.service_status import service
from api.service_status.schemas import ServiceStatusOut

router = APIRouter(tags=["service"])


@router.get("/service-status", responses=guarded())
async def service_status(principal: Administrator, session: Session) -> ServiceStatusOut:
    """Workers and versions of the service, and queues and lines of the organization.

    `GET /sending-status` says to everybody who can send whether texts leave.
    """
    return ServiceStatusOut.of(await service.service_status(session, principal))
