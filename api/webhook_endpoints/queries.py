"""SQL of webhook endpoints and of their delivery log."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from api.webhook_endpoints.models import WebhookDelivery, WebhookEndpoint
from api.webhook_endpoints.rules import MAX_PENDING, DeliveryState, DisabledReason


class ListedEndpoint(NamedTuple):
    endpoint: WebhookEndpoint
    pending: int
    """Deliveries that wait; counted to `MAX_PENDING`."""


def is_pending() -> ColumnElement[bool]:
    return WebhookDelivery.state == DeliveryState.PENDING.value


def of_endpoint(organization_id: UUID, endpoint_id: UUID) -> list[ColumnElement[bool]]:
    return [WebhookDelivery.organization_id == organization_id, WebhookDelivery.endpoint_id == endpoint_id]


def _listed(organization_id: UUID) -> Select[WebhookEndpoint, int]:
    waiting = (
        select(text("1"))
        .select_from(WebhookDelivery)
        .where(
            WebhookDelivery.organization_id == WebhookEndpoint.organization_id,
            WebhookDelivery.endpoint_id == WebhookEndpoint.id,
            is_pending(),
        )
        .limit(MAX_PENDING)
        .correlate(WebhookEndpoint)
        .lateral("waiting")
    )
    pending = select(func.count()).select_from(waiting).scalar_subquery()
    return select(WebhookEndpoint, pending).where(
        WebhookEndpoint.organization_id == organization_id, WebhookEndpoint.deleted_at.is_(None)
    )


async def endpoints(
    session: AsyncSession, organization_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[ListedEndpoint]:
    """The oldest first."""
    statement = _listed(organization_id).order_by(WebhookEndpoint.id).limit(limit)
    if after is not None:
        statement = statement.where(WebhookEndpoint.id > after)
    return [ListedEndpoint(*row) for row in await session.execute(statement)]


async def endpoint(session: AsyncSession, organization_id: UUID, endpoint_id: UUID) -> ListedEndpoint | None:
    row = (await session.execute(_listed(organization_id).where(WebhookEndpoint.id == endpoint_id))).one_or_none()
    return None if row is None else ListedEndpoint(*row)


async def lock_endpoint(session: AsyncSession, organization_id: UUID, endpoint_id: UUID) -> WebhookEndpoint | None:
    """Locked. Whoever adds or ends deliveries of an endpoint holds this lock: they keep the first of each order due."""
    found: WebhookEndpoint | None = await session.scalar(
        select(WebhookEndpoint)
        .where(
            WebhookEndpoint.organization_id == organization_id,
            WebhookEndpoint.id == endpoint_id,
            WebhookEndpoint.deleted_at.is_(None),
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found


async def lock_organization(session: AsyncSession, organization_id: UUID) -> None:
    """So that two requests at once do not make more endpoints than allowed."""
    await session.execute(text("SELECT 1 FROM organizations WHERE id = :id FOR NO KEY UPDATE"), {"id": organization_id})


async def count_endpoints(session: AsyncSession, organization_id: UUID) -> int:
    statement = select(func.count()).where(
        WebhookEndpoint.organization_id == organization_id, WebhookEndpoint.deleted_at.is_(None)
    )
    return (await session.execute(statement)).scalar_one()


async def switched_off(session: AsyncSession, organization_id: UUID) -> Sequence[WebhookEndpoint]:
    """Endpoints that the service has switched off, and nobody has switched on again, the oldest first."""
    statement = select(WebhookEndpoint).where(
        WebhookEndpoint.organization_id == organization_id,
        WebhookEndpoint.deleted_at.is_(None),
        WebhookEndpoint.disabled_reason.in_((DisabledReason.GONE.value, DisabledReason.FAILING.value)),
    )
    return (await session.scalars(statement.order_by(WebhookEndpoint.id))).all()


async def deliveries(
    session: AsyncSession,
    organization_id: UUID,
    endpoint_id: UUID,
    *,
    state: DeliveryState | None,
    before: UUID | None,
    limit: int,
) -> Sequence[WebhookDelivery]:
    """The newest first."""
    statement = select(WebhookDelivery).where(*of_endpoint(organization_id, endpoint_id))
    if state is not None:
        statement = statement.where(WebhookDelivery.state == state.value)
    if before is not None:
        statement = statement.where(WebhookDelivery.id < before)
    return (await session.scalars(statement.order_by(WebhookDelivery.id.desc()).limit(limit))).all()


async def delivery(
    session: AsyncSession, organization_id: UUID, endpoint_id: UUID, delivery_id: UUID, *, lock: bool = False
) -> WebhookDelivery | None:
    statement = select(WebhookDelivery).where(
        *of_endpoint(organization_id, endpoint_id), WebhookDelivery.id == delivery_id
    )
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    found: WebhookDelivery | None = await session.scalar(statement)
    return found


async def has_pending_of_type(session: AsyncSession, organization_id: UUID, endpoint_id: UUID, event_type: str) -> bool:
    statement = select(
        exists().where(
            *of_endpoint(organization_id, endpoint_id), is_pending(), WebhookDelivery.event_type == event_type
        )
    )
    return (await session.execute(statement)).scalar_one()


async def make_due(
    session: AsyncSession, organization_id: UUID, endpoint_id: UUID, *, at: datetime, retry_until: datetime
) -> None:
    """The first pending delivery of each order is due at `at`, and the retries of all pending ones begin anew."""
    await session.execute(
        update(WebhookDelivery)
        .where(*of_endpoint(organization_id, endpoint_id), is_pending())
        .values(retry_until=retry_until, tries=0)
        .execution_options(synchronize_session=False)
    )
    first = (
        select(WebhookDelivery.id)
        .where(*of_endpoint(organization_id, endpoint_id), is_pending())
        .ext(distinct_on(WebhookDelivery.order_key))
        .order_by(WebhookDelivery.order_key, WebhookDelivery.position)
    )
    await session.execute(
        update(WebhookDelivery)
        .where(*of_endpoint(organization_id, endpoint_id), WebhookDelivery.id.in_(first))
        .values(due_at=at, lease_token=None)
        .execution_options(synchronize_session=False)
    )
