"""Settings of an organization that its administrators change. Each is a column of `organizations`."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries
from api.access.errors import PermissionRequired
from api.access.models import Organization
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.kit.preconditions import require_unchanged


async def organization_settings(session: AsyncSession, principal: Principal) -> Organization:
    """Raises `PermissionRequired` (PERM-ADMIN)."""
    if not principal.is_admin:
        raise PermissionRequired(None)
    return await queries.organization(session, principal.organization_id)


async def change_organization_settings(
    session: AsyncSession, principal: Principal, wanted: Mapping[str, object]
) -> Organization:
    """Set the named columns. What changes is one audit entry. Raises `PermissionRequired` (PERM-ADMIN)."""
    if not principal.is_admin:
        raise PermissionRequired(None)
    organization = await queries.lock_organization(session, principal.organization_id)
    await require_unchanged(session)
    changes = {
        name: {"from": getattr(organization, name), "to": value}
        for name, value in wanted.items()
        if getattr(organization, name) != value
    }
    if changes:
        for name in changes:
            setattr(organization, name, wanted[name])
        entry = NewEntry(Action.ORGANIZATION_UPDATED, principal.actor, details={"changes": changes})
        await audit.record(session, principal.organization_id, entry)
    return organization


async def replying_assigns(session: AsyncSession, organization_id: UUID) -> bool:
    """Whether whoever answers a conversation that nobody has gets it (ASSIGN)."""
    return (await queries.organization(session, organization_id)).replying_assigns
