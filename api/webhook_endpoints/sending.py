"""Delivering: claim due deliveries, post each with no transaction open, and settle what came of it."""

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.audit.rules import SYSTEM, Action, NewEntry
from api.events.rules import EventType
from api.events.types import data_of
from api.kit.database import Database, database_time, notify
from api.kit.ids import new_id
from api.kit.metrics import WEBHOOK_ATTEMPTS
from api.kit.secrets import SecretBox, UnreadableSecretError
from api.kit.times import rfc3339
from api.webhook_endpoints import delivery_queries as queries
from api.webhook_endpoints.delivery_queries import ClaimedRow, DueEndpoint, EndpointKey
from api.webhook_endpoints.models import WebhookDelivery, WebhookEndpoint
from api.webhook_endpoints.posting import Posted, WebhookClient
from api.webhook_endpoints.queries import lock_endpoint
from api.webhook_endpoints.rules import (
    MAX_ATTEMPTS_KEPT,
    Attempt,
    DeliveryState,
    End,
    Outcome,
    Retry,
    next_step,
    outcome_of,
    why_switched_off,
)
from api.webhook_endpoints.service import CHANNEL
from api.webhook_endpoints.signing import signed_headers, signing_secrets

LEASE = timedelta(seconds=30)
"""Longer than a post can take. Until then only this worker posts the delivery."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim:
    """A delivery that only this worker may post until the lease ends. `content`: None if there is nothing to post."""

    key: EndpointKey
    delivery_id: UUID
    event_id: UUID
    lease_token: UUID
    url: str
    sealed_secret: bytes
    previous_secret_until: datetime | None
    content: str | None
    is_failing: bool


async def claim(database: Database, endpoint: DueEndpoint, *, limit: int) -> list[Claim]:
    """Lease due deliveries of an endpoint."""
    token = new_id()
    async with database.transaction() as session:
        rows = await queries.claim(session, endpoint, token=token, lease=LEASE, limit=limit)
        return [
            Claim(
                endpoint.key,
                row.delivery.id,
                row.delivery.event_id,
                token,
                endpoint.url,
                endpoint.sealed_secret,
                endpoint.previous_secret_until,
                content_of(row),
                endpoint.is_failing,
            )
            for row in rows
        ]


def content_of(row: ClaimedRow) -> str | None:
    """The request's body: {type, timestamp, data}. None if the log no longer keeps the event."""
    delivery, event = row
    if event is not None:
        type_, at, data = event.type, event.created_at, data_of(event)
    elif delivery.event_type == EventType.WEBHOOK_TEST:
        type_, at = delivery.event_type, delivery.created_at
        data = {"webhook_endpoint_id": str(delivery.endpoint_id)}
    else:
        return None
    return json.dumps({"type": type_, "timestamp": rfc3339(at), "data": data}, separators=(",", ":"))


@dataclass(frozen=True)
class Result:
    outcome: Outcome
    attempt: Attempt
    retry_after: float | None = None


async def post(client: WebhookClient, claimed: Claim, *, secrets: SecretBox) -> Result:
    """One attempt, with no transaction open."""
    at = datetime.now(UTC)
    if claimed.content is None:
        error = "The event is older than 30 days and is no longer kept."
        return Result(Outcome.EXPIRED, Attempt(at, None, 0, error, None))
    try:
        opened = secrets.open(claimed.sealed_secret)
    except UnreadableSecretError:
        error = "The endpoint's secret cannot be read with this service's secret key. Rotate it."
        return Result(Outcome.FAILED, Attempt(at, None, 0, error, None))
    signing = signing_secrets(opened, previous_until=claimed.previous_secret_until, now=at)
    headers = signed_headers(claimed.event_id, claimed.content, at=at, with_secrets=signing)
    posted: Posted = await client.post(claimed.url, claimed.content.encode(), headers)
    attempt = Attempt(at, posted.status, posted.duration_ms, posted.error, posted.response_excerpt)
    return Result(outcome_of(posted.status), attempt, posted.retry_after)


async def settle(database: Database, claimed: Claim, result: Result) -> None:
    """Store the attempt and what becomes of the delivery and its endpoint, guarded by the lease.

    Does nothing if the lease was lost: then another worker posts it again.
    """
    WEBHOOK_ATTEMPTS.labels(result.outcome.value).inc()
    async with database.transaction() as session:
        endpoint = await lock_endpoint(session, *claimed.key)
        row = await queries.leased(session, claimed.key, claimed.delivery_id, claimed.lease_token)
        if endpoint is None or row is None:
            return
        now = await database_time(session)
        row.tries += 1
        row.attempts = [*row.attempts, result.attempt.stored()][-MAX_ATTEMPTS_KEPT:]
        row.lease_token = None
        if row.event_type != EventType.WEBHOOK_TEST:
            await _judge_endpoint(session, endpoint, result, now=now)
        await _settle_row(session, claimed.key, row, endpoint, result, now=now)


async def _settle_row(
    session: AsyncSession,
    key: EndpointKey,
    row: WebhookDelivery,
    endpoint: WebhookEndpoint,
    result: Result,
    *,
    now: datetime,
) -> None:
    step = next_step(
        result.outcome,
        tries=row.tries,
        left=row.retry_until - now,
        chance=random.random(),  # noqa: S311  # Jitter, no secret.
        retry_after=result.retry_after,
    )
    is_waiting = not endpoint.is_enabled and row.event_type != EventType.WEBHOOK_TEST
    if is_waiting and step != End(DeliveryState.DELIVERED) and result.outcome is not Outcome.EXPIRED:
        # It goes on when the endpoint is switched on.
        step = Retry(timedelta())
    if isinstance(step, Retry):
        row.due_at = now + step.wait
        return
    row.state, row.due_at, row.finished_at = step.state.value, None, now
    await session.flush()
    if await queries.let_next_go(session, key, [row.order_key]):
        notify(session, CHANNEL, {})


async def _judge_endpoint(session: AsyncSession, endpoint: WebhookEndpoint, result: Result, *, now: datetime) -> None:
    """Note what the attempt says about the endpoint, and switch it off if it fails for long or is gone."""
    match result.outcome:
        case Outcome.EXPIRED:
            return
        case Outcome.DELIVERED:
            endpoint.failing_since, endpoint.failures = None, 0
            endpoint.last_delivered_at = now
            return
        case Outcome.FAILED | Outcome.GONE:
            endpoint.failing_since = endpoint.failing_since or now
            endpoint.failures += 1
    reason = why_switched_off(result.outcome, failing_for=now - endpoint.failing_since, failures=endpoint.failures)
    if reason is None or not endpoint.is_enabled:
        return
    endpoint.is_enabled, endpoint.disabled_reason, endpoint.disabled_at = False, reason.value, now
    endpoint.updated_at = now
    await session.flush()
    said = {
        "webhook_endpoint_id": str(endpoint.id),
        "url": endpoint.url,
        "reason": reason.value,
        "error": result.attempt.error,
    }
    entry = NewEntry(Action.WEBHOOK_ENDPOINT_SWITCHED_OFF, SYSTEM, details=said)
    await audit.record(session, endpoint.organization_id, entry)
    log.warning("webhooks.endpoint_switched_off", endpoint_id=str(endpoint.id), reason=reason.value)


async def release(database: Database, claimed: Claim) -> None:
    """End the lease of an unfinished post, so that another worker posts it at once."""
    async with database.transaction() as session:
        await queries.release(session, claimed.key, claimed.lease_token)
