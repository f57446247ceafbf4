"""Finding the living records that a person names to text somebody (TO-NAME)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.directory import prefix_queries
from api.directory.rules import StoredFamily, StoredStaffMember
from api.directory.search_queries import Listed
from api.directory.service import FAMILY, STAFF_MEMBER, list_records
from api.directory.types import AudienceFilter
from api.kit.paging import PageQuery


async def find_records(
    session: AsyncSession, organization_id: UUID, text: str, *, limit: int
) -> tuple[Sequence[StoredFamily], Sequence[StoredStaffMember]]:
    """Living families and staff members with the name or number, about `limit` of each.

    Those whose name, or whose contact's name, begins with the text are among them, however many others there are.
    """
    listed = Listed(organization_id, AudienceFilter(q=text), PageQuery(limit=limit, cursor=None))
    families, _ = await list_records(session, FAMILY, listed)
    staff_members, _ = await list_records(session, STAFF_MEMBER, listed)
    known = {each.id for each in families}
    beginning = await prefix_queries.families_beginning(session, organization_id, text, limit=limit)
    others = [each for each in beginning if each not in known]
    return [*families, *await FAMILY.read(session, organization_id, others)], staff_members
