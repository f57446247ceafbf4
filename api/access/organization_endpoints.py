"""Routes of an organization's settings."""

from fastapi import APIRouter

from api.access import organization_settings as service
from api.access.dependencies import Administrator, guarded
from api.access.preconditions import if_match
from api.access.schemas import OrganizationSettingsIn, OrganizationSettingsOut
from api.kit.database import Session
from api.kit.errors import Invalid

router = APIRouter(tags=["access"])


@router.get("/organization/settings", responses=guarded())
async def get_organization_settings(principal: Administrator, session: Session) -> OrganizationSettingsOut:
    """What administrators can set for the whole organization."""
    return OrganizationSettingsOut.model_validate(await service.organization_settings(session, principal))


@router.patch("/organization/settings", dependencies=[if_match(get_organization_settings)], responses=guarded(Invalid))
async def change_organization_settings(
    body: OrganizationSettingsIn, principal: Administrator, session: Session
) -> OrganizationSettingsOut:
    """Change the settings that the body names."""
    wanted = body.model_dump(exclude_none=True)
    return OrganizationSettingsOut.model_validate(
        await service.change_organization_settings(session, principal, wanted)
    )
