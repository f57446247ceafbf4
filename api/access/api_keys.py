"""API keys: made, changed, rotated and revoked. What only a person may do with them is in `_require_person`."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import key_queries
from api.access.key_queries import ListedKey
from api.access.key_queries import api_keys as api_keys
from api.access.models import ApiKey
from api.access.rules import Permission, Principal, PrincipalKind
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.kit.database import database_time
from api.kit.errors import Conflict, Forbidden, Invalid, NotFound
from api.kit.ids import new_id
from api.kit.secrets import hash_token
from api.kit.times import rfc3339

MAX_OVERLAP = timedelta(days=7)
"""How long a rotated key may stay valid beside the new one."""


@dataclass(frozen=True)
class NewKey:
    name: str
    permissions: frozenset[Permission]
    expires_at: datetime | None
    ends_with_creator: bool = False


async def require_api_key(session: AsyncSession, principal: Principal, api_key_id: UUID) -> ListedKey:
    """Raises `NotFound`."""
    return _found(await key_queries.api_key(session, principal.organization_id, api_key_id))


async def create_api_key(session: AsyncSession, principal: Principal, new: NewKey) -> tuple[ListedKey, str]:
    """A new key and its secret, which cannot be read again.

    Raises `Invalid` for an end in the past, `Forbidden` for a key that gives `administration`.
    """
    _require_person(principal, new.permissions)
    _require_future(new.expires_at, await database_time(session))
    if new.ends_with_creator and principal.staff_member_id is None:
        raise Invalid([("/ends_with_creator", "Only a key that a person makes can end with its maker.")])
    key, secret = _generated(principal, new, created_by=principal.staff_member_id)
    session.add(key)
    await session.flush()
    await _record(session, principal, Action.API_KEY_CREATED, key, {"permissions": key.permissions})
    return await require_api_key(session, principal, key.id), secret


async def change_api_key(
    session: AsyncSession, principal: Principal, api_key_id: UUID, changes: Mapping[str, Any]
) -> ListedKey:
    """`changes`: new values by column.

    Raises `NotFound`, `Conflict` for a key that has ended, `Invalid` for an end in the past, and `Forbidden` for a key
    that changes one with `administration`.
    """
    listed = await _locked(session, principal, api_key_id)
    key = listed.key
    wanted = dict(changes)
    if "permissions" in wanted:
        wanted["permissions"] = sorted({each.value for each in wanted["permissions"]})
    _require_person(principal, {*key.permissions, *wanted.get("permissions", ())})
    _require_future(wanted.get("expires_at"), await database_time(session))
    if wanted.get("ends_with_creator") and key.created_by is None:
        raise Invalid([("/ends_with_creator", "Another key made this one, so there is no person for it to end with.")])
    changed = {name: value for name, value in wanted.items() if getattr(key, name) != value}
    if not changed:
        return listed
    before = {name: _shown(getattr(key, name)) for name in changed}
    for name, value in changed.items():
        setattr(key, name, value)
    key.updated_at = await database_time(session)
    await session.flush()
    after = {name: _shown(value) for name, value in changed.items()}
    await _record(session, principal, Action.API_KEY_UPDATED, key, {"before": before, "after": after})
    return await require_api_key(session, principal, api_key_id)


async def rotate_api_key(
    session: AsyncSession, principal: Principal, api_key_id: UUID, *, old_key_valid_until: datetime | None
) -> tuple[ListedKey, str]:
    """A new key in place of this one, which is valid until the given time, or ends at once.

    The new key is valid for as long as the old one was made for. An API key may rotate itself.

    Raises `NotFound`, `Conflict` for a key that has ended, `Invalid` for a time in the past or too far away, and
    `Forbidden` for a key that rotates another one with `administration`.
    """
    old = (await _locked(session, principal, api_key_id)).key
    if old.id != principal.id:
        _require_person(principal, old.permissions)
    elif old_key_valid_until is None:
        raise Invalid([("/old_key_valid_until", "A key that rotates itself needs a time: the answer may be lost.")])
    now = await database_time(session)
    _require_overlap(old_key_valid_until, now)
    lifetime = old.expires_at - old.created_at if old.expires_at is not None else None
    wanted = NewKey(
        old.name,
        frozenset(Permission(each) for each in old.permissions),
        now + lifetime if lifetime is not None else None,
        old.ends_with_creator,
    )
    key, secret = _generated(principal, wanted, created_by=principal.staff_member_id or old.created_by)
    key.replaces_id = old.id
    session.add(key)
    old.updated_at = now
    if old_key_valid_until is None:
        old.revoked_at = now
    else:
        old.expires_at = min(old_key_valid_until, old.expires_at or old_key_valid_until)
    await session.flush()
    ends = {"new_api_key_id": str(key.id), "old_key_valid_until": rfc3339(old.revoked_at or old.expires_at)}
    await _record(session, principal, Action.API_KEY_ROTATED, old, ends)
    return await require_api_key(session, principal, key.id), secret


async def keeps_administration(session: AsyncSession, principal: Principal) -> bool:
    """Whether the key is valid and has `administration`, which it keeps until the transaction ends."""
    key = await key_queries.share_live_api_key(session, principal.organization_id, principal.id)
    return key is not None and Permission.ADMINISTRATION in key.permissions


async def revoke_api_key(session: AsyncSession, principal: Principal, api_key_id: UUID) -> None:
    key = _found(await key_queries.lock_api_key(session, principal.organization_id, api_key_id)).key
    if key.revoked_at is not None:
        return
    key.revoked_at = key.updated_at = await database_time(session)
    await _record(session, principal, Action.API_KEY_REVOKED, key, {})


def _generated(principal: Principal, new: NewKey, *, created_by: UUID | None) -> tuple[ApiKey, str]:
    """The secret is spelled `mc_{8 hex digits}_{organization}_{secret}`; its first two parts are the public prefix."""
    prefix = f"mc_{secrets.token_hex(4)}"
    secret = f"{prefix}_{principal.organization_id.hex}_{secrets.token_hex(32)}"
    key = ApiKey(
        organization_id=principal.organization_id,
        id=new_id(),
        name=new.name,
        prefix=prefix,
        key_hash=hash_token(secret),
        permissions=sorted(each.value for each in new.permissions),
        created_by=created_by,
        expires_at=new.expires_at,
        ends_with_creator=new.ends_with_creator,
    )
    return key, secret


async def _locked(session: AsyncSession, principal: Principal, api_key_id: UUID) -> ListedKey:
    """The key, locked. Raises `NotFound`, and `Conflict` if it has expired or was revoked."""
    listed = _found(await key_queries.lock_api_key(session, principal.organization_id, api_key_id))
    key = listed.key
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= await database_time(session)):
        raise Conflict("This API key has ended. Make another one.")
    return listed


def _found(listed: ListedKey | None) -> ListedKey:
    if listed is None:
        raise NotFound("There is no such API key.")
    return listed


def _require_person(principal: Principal, permissions: Collection[str]) -> None:
    """A key that leaks must not outlive its revocation: keys with `administration` come from people alone."""
    if principal.kind is PrincipalKind.API_KEY and Permission.ADMINISTRATION in permissions:
        raise Forbidden(
            "Only a person makes or changes an API key with the Administration permission. An administrator can do it "
            "in the app."
        )


def _require_future(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise Invalid([("/expires_at", "Choose a time to come.")])


def _require_overlap(until: datetime | None, now: datetime) -> None:
    if until is not None and not now < until <= now + MAX_OVERLAP:
        advice = f"Choose a time to come, at most {MAX_OVERLAP.days} days from now."
        raise Invalid([("/old_key_valid_until", advice)])


def _shown(value: object) -> object:
    return rfc3339(value) if isinstance(value, datetime) else value


async def _record(
    session: AsyncSession, principal: Principal, action: Action, key: ApiKey, details: Mapping[str, object]
) -> None:
    named = {"api_key_id": str(key.id), "name": key.name, **details}
    await audit.record(session, principal.organization_id, NewEntry(action, principal.actor, details=named))
