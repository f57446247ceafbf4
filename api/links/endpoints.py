"""Routes of the organization's links."""

from fastapi import APIRouter

from api.access.dependencies import Administrator, CanView, guarded
from api.access.preconditions import if_match
from api.kit.database import Session
from api.kit.errors import Invalid
from api.links import service
from api.links.rules import LinkTemplate
from api.links.schemas import LinksIn, LinksOut, LinkTemplateOut

router = APIRouter(tags=["organization"])


@router.get("/organization/links", responses=guarded())
async def get_organization_links(principal: CanView, session: Session) -> LinksOut:
    """The links into other systems of the business that are shown beside a conversation."""
    templates = await service.link_templates(session, principal.organization_id)
    return LinksOut(links=[LinkTemplateOut.model_validate(each) for each in templates])


@router.put(
    "/organization/links", dependencies=[if_match(get_organization_links, is_required=True)], responses=guarded(Invalid)
)
async def put_organization_links(body: LinksIn, principal: Administrator, session: Session) -> LinksOut:
    """Replace them all."""
    await service.replace_links(
        session, principal, [LinkTemplate(each.label, each.url_template) for each in body.links]
    )
    return await get_organization_links(principal, session)
