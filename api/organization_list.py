"""Every organization with its size, for the operator."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from api.access import service as access
from api.conversations import service as conversations
from api.kit.database import Database
from api.lines import service as lines

PAGE = 200


class OrganizationSummary(NamedTuple):
    id: UUID
    slug: str
    name: str
    staff: int
    """Without archived ones."""
    lines: int
    last_text_at: datetime | None


async def organization_summaries(database: Database) -> AsyncIterator[OrganizationSummary]:
    """By slug, read in pages, each in a transaction of its own."""
    after_slug: str | None = None
    while True:
        async with database.transaction() as session:
            page = await access.organization_page(session, after_slug=after_slug, limit=PAGE)
            ids = [each.id for each in page]
            staff = await access.count_staff(session, ids)
            numbers = await lines.count_lines(session, ids)
            last = await conversations.last_message_times(session, ids)
        for each in page:
            yield OrganizationSummary(
                each.id, each.slug, each.name, staff.get(each.id, 0), numbers.get(each.id, 0), last.get(each.id)
            )
        if len(page) < PAGE:
            return
        after_slug = page[-1].slug
