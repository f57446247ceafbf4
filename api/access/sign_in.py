"""Sign-in: pass the gate, count the attempt, check the password, start the session.

The password is checked between two transactions, with no connection held. An unknown business, an unknown account, an
account without a password and a wrong password take the same steps, count alike and get the same answer.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import passwords, queries
from api.access.client_address import counted_as
from api.access.devices import KnownDevice, with_device
from api.access.errors import GateFull, SignInRefused
from api.access.gate import SignInGate
from api.access.models import Organization, SignInTry, StaffMember, StaffSession
from api.access.rules import (
    AUDITED_OF_STRANGERS,
    AUDITED_PER_PERSON,
    FAILURE_WINDOW_SECONDS,
    account_key,
    sign_in_delay,
)
from api.access.user_agents import device_name
from api.audit import service as audit
from api.audit.rules import SYSTEM, Action, Actor, ActorKind, NewEntry
from api.kit.database import Database, database_time
from api.kit.errors import RateLimited
from api.kit.ids import new_id
from api.kit.metrics import RATE_LIMITED, SIGN_INS
from api.kit.secrets import hash_token, new_token

BUSY_RETRY_SECONDS = 5

REFUSAL_SECONDS = 0.05
"""Seconds between the check of the password and the answer of a refusal, so that its time tells nothing."""

MAX_ADDRESSES = 5
"""Addresses that a summary names: the first ones."""

WINDOW = timedelta(seconds=FAILURE_WINDOW_SECONDS)


@dataclass(frozen=True)
class Credentials:
    """What a person signs in with, and the address that it comes from."""

    organization_slug: str
    email: str
    password: str
    address: str
    devices: Sequence[KnownDevice] = ()
    """The entries of the request's device cookie."""
    user_agent: str | None = None


@dataclass(frozen=True)
class SignedIn:
    token: str
    """The session cookie's value: the organization's id and a secret."""
    organization: Organization
    staff_member: StaffMember
    devices: Sequence[KnownDevice]
    """The new entries of the device cookie."""


@dataclass(frozen=True)
class _Counted:
    """A counted attempt that may go on to the password."""

    id: UUID
    account: bytes
    email: str
    organization: Organization | None
    staff_member: StaffMember | None
    device: KnownDevice | None


async def sign_in(database: Database, gate: SignInGate, given: Credentials, *, lifetime: timedelta) -> SignedIn:
    """Start a session. Raises `SignInRefused` (401), or `RateLimited` (429) after repeated failures or in a flood."""
    outcome = "failed"
    try:
        signed_in = await _sign_in(database, gate, given, lifetime=lifetime)
        outcome = "signed_in"
    except SignInRefused:
        outcome = "refused"
        raise
    except RateLimited:
        outcome = "rate_limited"
        RATE_LIMITED.labels("sign_in").inc()
        raise
    finally:
        SIGN_INS.labels(outcome).inc()
    return signed_in


async def _sign_in(database: Database, gate: SignInGate, given: Credentials, *, lifetime: timedelta) -> SignedIn:
    known = given.devices[0].id.hex() if given.devices else None
    try:
        async with gate.turn(address=counted_as(given.address), device=known):
            counted = await _count(database, given)
            stored = counted.staff_member.password_hash if counted.staff_member else None
            matches = await passwords.matches(given.password, stored or passwords.UNKNOWN_ACCOUNT)
            answer_at = asyncio.get_running_loop().time() + REFUSAL_SECONDS
            if matches and stored is not None:
                signed_in = await _start(database, counted, given, lifetime=lifetime)
                if signed_in is not None:
                    return signed_in
            await _note_refusal(database, counted, given.address)
    except GateFull:
        raise busy() from None
    await asyncio.sleep(answer_at - asyncio.get_running_loop().time())
    raise SignInRefused


def busy() -> RateLimited:
    return RateLimited(
        f"Many people are signing in at this moment. Try again in {BUSY_RETRY_SECONDS} seconds.",
        retry_after_seconds=BUSY_RETRY_SECONDS,
    )


def too_many_tries(delay_seconds: int) -> RateLimited:
    return RateLimited(
        f"Too many tries did not succeed. Try again in {delay_seconds} seconds.", retry_after_seconds=delay_seconds
    )


async def _count(database: Database, given: Credentials) -> _Counted:
    """Count the attempt and commit. Raises `RateLimited` if it has to wait.

    Attempts of one account, address or device are counted one after the other.
    """
    async with database.transaction() as session:
        email, organization, staff_member = await queries.account(session, given.organization_slug, given.email)
        account = account_key(given.organization_slug, email)
        person_id = staff_member.id if staff_member else None
        device = next((each for each in given.devices if each.staff_member_id == person_id), None)
        address = counted_as(given.address)
        await queries.lock_tries(session, [device.id] if device else [account, address.encode()])
        now = await database_time(session)
        since = now - WINDOW
        of_account = await queries.tries(session, account=account, device=device.id if device else None, since=since)
        of_address = [] if device else await queries.tries(session, address=address, since=since)
        delay = sign_in_delay(account_failures=of_account, address_failures=of_address, now=now)
        if delay is not None:
            raise too_many_tries(delay)
        attempt = SignInTry(
            id=new_id(),
            at=now,
            account=account,
            address=address,
            device=device.id if device else None,
            organization_id=organization.id if organization else None,
            staff_member_id=person_id,
        )
        session.add(attempt)
    return _Counted(attempt.id, account, email, organization, staff_member, device)


async def _start(database: Database, counted: _Counted, given: Credentials, *, lifetime: timedelta) -> SignedIn | None:
    """Start the session and delete the attempts. None if the person was archived or got another password meanwhile."""
    assert counted.organization is not None
    assert counted.staff_member is not None
    checked = counted.staff_member
    async with database.transaction() as session:
        # A change of the password and archiving lock this row too: no session of the old password starts after them,
        # and they end those that started before.
        person = await queries.share_staff_member(session, checked.organization_id, checked.id)
        if person is None or person.archived_at is not None or person.password_hash != checked.password_hash:
            return None
        device = counted.device
        forgotten = await queries.forget_tries(session, counted.account, device=device.id if device else None)
        at = await database_time(session)
        if refused := [each for each in forgotten if not each.is_audited and each.id != counted.id]:
            await audit.record(session, person.organization_id, summary(person, refused), at=at)
        token = await start_session(
            session, person, address=given.address, user_agent=given.user_agent, lifetime=lifetime, at=at
        )
    devices = with_device(given.devices, device or KnownDevice.new(person.id))
    return SignedIn(token, counted.organization, person, devices)


async def _note_refusal(database: Database, counted: _Counted, address: str) -> None:
    """Write an audit entry, unless the limit is reached: `summarise_refusals` covers the others."""
    async with database.transaction() as session:
        at = await database_time(session)
        organization, person = counted.organization, counted.staff_member
        written = await queries.count_audited_tries(
            session, organization.id if organization else None, person.id if person else None, since=at - WINDOW
        )
        if organization is None or written >= (AUDITED_PER_PERSON if person else AUDITED_OF_STRANGERS):
            return
        await queries.mark_audited(session, [counted.id])
        details = {"email": counted.email[:200], "address": address}
        await audit.record(
            session, organization.id, NewEntry(Action.SIGN_IN_REFUSED, _actor(person), details=details), at=at
        )


def summary(staff_member: StaffMember | None, tries: Sequence[SignInTry]) -> NewEntry:
    """One audit entry for these refused attempts of one staff member, or of strangers."""
    times = [each.at for each in tries]
    addresses = list(dict.fromkeys(each.address for each in tries))[:MAX_ADDRESSES]
    details = {
        "times": len(tries),
        "from": min(times).isoformat(),
        "until": max(times).isoformat(),
        "addresses": addresses,
    }
    return NewEntry(Action.SIGN_IN_REFUSED, _actor(staff_member), details=details)


async def start_session(
    session: AsyncSession,
    staff_member: StaffMember,
    *,
    address: str,
    user_agent: str | None = None,
    lifetime: timedelta,
    at: datetime,
) -> str:
    """The token of a new session. Its first part is the organization's id."""
    token = f"{staff_member.organization_id.hex}.{new_token()}"
    session.add(
        StaffSession(
            organization_id=staff_member.organization_id,
            staff_member_id=staff_member.id,
            token_hash=hash_token(token),
            expires_at=at + lifetime,
            device=device_name(user_agent),
            address=address,
        )
    )
    await session.flush()
    await audit.record(
        session,
        staff_member.organization_id,
        NewEntry(Action.SIGNED_IN, _actor(staff_member), details={"address": address}),
        at=at,
    )
    return token


def _actor(staff_member: StaffMember | None) -> Actor:
    return SYSTEM if staff_member is None else Actor(ActorKind.STAFF_MEMBER, staff_member.id, staff_member.name)
