"""Conversations as a notification shows them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.conversations import queries
from api.directory import service as directory
from api.directory.rules import display_name
from api.kit.phone import shown_number
from api.notifications.rules import Subject


async def describe(
    session: AsyncSession, organization_id: UUID, conversation_ids: Collection[UUID]
) -> dict[UUID, Subject]:
    """Each conversation's name, last message and viewers, read with a fixed number of statements."""
    rows = await queries.conversations_by_ids(session, organization_id, list(conversation_ids))
    holders = await directory.holders(session, organization_id, [row.number.id for row in rows.values()])
    country = await access.country_of_organization(session, organization_id)
    viewers: dict[UUID, set[UUID]] = {each: set() for each in rows}
    for viewer in await queries.active_viewers(session, organization_id, list(rows)):
        viewers[viewer.conversation_id].add(viewer.staff_member_id)
    return {
        conversation_id: Subject(
            conversation_id,
            display_name(holders[row.number.id], phone_number=shown_number(row.number.number, country=country)),
            row.conversation.last_message_preview or "",
            assignee_id=row.conversation.assignee_id,
            viewer_ids=frozenset(viewers[conversation_id]),
        )
        for conversation_id, row in rows.items()
    }
