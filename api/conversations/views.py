"""Saved views of the inbox: a person's named filters."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.errors import NotAPerson
from api.access.rules import Principal
from api.conversations import team_queries
from api.conversations.models import InboxView
from api.directory import service as directory
from api.kit.errors import Conflict, NotFound
from api.kit.ids import new_id
from api.kit.preconditions import require_unchanged
from api.lines.service import require_line

MAX_VIEWS = 50
"""A person's own."""


async def list_views(session: AsyncSession, principal: Principal) -> Sequence[InboxView]:
    """The person's own views in their order, then those that colleagues share. Raises `NotAPerson`."""
    return await team_queries.views_of(session, principal.organization_id, _person(principal))


async def require_view(session: AsyncSession, principal: Principal, view_id: UUID) -> InboxView:
    """The person's own, or one that a colleague shares. Raises `NotAPerson` and `NotFound`."""
    return _one_of(await list_views(session, principal), view_id)


async def create_view(
    session: AsyncSession, principal: Principal, *, name: str, filter_: Mapping[str, Any], shared: bool
) -> InboxView:
    """Add a view after the person's others. Raises `NotAPerson`, and `Conflict` if they have `MAX_VIEWS`."""
    await _require_known(session, principal, filter_)
    own = await team_queries.lock_own_views(session, principal.organization_id, _person(principal))
    if len(own) >= MAX_VIEWS:
        raise Conflict(f"You have {MAX_VIEWS} saved views. Delete one first.")
    view = InboxView(
        organization_id=principal.organization_id,
        id=new_id(),
        staff_member_id=principal.id,
        name=name,
        filter=dict(filter_),
        shared=shared,
        position=len(own),
    )
    session.add(view)
    await session.flush()
    return view


async def change_view(
    session: AsyncSession, principal: Principal, view_id: UUID, changes: Mapping[str, Any]
) -> InboxView:
    """Change the name, the filter, whether it is shared, or its place. Raises `NotFound` for a view of others."""
    own = list(await team_queries.lock_own_views(session, principal.organization_id, _person(principal)))
    view = _one_of(own, view_id)
    await require_unchanged(session)
    await _require_known(session, principal, changes.get("filter", {}))
    for name in changes.keys() - {"position"}:
        setattr(view, name, changes[name])
    if "position" in changes:
        own.remove(view)
        own.insert(changes["position"], view)
        _number(own)
    await session.flush()
    return view


async def delete_view(session: AsyncSession, principal: Principal, view_id: UUID) -> None:
    """Delete one's own view; an administrator deletes any that is shared. Raises `NotFound`."""
    own = list(await team_queries.lock_own_views(session, principal.organization_id, _person(principal)))
    if principal.is_admin and view_id not in {each.id for each in own}:
        shared = await team_queries.views_of(session, principal.organization_id, principal.id)
        view = _one_of(shared, view_id)
        await require_unchanged(session)
        await session.delete(view)
    else:
        view = _one_of(own, view_id)
        await require_unchanged(session)
        own.remove(view)
        await session.delete(view)
        _number(own)
    await session.flush()


def _person(principal: Principal) -> UUID:
    if principal.staff_member_id is None:
        raise NotAPerson
    return principal.staff_member_id


def _one_of(views: Sequence[InboxView], view_id: UUID) -> InboxView:
    for view in views:
        if view.id == view_id:
            return view
    raise NotFound("There is no such view.")


def _number(views: Sequence[InboxView]) -> None:
    for position, view in enumerate(views):
        view.position = position


async def _require_known(session: AsyncSession, principal: Principal, filter_: Mapping[str, Any]) -> None:
    """Raises `NotFound` if the filter names a line or a staff member that is not in this organization."""
    if filter_.get("line_id") is not None:
        await require_line(session, principal.organization_id, UUID(filter_["line_id"]))
    assignee = filter_.get("assignee")
    if assignee is not None and assignee not in {"me", "none"}:
        await directory.require(session, directory.STAFF_MEMBER, principal.organization_id, UUID(assignee))
