"""Who has a conversation (ASSIGN): assigning, taking, releasing; releasing what somebody had who may view no more."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.organization_settings import replying_assigns
from api.access.rules import Principal
from api.access.viewers import former_viewers, lock_viewer
from api.audit import service as audit
from api.audit.rules import SYSTEM, Actor
from api.conversations import queries, team_queries
from api.conversations.lifecycle import Batch
from api.conversations.models import InboxRow
from api.conversations.service import lock_conversation, require_conversation
from api.directory.staff_changes import on_staff_changes
from api.kit.database import database_time
from api.kit.errors import Invalid

RELEASED_TOGETHER = 200


async def assign_conversation(
    session: AsyncSession, principal: Principal, conversation_id: UUID, *, staff_member_id: UUID | None
) -> InboxRow:
    """Give the conversation to a staff member, or to nobody. Nothing happens if they have it already.

    Raises `NotFound`, and `Invalid` for somebody who may not view conversations.
    """
    organization_id = principal.organization_id
    await require_conversation(session, organization_id, conversation_id)
    await require_viewer(session, organization_id, staff_member_id)
    row = await lock_conversation(session, organization_id, conversation_id)
    batch = Batch(organization_id, at=await database_time(session))
    batch.assign(row, staff_member_id, actor=principal.actor)
    await batch.write(session)
    return row


async def require_viewer(session: AsyncSession, organization_id: UUID, staff_member_id: UUID | None) -> None:
    """Lock the staff member. Raises `Invalid` for an id of nobody in this organization who has SMS Logs."""
    if staff_member_id is not None and await lock_viewer(session, organization_id, staff_member_id) is None:
        detail = "Use the id of a staff member who has SMS Logs and is not archived."
        raise Invalid([("/staff_member_id", detail)])


async def locked_if_replying_assigns(session: AsyncSession, principal: Principal) -> bool:
    """Whether a reply of the principal assigns a conversation that nobody has. Locks the principal if so."""
    if principal.staff_member_id is None or not await replying_assigns(session, principal.organization_id):
        return False
    return await lock_viewer(session, principal.organization_id, principal.staff_member_id) is not None


async def release_of_former_viewers(
    session: AsyncSession, organization_id: UUID, staff_member_ids: Sequence[UUID], actor: Actor
) -> None:
    """Release every conversation of those among these who may view conversations no more, in their transaction."""
    former = await former_viewers(session, organization_id, staff_member_ids)
    if former:
        await _release(session, organization_id, former, actor=actor, limit=None)


async def sweep_assignments(session: AsyncSession, organization_id: UUID) -> bool:
    """Release conversations of former viewers, who were changed by a version before 0023. Returns whether there may be
    more.
    """
    former = await team_queries.assigned_former_viewers(session, organization_id)
    if not former:
        return False
    released = await _release(session, organization_id, former, actor=SYSTEM, limit=RELEASED_TOGETHER)
    return released == RELEASED_TOGETHER


async def _release(
    session: AsyncSession, organization_id: UUID, staff_member_ids: Sequence[UUID], *, actor: Actor, limit: int | None
) -> int:
    ids = await team_queries.assigned_to(session, organization_id, staff_member_ids, limit=limit)
    if not ids:
        return 0
    rows = await queries.locked_rows(session, organization_id, ids)
    batch = Batch(organization_id, at=await database_time(session))
    released = 0
    for row in rows.values():
        if row.conversation.assignee_id in staff_member_ids:
            released += batch.assign(row, None, actor=actor)
    # The organization's chain comes before those of its conversations, and its entry after theirs.
    await audit.lock_organization_chain(session, organization_id)
    await batch.write(session)
    return released


on_staff_changes(release_of_former_viewers)
