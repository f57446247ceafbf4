"""From the event log to deliveries: a row for each event that an endpoint subscribes to."""

from api.events.service import events_after, last_position
from api.kit.database import Database, database_time, notify
from api.kit.ids import first_id_at, new_id
from api.webhook_endpoints import delivery_queries as queries
from api.webhook_endpoints.delivery_queries import EndpointKey
from api.webhook_endpoints.queries import lock_endpoint
from api.webhook_endpoints.rules import KEEP, MAX_PENDING, RETRIES_LAST, order_key, types_of
from api.webhook_endpoints.service import CHANNEL

EVENTS = 500
"""Events of one endpoint that one transaction turns into deliveries."""

DELETED_AT_ONCE = 1_000


async def fan_out(database: Database, key: EndpointKey) -> bool:
    """Make deliveries of the next events of an endpoint. Returns whether more may wait.

    Of each conversation only the first pending delivery is due. The endpoint's lock keeps that true: who ends one holds
    it too.
    """
    async with database.transaction() as session:
        endpoint = await lock_endpoint(session, *key)
        if endpoint is None or not endpoint.is_enabled:
            return False
        room = MAX_PENDING - await queries.count_pending(session, key)
        if room <= 0:
            return False
        # Read before the events: those up to this position have committed.
        last = await last_position(session, key.organization_id)
        limit = min(EVENTS, room)
        events = await events_after(
            session, key.organization_id, endpoint.position, types=types_of(endpoint.event_types), limit=limit
        )
        events = [each for each in events if each.position <= last]
        now = await database_time(session)
        keys = {order_key(endpoint.id, each.conversation_id) for each in events}
        waiting = await queries.pending_keys(session, key, keys) if keys else set()
        rows: list[dict[str, object]] = []
        for event in events:
            of_order = order_key(endpoint.id, event.conversation_id)
            due_at = None if of_order in waiting else now
            waiting.add(of_order)
            made = queries.new_row(
                key, event, delivery_id=new_id(), order_key=of_order, due_at=due_at, retry_until=now + RETRIES_LAST
            )
            rows.append(made)
        if rows:
            await queries.add_deliveries(session, rows)
            notify(session, CHANNEL, {})
        is_full = len(events) == limit
        endpoint.position = events[-1].position if is_full else max(last, endpoint.position)
        return is_full


async def clean_up(database: Database) -> bool:
    """Delete a batch of each endpoint's deliveries that are older than `KEEP`, and endpoints that were deleted.

    Returns whether more may wait.
    """
    async with database.transaction() as session:
        before = first_id_at(await database_time(session) - KEEP)
        keys = await queries.endpoints_with_old(session, before=before)
    more = False
    for key in keys:
        async with database.transaction() as session:
            endpoint = await queries.lock_for_clean_up(session, key)
            if endpoint is None:
                continue
            is_deleted = endpoint.deleted_at is not None
            gone = await queries.delete_batch(
                session, key, before=None if is_deleted else before, limit=DELETED_AT_ONCE
            )
            if len(gone) == DELETED_AT_ONCE:
                more = True
            elif is_deleted:
                await session.delete(endpoint)
                continue
            if gone and not is_deleted:
                await queries.let_next_go(session, key, set(gone))
    return more
