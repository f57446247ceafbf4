"""Routes of a person's own password and sessions; and, for administrators, of a staff member's sessions."""

from uuid import UUID

from fastapi import APIRouter, Request

from api.access import own_password, sessions
from api.access.client_address import client_address
from api.access.dependencies import Administrator, Anybody, guarded
from api.access.errors import NotAPerson
from api.access.gate import SignInGate
from api.access.schemas import PasswordChangeIn, SessionOut, SessionsEnded
from api.kit.app_state import from_app
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.paging import Page, Paging

router = APIRouter(tags=["access"])


@router.put("/me/password", responses=guarded(NotAPerson, Conflict, Invalid))
async def change_own_password(
    body: PasswordChangeIn, principal: Anybody, session: Session, request: Request
) -> SessionsEnded:
    """Change one's own password, which ends one's other sessions.

    A wrong `current_password` is 422 with the pointer `/current_password`. Repeated wrong ones are slowed down (429).
    An API key has no password: 403.
    """
    change = own_password.PasswordChange(body.current_password, body.new_password, client_address(request))
    gate = from_app(request, SignInGate)
    return SessionsEnded(ended=await own_password.change_own_password(session, gate, principal, change))


@router.get("/me/sessions", responses=guarded(NotAPerson, Invalid))
async def list_own_sessions(principal: Anybody, session: Session, paging: Paging) -> Page[SessionOut]:
    """The browsers that one is signed in with, the newest sign-in first. An API key has none: 403."""
    rows = await sessions.own_sessions(session, principal, before=paging.id_key(), limit=paging.rows_to_read)
    shown, next_cursor = paging.cut(rows, lambda row: (row.id,))
    return Page(items=[SessionOut.of(row, current=principal.credential_id) for row in shown], next_cursor=next_cursor)


@router.delete("/me/sessions/{session_id}", status_code=204, responses=guarded(NotAPerson, NotFound, Invalid))
async def end_own_session(session_id: UUID, principal: Anybody, session: Session) -> None:
    """End one of one's own sessions. Its next request is 401, and its event streams end within five seconds."""
    await sessions.end_own_session(session, principal, session_id)


@router.delete("/me/sessions", responses=guarded(NotAPerson))
async def end_other_sessions(principal: Anybody, session: Session) -> SessionsEnded:
    """End all of one's own sessions but the one of this request."""
    return SessionsEnded(ended=await sessions.end_other_sessions(session, principal))


@router.delete("/staff-members/{staff_member_id}/sessions", responses=guarded(NotFound, Invalid))
async def end_sessions_of_staff_member(
    staff_member_id: UUID, principal: Administrator, session: Session
) -> SessionsEnded:
    """Sign a staff member out everywhere. The session of this request stays, if it is theirs."""
    return SessionsEnded(ended=await sessions.end_sessions_of(session, principal, staff_member_id))
