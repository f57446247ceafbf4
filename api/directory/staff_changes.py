"""Tells the slices above when staff members have changed, in the transaction of the change.

A slice that keeps something for staff members registers a listener with `on_staff_changes` when it is imported.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.rules import Actor
from api.directory.plan import Plan
from api.directory.rules import OwnerKind

Listener = Callable[[AsyncSession, UUID, Sequence[UUID], Actor], Awaitable[None]]
"""Takes the session, the organization, the changed staff members and who has changed them."""

_listeners: list[Listener] = []


def on_staff_changes(listener: Listener) -> None:
    """Call it with the staff members whose permissions may have changed, or who were archived.

    Their rows are locked, and so are phone numbers; conversations are not, and no audit chain is.
    """
    if listener not in _listeners:
        _listeners.append(listener)


async def staff_changed(session: AsyncSession, organization_id: UUID, plan: Plan, *, by: Actor) -> None:
    """Call the listeners, if the stored plan changes staff members."""
    changed = {row.id for row in plan.records if row.kind is OwnerKind.STAFF_MEMBER}
    changed |= {record_id for kind, record_id, _ in plan.archived if kind is OwnerKind.STAFF_MEMBER}
    if changed:
        for listener in _listeners:
            await listener(session, organization_id, sorted(changed), by)
