"""Changing one's own password, and resetting a forgotten one from the command line.

A signed-in person proves who they are with the current password. Their tries are counted and slowed down as sign-ins
are, apart from those of the account: strangers who guess at it do not keep its owner from changing the password.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import passwords, queries
from api.access.client_address import counted_as
from api.access.errors import GateFull, no_such_organization
from api.access.gate import SignInGate
from api.access.models import SignInTry, StaffMember
from api.access.rules import Principal, account_key, own_password_key, sign_in_delay
from api.access.service import current_principals
from api.access.sessions import require_person
from api.access.sign_in import WINDOW, busy, summary, too_many_tries
from api.audit import service as audit
from api.audit.rules import SYSTEM, Action, NewEntry
from api.kit.database import Database, commit, database_time
from api.kit.errors import Conflict, Invalid, NotFound, NotSignedIn
from api.kit.ids import new_id


@dataclass(frozen=True)
class PasswordChange:
    current: str
    new: str
    address: str
    """Where the request comes from."""


async def change_own_password(
    session: AsyncSession, gate: SignInGate, principal: Principal, change: PasswordChange
) -> int:
    """Set the principal's password and end their other sessions. Returns how many ended.

    Commits before it waits for the gate and while it hashes. Raises `NotAPerson`, `Invalid` for a wrong current
    password or an unchanged one, `RateLimited` after repeated failures, and `Conflict` if the password was changed or
    `NotSignedIn` if the session ended meanwhile.
    """
    require_person(principal)
    if change.new == change.current:
        raise Invalid([("/new_password", "Choose another password than the current one.")])
    await commit(session)
    try:
        async with gate.turn(address=counted_as(change.address), device=principal.credential_id.hex):
            stored = await _count(session, principal, change.address)
            matches = await passwords.matches(change.current, stored or passwords.UNKNOWN_ACCOUNT)
            new_hash = await passwords.hash_password(change.new) if matches and stored is not None else None
    except GateFull:
        raise busy() from None
    if new_hash is None:
        details = {"address": change.address}
        await audit.record(
            session, principal.organization_id, NewEntry(Action.PASSWORD_REFUSED, principal.actor, details=details)
        )
        await commit(session)
        raise Invalid([("/current_password", "This is not your current password.")])
    return await _set_own(session, principal, checked=stored, new_hash=new_hash)


async def _count(session: AsyncSession, principal: Principal, address: str) -> str | None:
    """Count the try, commit, and return the stored hash. Raises `RateLimited` if the try has to wait.

    Every refused try has an audit entry, so the row needs neither the organization nor the person for a summary.
    """
    account, device = _counted_by(principal)
    await queries.lock_tries(session, [account])
    now = await database_time(session)
    failures = await queries.tries(session, account=account, device=device, since=now - WINDOW)
    delay = sign_in_delay(account_failures=failures, address_failures=[], now=now)
    if delay is not None:
        raise too_many_tries(delay)
    session.add(SignInTry(id=new_id(), at=now, account=account, address=counted_as(address), device=device))
    person = await queries.share_staff_member(session, principal.organization_id, principal.id)
    await commit(session)
    return None if person is None else person.password_hash


def _counted_by(principal: Principal) -> tuple[bytes, bytes]:
    """The account and the device that tries are counted by. With a device, they do not count against an address."""
    return own_password_key(principal.organization_id, principal.id), principal.id.bytes


async def _set_own(session: AsyncSession, principal: Principal, *, checked: str | None, new_hash: str) -> int:
    person = await queries.lock_staff_member(session, principal.organization_id, principal.id)
    if person is None or (await current_principals(session, [principal]))[principal] is None:
        raise NotSignedIn("The session has ended. Sign in again.")
    if person.password_hash != checked:
        raise Conflict("Your password was changed at the same moment. Sign in with the new one and try again.")
    account, device = _counted_by(principal)
    await queries.forget_tries(session, account, device=device)
    ended = await _set(session, person, new_hash, keep=principal)
    entry = NewEntry(Action.PASSWORD_CHANGED, principal.actor, details={"sessions_ended": ended})
    await audit.record(session, principal.organization_id, entry)
    return ended


async def _set(session: AsyncSession, person: StaffMember, password_hash: str, *, keep: Principal | None) -> int:
    """Store the hash of a locked person and end their sessions. Returns how many ended."""
    person.password_hash = password_hash
    person.updated_at = await database_time(session)
    await session.flush()
    return await queries.end_sessions(
        session, person.organization_id, person.id, except_for=keep.credential_id if keep else None
    )


@dataclass(frozen=True)
class Reset:
    name: str
    email: str
    sessions_ended: int


async def reset_password(database: Database, *, organization_slug: str, email: str, password: str) -> Reset:
    """Set the password of a staff member for the operator, end their sessions and forget failed sign-ins.

    Raises `NotFound` if there is no such organization, or nobody in it who may sign in with this email.
    """
    async with database.transaction() as session:
        found_as, organization, person = await queries.account(session, organization_slug, email)
    if organization is None:
        raise no_such_organization(organization_slug)
    unknown = NotFound(f"Nobody at “{organization_slug}” signs in with {email}. Archived staff members do not sign in.")
    if person is None:
        raise unknown
    password_hash = await passwords.hash_password(password)
    async with database.transaction() as session:
        locked = await queries.lock_staff_member(session, organization.id, person.id)
        if locked is None or locked.archived_at is not None:
            raise unknown
        forgotten = await queries.forget_all_tries(session, account_key(organization_slug, found_as))
        if refused := [each for each in forgotten if not each.is_audited]:
            await audit.record(session, organization.id, summary(locked, refused))
        await queries.forget_all_tries(session, own_password_key(organization.id, locked.id))
        ended = await _set(session, locked, password_hash, keep=None)
        details = {"staff_member_id": str(locked.id), "name": locked.name, "sessions_ended": ended}
        await audit.record(session, organization.id, NewEntry(Action.PASSWORD_RESET, SYSTEM, details=details))
    return Reset(locked.name, email, ended)
