"""Everybody who can ask: nobody, people, administrators and API keys with each permission."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from api.access.rules import Permission
from tests.access.needs import API
from tests.support.world import World


@dataclass(frozen=True)
class Caller:
    client: Callable[[World], Awaitable[httpx.AsyncClient]]
    permissions: frozenset[Permission] = frozenset()
    is_admin: bool = False
    signed_in: bool = True
    is_key: bool = False

    @property
    def kind(self) -> str:
        if not self.signed_in:
            return "nobody"
        return "an API key" if self.is_key else "an administrator" if self.is_admin else "a person"


def person(name: str, *permissions: Permission, is_admin: bool = False) -> Caller:
    async def client(world: World) -> httpx.AsyncClient:
        found: httpx.AsyncClient = getattr(world, name)
        return found

    return Caller(client, frozenset(permissions), is_admin=is_admin)


def key(*permissions: Permission) -> Caller:
    is_admin = Permission.ADMINISTRATION in permissions
    held = frozenset(Permission if is_admin else permissions)
    return Caller(lambda world: world.api_key(*permissions), held, is_admin=is_admin, is_key=True)


async def _nobody(world: World) -> httpx.AsyncClient:
    return world.other_client()


async def _forged_session(world: World) -> httpx.AsyncClient:
    client = world.other_client()
    client.cookies.set("messenger_session", f"{world.organization_id.hex}.{'0' * 43}")
    return client


async def _forged_key(world: World) -> httpx.AsyncClient:
    return world.service.client(key=f"mc_00000000_{world.organization_id.hex}_{'0' * 64}")


async def _revoked_key(world: World) -> httpx.AsyncClient:
    client = await world.api_key(*Permission)
    newest = (await world.admin.get(f"{API}/api-keys")).json()["items"][0]
    assert (await world.admin.delete(f"{API}/api-keys/{newest['id']}")).status_code == 204
    return client


async def _expired_key(world: World) -> httpx.AsyncClient:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    new = {"name": "Old", "permissions": ["sms_logs", "mass_text"], "expires_at": soon}
    created = await world.admin.post(f"{API}/api-keys", json=new)
    await world.rows(f"UPDATE api_keys SET expires_at = now() WHERE id = '{created.json()['id']}' RETURNING id")
    return world.service.client(key=created.json()["key"])


BOTH = (Permission.SMS_LOGS, Permission.MASS_TEXT)

CALLERS = {
    "nobody": Caller(_nobody, signed_in=False),
    "a forged session": Caller(_forged_session, signed_in=False),
    "a forged API key": Caller(_forged_key, signed_in=False),
    "a revoked API key": Caller(_revoked_key, signed_in=False),
    "an expired API key": Caller(_expired_key, signed_in=False),
    "a person without permissions": person("noah"),
    "a person with SMS Logs": person("daniel", Permission.SMS_LOGS),
    "a person with Mass Text": person("grace", Permission.MASS_TEXT),
    "a person with Families and Staff": person("olga", Permission.DIRECTORY),
    "a person with all": person("maria", *Permission),
    "an administrator": person("admin", *Permission, is_admin=True),
    "an API key without permissions": key(),
    "an API key with SMS Logs": key(Permission.SMS_LOGS),
    "an API key with Mass Text": key(Permission.MASS_TEXT),
    "an API key with both": key(*BOTH),
    "an API key with Families and Staff": key(Permission.DIRECTORY),
    "an API key with Administration": key(Permission.ADMINISTRATION),
}
