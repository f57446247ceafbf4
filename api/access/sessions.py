"""Listing and ending sessions: a person's own, and an administrator those of a staff member (ACCOUNT-SESSIONS).

An event stream of an ended session ends within five seconds (`live.hub.REAUTHORIZE_SECONDS`).
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries
from api.access.errors import NotAPerson, PermissionRequired
from api.access.models import StaffSession
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.kit.errors import NotFound


def require_person(principal: Principal) -> UUID:
    """The id of the staff member. Raises `NotAPerson` for an API key."""
    if principal.staff_member_id is None:
        raise NotAPerson
    return principal.staff_member_id


async def own_sessions(
    session: AsyncSession, principal: Principal, *, before: UUID | None, limit: int
) -> Sequence[StaffSession]:
    """The principal's valid sessions, the newest sign-in first. Raises `NotAPerson`."""
    person_id = require_person(principal)
    return await queries.sessions_of(session, principal.organization_id, person_id, before=before, limit=limit)


async def end_own_session(session: AsyncSession, principal: Principal, session_id: UUID) -> None:
    """End one session of the principal. Raises `NotAPerson`, and `NotFound` if they have no such session."""
    person_id = require_person(principal)
    ended = await queries.end_session(session, principal.organization_id, person_id, session_id)
    if ended is None:
        raise NotFound("There is no such session of yours.")
    details = {"staff_member_id": str(person_id), "name": principal.name, "sessions": 1, "device": ended.device}
    await _record(session, principal, details)


async def end_other_sessions(session: AsyncSession, principal: Principal) -> int:
    """End every session of the principal but the one of this request. Returns how many. Raises `NotAPerson`."""
    person_id = require_person(principal)
    return await _end_all(session, principal, person_id, principal.name)


async def end_sessions_of(session: AsyncSession, principal: Principal, staff_member_id: UUID) -> int:
    """End every session of a staff member, but not the one of this request. Returns how many.

    Raises `PermissionRequired` unless the principal is an administrator, and `NotFound`.
    """
    if not principal.is_admin:
        raise PermissionRequired(None)
    person = await queries.staff_member(session, principal.organization_id, staff_member_id)
    if person is None:
        raise NotFound("There is no such staff member.")
    return await _end_all(session, principal, person.id, person.name)


async def _end_all(session: AsyncSession, principal: Principal, staff_member_id: UUID, name: str) -> int:
    ended = await queries.end_sessions(
        session, principal.organization_id, staff_member_id, except_for=principal.credential_id
    )
    if ended:
        await _record(session, principal, {"staff_member_id": str(staff_member_id), "name": name, "sessions": ended})
    return ended


async def _record(session: AsyncSession, principal: Principal, details: dict[str, object]) -> None:
    entry = NewEntry(Action.SESSIONS_ENDED, principal.actor, details=details)
    await audit.record(session, principal.organization_id, entry)
