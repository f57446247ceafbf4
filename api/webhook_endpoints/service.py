"""Webhook endpoints: made, changed, rotated, deleted, and tried out. Administrators alone do it (PERM-ADMIN)."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.events.rules import EventType
from api.events.service import last_position
from api.kit.database import commit, database_time, notify
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.ids import new_id
from api.kit.secrets import SecretBox
from api.settings import Network
from api.webhook_endpoints import queries
from api.webhook_endpoints.models import WebhookDelivery, WebhookEndpoint
from api.webhook_endpoints.posting import AddressRefusedError, checked_addresses
from api.webhook_endpoints.queries import ListedEndpoint
from api.webhook_endpoints.rules import MAX_ENDPOINTS, RETRIES_LAST, DisabledReason, url_problem
from api.webhook_endpoints.signing import current_secret, new_secret

CHANNEL = "messenger_webhooks"
"""The NOTIFY channel that tells workers that a delivery is due. Polling guarantees progress without it."""

LOOKUP_SECONDS = 5.0


@dataclass(frozen=True)
class NewEndpoint:
    url: str
    description: str
    event_types: Collection[EventType]
    enabled: bool


async def list_endpoints(
    session: AsyncSession, principal: Principal, *, after: UUID | None, limit: int
) -> Sequence[ListedEndpoint]:
    """The oldest first."""
    return await queries.endpoints(session, principal.organization_id, after=after, limit=limit)


async def switched_off_endpoints(session: AsyncSession, organization_id: UUID) -> Sequence[WebhookEndpoint]:
    """Endpoints that the service has switched off because they fail or are gone; at most `MAX_ENDPOINTS`."""
    return await queries.switched_off(session, organization_id)


async def require_endpoint(session: AsyncSession, principal: Principal, endpoint_id: UUID) -> ListedEndpoint:
    """Raises `NotFound`."""
    found = await queries.endpoint(session, principal.organization_id, endpoint_id)
    if found is None:
        raise _no_endpoint()
    return found


async def require_allowed_address(session: AsyncSession, url: str, networks: Sequence[Network]) -> None:
    """Look the host up. Ends the caller's transaction before that.

    Raises `Invalid` for an address that nothing may be posted to, or whose name is unknown. Each post looks it up anew.
    """
    problem = url_problem(url)
    if problem is None:
        await commit(session)
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                await checked_addresses(url, networks)
        except AddressRefusedError as refused:
            problem = str(refused)
        except TimeoutError:
            problem = "The name of its host could not be looked up. Try again in a moment."
    if problem is not None:
        raise Invalid([("/url", problem)])


async def create_endpoint(
    session: AsyncSession, principal: Principal, new: NewEndpoint, *, secrets: SecretBox
) -> tuple[ListedEndpoint, str]:
    """A new endpoint, which gets events from now on, and its secret. `require_allowed_address` goes before.

    Raises `Conflict` for too many.
    """
    organization_id = principal.organization_id
    await queries.lock_organization(session, organization_id)
    if await queries.count_endpoints(session, organization_id) >= MAX_ENDPOINTS:
        raise Conflict(f"There are {MAX_ENDPOINTS} webhook endpoints already. Delete one first.")
    secret = new_secret()
    now = await database_time(session)
    row = WebhookEndpoint(
        organization_id=organization_id,
        id=new_id(),
        url=new.url,
        description=new.description,
        event_types=_spelled(new.event_types),
        is_enabled=new.enabled,
        disabled_reason=None if new.enabled else DisabledReason.PERSON.value,
        disabled_at=None if new.enabled else now,
        sealed_secret=secrets.seal({"secret": secret}),
        position=await last_position(session, organization_id),
        failures=0,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    await session.flush()
    said = {"url": row.url, "event_types": row.event_types, "enabled": row.is_enabled}
    await _record(session, principal, Action.WEBHOOK_ENDPOINT_CREATED, row, said)
    return await require_endpoint(session, principal, row.id), secret


async def change_endpoint(
    session: AsyncSession, principal: Principal, endpoint_id: UUID, changes: Mapping[str, object]
) -> ListedEndpoint:
    """`changes`: new values of url, description, event_types and enabled. `require_allowed_address` goes before.

    Switched on again, it gets the events since it was switched off, those of the last 30 days. Raises `NotFound`.
    """
    row = await _locked(session, principal, endpoint_id)
    wanted = {("is_enabled" if name == "enabled" else name): value for name, value in changes.items()}
    if "event_types" in wanted:
        wanted["event_types"] = _spelled(wanted["event_types"])  # type: ignore[arg-type]
    before = {name: getattr(row, name) for name, value in wanted.items() if getattr(row, name) != value}
    if not before:
        return await require_endpoint(session, principal, endpoint_id)
    now = await database_time(session)
    for name in before:
        setattr(row, name, wanted[name])
    row.updated_at = now
    if "is_enabled" in before:
        await _switch(session, row, now)
    await session.flush()
    said = {"before": before, "after": {name: wanted[name] for name in before}}
    await _record(session, principal, Action.WEBHOOK_ENDPOINT_UPDATED, row, said)
    return await require_endpoint(session, principal, endpoint_id)


async def _switch(session: AsyncSession, row: WebhookEndpoint, now: datetime) -> None:
    row.disabled_reason = None if row.is_enabled else DisabledReason.PERSON.value
    row.disabled_at = None if row.is_enabled else now
    if row.is_enabled:
        row.failing_since, row.failures = None, 0
        await queries.make_due(session, row.organization_id, row.id, at=now, retry_until=now + RETRIES_LAST)
        notify(session, CHANNEL, {})


async def rotate_secret(
    session: AsyncSession, principal: Principal, endpoint_id: UUID, *, overlap: timedelta, secrets: SecretBox
) -> tuple[ListedEndpoint, str]:
    """A new secret. The one before it signs too for `overlap`, unless it is lost with the service's secret key.

    Raises `NotFound`.
    """
    row = await _locked(session, principal, endpoint_id)
    secret = new_secret()
    now = await database_time(session)
    before = current_secret(row.sealed_secret, secrets) if overlap else None
    row.sealed_secret = secrets.seal({"secret": secret, **({"previous": before} if before else {})})
    row.previous_secret_until = now + overlap if before else None
    row.updated_at = now
    await session.flush()
    said = {"overlap_hours": overlap.total_seconds() / 3600}
    await _record(session, principal, Action.WEBHOOK_SECRET_ROTATED, row, said)
    return await require_endpoint(session, principal, endpoint_id), secret


async def delete_endpoint(session: AsyncSession, principal: Principal, endpoint_id: UUID) -> None:
    """Nothing is posted to it from now on. A worker deletes its deliveries and the row. Raises `NotFound`."""
    row = await _locked(session, principal, endpoint_id)
    url, now = row.url, await database_time(session)
    row.url, row.description, row.sealed_secret = "", "", b""
    row.previous_secret_until = None
    row.is_enabled, row.disabled_reason, row.disabled_at = False, DisabledReason.PERSON.value, now
    row.deleted_at = now
    await session.flush()
    await _record(session, principal, Action.WEBHOOK_ENDPOINT_DELETED, row, {"url": url})


async def test_endpoint(session: AsyncSession, principal: Principal, endpoint_id: UUID) -> WebhookDelivery:
    """A delivery of `webhook_endpoint.test`, due now: one attempt, also to an endpoint that is switched off.

    Raises `NotFound`, and `Conflict` while another test is under way.
    """
    row = await _locked(session, principal, endpoint_id)
    test = EventType.WEBHOOK_TEST.value
    if await queries.has_pending_of_type(session, row.organization_id, row.id, test):
        raise Conflict("A test of this endpoint is under way. Its result comes within a minute.")
    now = await database_time(session)
    delivery_id = new_id()
    delivery = WebhookDelivery(
        organization_id=row.organization_id,
        id=delivery_id,
        endpoint_id=row.id,
        event_id=new_id(),
        event_type=test,
        order_key=delivery_id,
        state="pending",
        due_at=now,
        retry_until=now,
        tries=0,
        attempts=[],
        created_at=now,
    )
    session.add(delivery)
    await session.flush()
    notify(session, CHANNEL, {})
    return delivery


async def _locked(session: AsyncSession, principal: Principal, endpoint_id: UUID) -> WebhookEndpoint:
    row = await queries.lock_endpoint(session, principal.organization_id, endpoint_id)
    if row is None:
        raise _no_endpoint()
    return row


def _no_endpoint() -> NotFound:
    return NotFound("There is no such webhook endpoint.")


def _spelled(event_types: Collection[EventType]) -> list[str]:
    return [each.value for each in EventType if each in event_types]


async def _record(
    session: AsyncSession, principal: Principal, action: Action, row: WebhookEndpoint, details: Mapping[str, object]
) -> None:
    said = {"webhook_endpoint_id": str(row.id), **details}
    await audit.record(session, row.organization_id, NewEntry(action, principal.actor, details=said))
