"""Routes of webhook endpoints and of their delivery log."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.access.dependencies import Administrator, guarded
from api.kit.app_state import from_app
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging
from api.kit.secrets import SecretBox
from api.settings import Settings
from api.webhook_endpoints import log, service
from api.webhook_endpoints.rules import DeliveryState
from api.webhook_endpoints.schemas import (
    WebhookDeliveryOut,
    WebhookEndpointIn,
    WebhookEndpointOut,
    WebhookEndpointPatch,
    WebhookEndpointWithSecret,
    WebhookSecretRotation,
)

router = APIRouter(tags=["webhook endpoints"])

SECRET_FIELD = "secret"  # noqa: S105  # The name of a field.


@router.get("/webhook-endpoints", responses=guarded(Invalid))
async def list_webhook_endpoints(
    principal: Administrator, session: Session, paging: Paging
) -> Page[WebhookEndpointOut]:
    """The organization's endpoints, the oldest first."""
    found = await service.list_endpoints(session, principal, after=paging.id_key(), limit=paging.rows_to_read)
    shown, next_cursor = paging.cut(found, lambda listed: (listed.endpoint.id,))
    return Page(items=[WebhookEndpointOut.of(each) for each in shown], next_cursor=next_cursor)


@router.post(
    "/webhook-endpoints",
    status_code=201,
    response_model=WebhookEndpointWithSecret,
    responses=guarded(Conflict, Invalid),
)
async def create_webhook_endpoint(
    body: WebhookEndpointIn,
    principal: Administrator,
    session: Session,
    request: Request,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Have events posted to an address from now on. This answer shows the secret that signs them.

    So does a repeat under the same `Idempotency-Key` for ten minutes.
    """
    await service.require_allowed_address(session, body.url, from_app(request, Settings).webhook_networks)

    async def create() -> tuple[int, WebhookEndpointWithSecret]:
        made = await service.create_endpoint(session, principal, body.new(), secrets=from_app(request, SecretBox))
        return 201, WebhookEndpointWithSecret.made(*made)

    return await once(
        session,
        create,
        key=idempotency_key,
        asked_by=principal,
        operation="create-webhook-endpoint",
        request=body,
        secret_field=SECRET_FIELD,
    )


@router.get("/webhook-endpoints/{webhook_endpoint_id}", responses=guarded(NotFound, Invalid))
async def get_webhook_endpoint(
    webhook_endpoint_id: UUID, principal: Administrator, session: Session
) -> WebhookEndpointOut:
    """An endpoint with its health. Its secret is not shown."""
    return WebhookEndpointOut.of(await service.require_endpoint(session, principal, webhook_endpoint_id))


@router.patch("/webhook-endpoints/{webhook_endpoint_id}", responses=guarded(NotFound, Invalid))
async def update_webhook_endpoint(
    webhook_endpoint_id: UUID, body: WebhookEndpointPatch, principal: Administrator, session: Session, request: Request
) -> WebhookEndpointOut:
    """Change an endpoint, or switch it on or off."""
    await service.require_endpoint(session, principal, webhook_endpoint_id)
    if body.url is not None:
        await service.require_allowed_address(session, body.url, from_app(request, Settings).webhook_networks)
    return WebhookEndpointOut.of(await service.change_endpoint(session, principal, webhook_endpoint_id, body.changes()))


@router.delete("/webhook-endpoints/{webhook_endpoint_id}", status_code=204, responses=guarded(NotFound, Invalid))
async def delete_webhook_endpoint(webhook_endpoint_id: UUID, principal: Administrator, session: Session) -> None:
    """Delete an endpoint with its delivery log. What waits for it is not delivered."""
    await service.delete_endpoint(session, principal, webhook_endpoint_id)


@router.post(
    "/webhook-endpoints/{webhook_endpoint_id}/rotate",
    response_model=WebhookEndpointWithSecret,
    responses=guarded(NotFound, Conflict, Invalid),
)
async def rotate_webhook_secret(
    webhook_endpoint_id: UUID,
    body: WebhookSecretRotation,
    principal: Administrator,
    session: Session,
    request: Request,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Make a new secret. This answer shows it. For `overlap_hours` each delivery has a signature of both secrets."""

    async def rotate() -> tuple[int, WebhookEndpointWithSecret]:
        overlap = timedelta(hours=body.overlap_hours)
        rotated = await service.rotate_secret(
            session, principal, webhook_endpoint_id, overlap=overlap, secrets=from_app(request, SecretBox)
        )
        return 200, WebhookEndpointWithSecret.made(*rotated)

    return await once(
        session,
        rotate,
        key=idempotency_key,
        asked_by=principal,
        operation=f"rotate-webhook-secret/{webhook_endpoint_id}",
        request=body,
        secret_field=SECRET_FIELD,
    )


@router.post(
    "/webhook-endpoints/{webhook_endpoint_id}/test", status_code=202, responses=guarded(NotFound, Conflict, Invalid)
)
async def try_webhook_endpoint(
    webhook_endpoint_id: UUID, principal: Administrator, session: Session
) -> WebhookDeliveryOut:
    """Post a `webhook_endpoint.test` event to the endpoint, once, also if it is switched off.

    The answer's `id` is the delivery, whose result comes within seconds.
    """
    return WebhookDeliveryOut.of(await service.test_endpoint(session, principal, webhook_endpoint_id))


@router.get("/webhook-endpoints/{webhook_endpoint_id}/deliveries", responses=guarded(NotFound, Invalid))
async def list_webhook_deliveries(
    webhook_endpoint_id: UUID,
    principal: Administrator,
    session: Session,
    paging: Paging,
    state: Annotated[DeliveryState | None, Query(description="Only those in this state.")] = None,
) -> Page[WebhookDeliveryOut]:
    """What was posted to an endpoint in the last 30 days and what waits, with its attempts, the newest first."""
    rows = await log.list_deliveries(
        session, principal, webhook_endpoint_id, state=state, before=paging.id_key(), limit=paging.rows_to_read
    )
    shown, next_cursor = paging.cut(rows, lambda row: (row.id,))
    return Page(items=[WebhookDeliveryOut.of(row) for row in shown], next_cursor=next_cursor)


@router.get("/webhook-endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}", responses=guarded(NotFound, Invalid))
async def get_webhook_delivery(
    webhook_endpoint_id: UUID, delivery_id: UUID, principal: Administrator, session: Session
) -> WebhookDeliveryOut:
    """A delivery with its attempts, such as a test that is under way."""
    return WebhookDeliveryOut.of(await log.require_delivery(session, principal, webhook_endpoint_id, delivery_id))


@router.post(
    "/webhook-endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}/replay",
    status_code=202,
    responses=guarded(NotFound, Conflict, Invalid),
)
async def replay_webhook_delivery(
    webhook_endpoint_id: UUID, delivery_id: UUID, principal: Administrator, session: Session
) -> WebhookDeliveryOut:
    """Post an event again, also a delivered one, with the same `webhook-id`. It does not wait for other deliveries."""
    return WebhookDeliveryOut.of(await log.replay_delivery(session, principal, webhook_endpoint_id, delivery_id))
