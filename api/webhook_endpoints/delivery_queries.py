"""SQL of what workers do: finding events to deliver, claiming deliveries, and deleting old ones."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from api.events.models import Event, EventCounter
from api.events.rules import EventType
from api.kit.bulk import insert_together, is_any
from api.webhook_endpoints.models import WebhookDelivery, WebhookEndpoint
from api.webhook_endpoints.queries import is_pending, of_endpoint
from api.webhook_endpoints.rules import MAX_PENDING, DeliveryState

TEST = EventType.WEBHOOK_TEST.value


class EndpointKey(NamedTuple):
    organization_id: UUID
    endpoint_id: UUID


async def endpoints_behind_log(session: AsyncSession) -> Sequence[EndpointKey]:
    """Endpoints that are on, and have not had the last event of their organization's log."""
    rows = await session.execute(
        select(WebhookEndpoint.organization_id, WebhookEndpoint.id)
        .join(EventCounter, EventCounter.organization_id == WebhookEndpoint.organization_id)
        .where(WebhookEndpoint.is_enabled, WebhookEndpoint.position < EventCounter.last_position)
        .order_by(WebhookEndpoint.id)
    )
    return [EndpointKey(*row) for row in rows]


async def count_pending(session: AsyncSession, key: EndpointKey) -> int:
    """Counted to `MAX_PENDING`."""
    waiting = select(text("1")).select_from(WebhookDelivery).where(*of_endpoint(*key), is_pending()).limit(MAX_PENDING)
    return (await session.execute(select(func.count()).select_from(waiting.subquery()))).scalar_one()


async def pending_keys(session: AsyncSession, key: EndpointKey, order_keys: Collection[UUID]) -> set[UUID]:
    """Those of the order keys that have a pending delivery."""
    rows = await session.scalars(
        select(WebhookDelivery.order_key)
        .where(*of_endpoint(*key), is_pending(), WebhookDelivery.order_key == is_any(order_keys))
        .distinct()
    )
    return set(rows)


async def add_deliveries(session: AsyncSession, rows: Sequence[dict[str, object]]) -> None:
    await insert_together(session, WebhookDelivery, rows)


class DueEndpoint(NamedTuple):
    key: EndpointKey
    url: str
    sealed_secret: bytes
    previous_secret_until: datetime | None
    is_failing: bool
    is_enabled: bool


async def due_endpoints(session: AsyncSession) -> Sequence[DueEndpoint]:
    """Endpoints with a delivery that is due, in an order by chance. Of one that is off, only tests are due."""
    due = exists().where(
        WebhookDelivery.organization_id == WebhookEndpoint.organization_id,
        WebhookDelivery.endpoint_id == WebhookEndpoint.id,
        is_pending(),
        WebhookDelivery.due_at <= func.now(),
        or_(WebhookEndpoint.is_enabled, WebhookDelivery.event_type == TEST),
    )
    rows = await session.scalars(
        select(WebhookEndpoint).where(WebhookEndpoint.deleted_at.is_(None), due).order_by(func.random())
    )
    return [
        DueEndpoint(
            EndpointKey(row.organization_id, row.id),
            row.url,
            row.sealed_secret,
            row.previous_secret_until,
            is_failing=row.failing_since is not None,
            is_enabled=row.is_enabled,
        )
        for row in rows
    ]


class ClaimedRow(NamedTuple):
    delivery: WebhookDelivery
    event: Event | None
    """None for a test, and for an event that the log no longer keeps."""


async def claim(
    session: AsyncSession, endpoint: DueEndpoint, *, token: UUID, lease: timedelta, limit: int
) -> Sequence[ClaimedRow]:
    """Lease due deliveries of an endpoint. Another worker takes them when the lease has ended."""
    due = (
        select(WebhookDelivery.id)
        .where(*of_endpoint(*endpoint.key), is_pending(), WebhookDelivery.due_at <= func.now())
        .order_by(WebhookDelivery.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if not endpoint.is_enabled:
        due = due.where(WebhookDelivery.event_type == TEST)
    claimed = await session.scalars(
        update(WebhookDelivery)
        .where(*of_endpoint(*endpoint.key), WebhookDelivery.id.in_(due))
        .values(due_at=func.now() + lease, lease_token=token)
        .returning(WebhookDelivery)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    rows = claimed.all()
    positions = [row.position for row in rows if row.position is not None]
    events = await session.scalars(
        select(Event).where(
            Event.organization_id == endpoint.key.organization_id,
            Event.position.in_(positions),
        )
    )
    by_position = {event.position: event for event in events}
    return [ClaimedRow(row, by_position.get(row.position or 0)) for row in rows]


async def release(session: AsyncSession, key: EndpointKey, token: UUID) -> None:
    """End a lease before its time: another worker may post what it holds at once."""
    await session.execute(
        update(WebhookDelivery)
        .where(*of_endpoint(*key), is_pending(), WebhookDelivery.lease_token == token)
        .values(due_at=func.now(), lease_token=None)
        .execution_options(synchronize_session=False)
    )


async def leased(session: AsyncSession, key: EndpointKey, delivery_id: UUID, token: UUID) -> WebhookDelivery | None:
    """The delivery, locked, if the lease still holds."""
    found: WebhookDelivery | None = await session.scalar(
        select(WebhookDelivery)
        .where(
            *of_endpoint(*key),
            is_pending(),
            WebhookDelivery.id == delivery_id,
            WebhookDelivery.lease_token == token,
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found


async def let_next_go(session: AsyncSession, key: EndpointKey, order_keys: Collection[UUID]) -> bool:
    """The first pending delivery of each of these orders is due, if it waited for the one before it.

    Returns whether there is one.
    """
    first = (
        select(WebhookDelivery.id)
        .where(*of_endpoint(*key), is_pending(), WebhookDelivery.order_key == is_any(order_keys))
        .ext(distinct_on(WebhookDelivery.order_key))
        .order_by(WebhookDelivery.order_key, WebhookDelivery.position)
    )
    due = await session.execute(
        update(WebhookDelivery)
        .where(*of_endpoint(*key), WebhookDelivery.id.in_(first), WebhookDelivery.due_at.is_(None))
        .values(due_at=func.now())
        .returning(WebhookDelivery.id)
        .execution_options(synchronize_session=False)
    )
    return bool(due.all())


async def endpoints_with_old(session: AsyncSession, *, before: UUID) -> Sequence[EndpointKey]:
    """Endpoints with deliveries that were made before this id, and deleted endpoints."""
    old = exists().where(
        WebhookDelivery.organization_id == WebhookEndpoint.organization_id,
        WebhookDelivery.endpoint_id == WebhookEndpoint.id,
        WebhookDelivery.id < before,
    )
    rows = await session.execute(
        select(WebhookEndpoint.organization_id, WebhookEndpoint.id).where(
            or_(WebhookEndpoint.deleted_at.is_not(None), old)
        )
    )
    return [EndpointKey(*row) for row in rows]


async def lock_for_clean_up(session: AsyncSession, key: EndpointKey) -> WebhookEndpoint | None:
    found: WebhookEndpoint | None = await session.scalar(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.organization_id == key.organization_id, WebhookEndpoint.id == key.endpoint_id)
        .with_for_update()
    )
    return found


async def delete_batch(session: AsyncSession, key: EndpointKey, *, before: UUID | None, limit: int) -> list[UUID]:
    """Delete the oldest deliveries, made before this id; None: all. Returns the order key of each."""
    oldest = select(WebhookDelivery.id).where(*of_endpoint(*key)).order_by(WebhookDelivery.id).limit(limit)
    if before is not None:
        oldest = oldest.where(WebhookDelivery.id < before)
    deleted = await session.execute(
        delete(WebhookDelivery)
        .where(*of_endpoint(*key), WebhookDelivery.id.in_(oldest))
        .returning(WebhookDelivery.order_key)
        .execution_options(synchronize_session=False)
    )
    return list(deleted.scalars())


def new_row(
    key: EndpointKey,
    event: Event,
    *,
    delivery_id: UUID,
    order_key: UUID,
    due_at: datetime | None,
    retry_until: datetime,
) -> dict[str, object]:
    """A delivery of this event as `add_deliveries` takes it."""
    return {
        "organization_id": key.organization_id,
        "id": delivery_id,
        "endpoint_id": key.endpoint_id,
        "event_id": event.id,
        "event_type": event.type,
        "position": event.position,
        "order_key": order_key,
        "state": DeliveryState.PENDING.value,
        "due_at": due_at,
        "retry_until": retry_until,
    }
