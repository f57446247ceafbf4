"""Reading and replacing the organization's links."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.errors import PermissionRequired
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.kit.ids import new_id
from api.kit.preconditions import require_unchanged
from api.links.models import OrganizationLink
from api.links.rules import LinkTemplate


async def link_templates(session: AsyncSession, organization_id: UUID) -> list[LinkTemplate]:
    """In their order."""
    rows = await session.execute(
        select(OrganizationLink.label, OrganizationLink.url_template)
        .where(OrganizationLink.organization_id == organization_id)
        .order_by(OrganizationLink.position)
    )
    return [LinkTemplate(label, template) for label, template in rows]


async def replace_links(session: AsyncSession, principal: Principal, wanted: Sequence[LinkTemplate]) -> None:
    """Raises `PermissionRequired` unless the principal is an administrator."""
    if not principal.is_admin:
        raise PermissionRequired(None)
    organization_id = principal.organization_id
    # Two replacements at once would leave the links of both.
    await session.execute(text("SELECT 1 FROM organizations WHERE id = :id FOR NO KEY UPDATE"), {"id": organization_id})
    await require_unchanged(session)
    before = await link_templates(session, organization_id)
    if list(wanted) == before:
        return
    await session.execute(
        delete(OrganizationLink)
        .where(OrganizationLink.organization_id == organization_id)
        .execution_options(synchronize_session=False)
    )
    session.add_all(
        OrganizationLink(
            organization_id=organization_id,
            id=new_id(),
            label=each.label,
            url_template=each.url_template,
            position=position,
        )
        for position, each in enumerate(wanted)
    )
    await session.flush()
    details = {"from": _said(before), "to": _said(wanted)}
    await audit.record(
        session, organization_id, NewEntry(Action.ORGANIZATION_LINKS_CHANGED, principal.actor, details=details)
    )


def _said(links: Sequence[LinkTemplate]) -> list[dict[str, str]]:
    return [{"label": each.label, "url_template": each.url_template} for each in links]
