"""The delivery log of an endpoint, and replaying a delivery."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.events.rules import EventType
from api.kit.database import database_time, notify
from api.kit.errors import Conflict, NotFound
from api.webhook_endpoints import queries
from api.webhook_endpoints.models import WebhookDelivery
from api.webhook_endpoints.rules import RETRIES_LAST, DeliveryState
from api.webhook_endpoints.service import CHANNEL, require_endpoint


async def list_deliveries(
    session: AsyncSession,
    principal: Principal,
    endpoint_id: UUID,
    *,
    state: DeliveryState | None,
    before: UUID | None,
    limit: int,
) -> Sequence[WebhookDelivery]:
    """The newest first. Raises `NotFound` for the endpoint."""
    await require_endpoint(session, principal, endpoint_id)
    return await queries.deliveries(
        session, principal.organization_id, endpoint_id, state=state, before=before, limit=limit
    )


async def require_delivery(
    session: AsyncSession, principal: Principal, endpoint_id: UUID, delivery_id: UUID
) -> WebhookDelivery:
    """Raises `NotFound`."""
    await require_endpoint(session, principal, endpoint_id)
    return _found(await queries.delivery(session, principal.organization_id, endpoint_id, delivery_id))


async def replay_delivery(
    session: AsyncSession, principal: Principal, endpoint_id: UUID, delivery_id: UUID
) -> WebhookDelivery:
    """Post it again, under the same `webhook-id`, with retries as for a new one.

    A delivery that has ended goes at once, and waits for no other: it comes out of order. One that waits for its next
    attempt is tried now. Raises `NotFound`, and `Conflict` for one that waits for the delivery before it, for a test,
    and while the endpoint is switched off.
    """
    organization_id = principal.organization_id
    endpoint = await queries.lock_endpoint(session, organization_id, endpoint_id)
    if endpoint is None:
        raise NotFound("There is no such webhook endpoint.")
    row = _found(await queries.delivery(session, organization_id, endpoint_id, delivery_id, lock=True))
    if row.event_type == EventType.WEBHOOK_TEST:
        raise Conflict("A test is not replayed. Make another one.")
    if not endpoint.is_enabled:
        raise Conflict("The endpoint is switched off. Switch it on first.")
    now = await database_time(session)
    if row.state == DeliveryState.PENDING and row.due_at is None:
        raise Conflict("It waits for an earlier event of the same conversation. Replay that one.")
    if row.state != DeliveryState.PENDING:
        row.state, row.finished_at, row.order_key = DeliveryState.PENDING.value, None, row.id
    if row.lease_token is None:
        row.due_at = now
    row.tries, row.retry_until = 0, now + RETRIES_LAST
    await session.flush()
    said = {"webhook_endpoint_id": str(endpoint_id), "delivery_id": str(row.id), "event_id": str(row.event_id)}
    await audit.record(
        session, organization_id, NewEntry(Action.WEBHOOK_DELIVERY_REPLAYED, principal.actor, details=said)
    )
    notify(session, CHANNEL, {})
    return row


def _found(row: WebhookDelivery | None) -> WebhookDelivery:
    if row is None:
        raise NotFound("There is no such delivery.")
    return row
