"""The principal of a request; organizations, staff sessions and API keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import key_queries, queries
from api.access.errors import no_such_organization as no_such_organization
from api.access.models import ApiKey, Organization, StaffMember
from api.access.passwords import hash_password
from api.access.queries import count_staff as count_staff
from api.access.queries import end_sessions as end_sessions
from api.access.queries import organization as organization
from api.access.queries import organization_by_slug as organization_by_slug
from api.access.queries import organization_page as organization_page
from api.access.queries import organizations as organizations
from api.access.rules import Permission, Principal, PrincipalKind, effective_permissions, permissions_of_key
from api.audit import service as audit
from api.audit.rules import SYSTEM, Action, NewEntry
from api.kit.errors import Conflict
from api.kit.ids import new_id
from api.kit.secrets import hash_token

TOUCH_EVERY = timedelta(minutes=1)


async def sign_out(session: AsyncSession, principal: Principal) -> None:
    await queries.delete_session(session, principal.organization_id, principal.credential_id)
    await audit.record(session, principal.organization_id, NewEntry(Action.SIGNED_OUT, principal.actor))


def _organization_of(token: str, *, separator: str, position: int) -> UUID | None:
    parts = token.split(separator)
    try:
        return UUID(hex=parts[position])
    except (IndexError, ValueError):
        return None


async def principal_of_cookie(
    session: AsyncSession, token: str, *, lifetime: timedelta, address: str
) -> Principal | None:
    """The principal of a session. Records the use of the session, from that address, at most once a minute."""
    organization_id = _organization_of(token, separator=".", position=0)
    if organization_id is None:
        return None
    owner = await queries.session_owner(session, organization_id, hash_token(token))
    if owner is None:
        return None
    if datetime.now(UTC) - owner.last_used_at > TOUCH_EVERY:
        await queries.touch_session(
            session, organization_id, owner.session_id, every=TOUCH_EVERY, lifetime=lifetime, address=address
        )
    return staff_principal(owner.staff_member, credential_id=owner.session_id)


async def principal_of_api_key(session: AsyncSession, key: str) -> Principal | None:
    organization_id = _organization_of(key, separator="_", position=2)
    if organization_id is None:
        return None
    stored = await key_queries.live_api_key(session, organization_id, hash_token(key))
    if stored is None:
        return None
    if stored.last_used_at is None or datetime.now(UTC) - stored.last_used_at > TOUCH_EVERY:
        await key_queries.touch_api_key(session, organization_id, stored.id)
    return api_key_principal(stored)


def staff_principal(staff_member: StaffMember, *, credential_id: UUID) -> Principal:
    return Principal(
        kind=PrincipalKind.STAFF_MEMBER,
        organization_id=staff_member.organization_id,
        id=staff_member.id,
        name=staff_member.name,
        permissions=effective_permissions(staff_member.permissions, is_admin=staff_member.is_admin),
        is_admin=staff_member.is_admin,
        credential_id=credential_id,
    )


def api_key_principal(key: ApiKey) -> Principal:
    permissions = permissions_of_key(key.permissions)
    return Principal(
        kind=PrincipalKind.API_KEY,
        organization_id=key.organization_id,
        id=key.id,
        name=key.name,
        permissions=permissions,
        is_admin=Permission.ADMINISTRATION in permissions,
        credential_id=key.id,
    )


async def current_principals(
    session: AsyncSession, principals: Iterable[Principal]
) -> dict[Principal, Principal | None]:
    """Each principal with its present permissions, or None if its session or key is no longer valid."""
    asked = list(principals)
    sessions = await queries.live_sessions(
        session,
        [(p.organization_id, p.credential_id) for p in asked if p.kind is PrincipalKind.STAFF_MEMBER],
    )
    keys = await key_queries.live_api_keys(
        session, [(p.organization_id, p.credential_id) for p in asked if p.kind is PrincipalKind.API_KEY]
    )
    current: dict[Principal, Principal | None] = {}
    for principal in asked:
        credential = (principal.organization_id, principal.credential_id)
        if principal.kind is PrincipalKind.STAFF_MEMBER:
            owner = sessions.get(credential)
            current[principal] = staff_principal(owner, credential_id=credential[1]) if owner else None
        else:
            key = keys.get(credential)
            current[principal] = api_key_principal(key) if key else None
    return current


@dataclass(frozen=True, kw_only=True)
class FirstAdministrator:
    name: str
    email: str
    password: str


async def principal_now(session: AsyncSession, principal: Principal) -> Principal | None:
    """A staff member or API key as it is now, whether or not the session that it acted in has ended.

    For work that goes on without its author. None if the person is archived, or the key no longer valid.
    """
    if principal.kind is PrincipalKind.API_KEY:
        return (await current_principals(session, [principal]))[principal]
    staff_member = await queries.staff_member(session, principal.organization_id, principal.id)
    if staff_member is None or staff_member.archived_at is not None:
        return None
    return staff_principal(staff_member, credential_id=principal.credential_id)


async def country_of_organization(session: AsyncSession, organization_id: UUID) -> str:
    """ISO 3166 alpha-2: how numbers in national form are read."""
    return (await queries.organization(session, organization_id)).country


async def create_organization(
    session: AsyncSession, *, slug: str, name: str, country: str, timezone: str, admin: FirstAdministrator
) -> tuple[Organization, StaffMember]:
    """A new organization with its first administrator. Raises `Conflict` when the slug is taken.

    Hashes the password before its first statement: call it first in a transaction.
    """
    password_hash = await hash_password(admin.password)
    created = Organization(id=new_id(), slug=slug, name=name, country=country.upper(), timezone=timezone)
    session.add(created)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(f"There is a business “{slug}” already. Choose another slug.") from error
    staff_member = StaffMember(
        organization_id=created.id,
        id=new_id(),
        name=admin.name,
        email=admin.email,
        password_hash=password_hash,
        permissions=[],
        is_admin=True,
    )
    session.add(staff_member)
    await session.flush()
    await audit.record(
        session,
        created.id,
        NewEntry(Action.ORGANIZATION_CREATED, SYSTEM, details={"slug": slug, "name": name}),
        NewEntry(
            Action.STAFF_MEMBER_CREATED,
            SYSTEM,
            details={"staff_member_id": str(staff_member.id), "name": admin.name, "is_admin": True},
        ),
    )
    return created, staff_member
