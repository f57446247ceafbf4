"""An organization's settings of mass texts: hours, header and footer, and when somebody has to confirm (PERM-ADMIN)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import organization_settings
from api.access import service as access
from api.access.models import Organization
from api.access.rules import Principal
from api.away.rules import WEEKDAYS, OpeningHours
from api.broadcasts.service import require_mass_text
from api.kit.errors import Invalid


async def mass_text_settings(session: AsyncSession, principal: Principal) -> Organization:
    """Whoever sends mass texts reads them. Raises `PermissionRequired`."""
    require_mass_text(principal)
    return await access.organization(session, principal.organization_id)


async def change_mass_text_settings(
    session: AsyncSession, principal: Principal, wanted: Mapping[str, Any], *, hours: OpeningHours | None
) -> Organization:
    """Set the named columns; `hours` only if they are named. Mass texts on their way follow the new hours at once.

    Raises `PermissionRequired` (PERM-ADMIN), and `Invalid` for hours that contradict each other.
    """
    if hours is not None:
        problems = [(f"/hours/{day}", problem) for day in WEEKDAYS if (problem := hours.problem(day))]
        if not any(hours.spans.get(day) for day in WEEKDAYS):
            problems.append(("/hours", "Give the hours of one day at least, or null for any."))
        if problems:
            raise Invalid(problems)
    return await organization_settings.change_organization_settings(session, principal, wanted)
