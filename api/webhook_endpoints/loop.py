"""What a worker runs of this slice: making deliveries of the event log, posting them, deleting old ones."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

import structlog

from api.events.service import CHANNEL as EVENTS_CHANNEL
from api.kit.claims import Claims
from api.kit.database import Database
from api.kit.database_unavailable import is_database_unavailable
from api.kit.loop import POLL_SECONDS, Loop
from api.kit.secrets import SecretBox
from api.live.bus import Bus
from api.settings import Settings
from api.webhook_endpoints import delivery_queries as queries
from api.webhook_endpoints.delivery_queries import EndpointKey
from api.webhook_endpoints.fan_out import clean_up, fan_out
from api.webhook_endpoints.posting import WebhookClient
from api.webhook_endpoints.rules import capacity
from api.webhook_endpoints.sending import Claim, claim, post, release, settle
from api.webhook_endpoints.service import CHANNEL

HeldOrganizations = Callable[[Database], Awaitable[Collection[UUID]]]
"""The organizations whose outbox is held. The first call marks restored data (decision 0031)."""

IN_FLIGHT = 100
"""Posts of one worker at the same time, to all endpoints."""

CLEAN_UP_SECONDS = 300.0

STOP_SECONDS = 5.0
"""How long a worker that stops waits for posts under way."""

log = structlog.get_logger(__name__)


def webhooks_clean_up_loop(database: Database) -> Loop:
    return Loop("delete-webhook-deliveries", lambda: clean_up(database), interval=CLEAN_UP_SECONDS)


def webhooks_fan_out_loop(database: Database, bus: Bus, *, held: HeldOrganizations) -> Loop:
    loop = Loop("webhooks-fan-out", lambda: fan_out_all(database, held), interval=POLL_SECONDS)
    bus.subscribe(EVENTS_CHANNEL, lambda _: loop.wake(), on_gap=loop.wake)
    return loop


async def fan_out_all(database: Database, held: HeldOrganizations) -> bool:
    """A batch of each endpoint that is behind its log. Returns whether more may wait.

    Nothing while an organization's outbox is held: a copy of the data must not call its integrations.
    """
    async with database.transaction() as session:
        behind = await queries.endpoints_behind_log(session)
    if not behind:
        return False
    waiting = await held(database)
    more = False
    for key in behind:
        if key.organization_id in waiting:
            continue
        try:
            more |= await fan_out(database, key)
        except Exception as error:  # It must not keep other endpoints from their events.
            if is_database_unavailable(error):
                raise
            log.exception("webhooks.fan_out_failed", endpoint_id=str(key.endpoint_id))
    return more


class WebhooksLoop:
    """Claims due deliveries and posts them, some of each endpoint at a time, so that a slow one holds no other."""

    def __init__(
        self, database: Database, bus: Bus, secrets: SecretBox, settings: Settings, *, held: HeldOrganizations
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._held = held
        self._client = WebhookClient(settings.webhook_networks)
        self._loop = Loop("post-webhooks", self._step, interval=POLL_SECONDS)
        self._claims = Claims[Claim](
            "post-webhooks",
            self._deliver,
            release=self._release,
            done=self._loop.wake,
            about=lambda claimed: {"endpoint_id": str(claimed.key.endpoint_id)},
        )
        bus.subscribe(CHANNEL, lambda _: self._loop.wake(), on_gap=self._loop.wake)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        """Posts under way have a moment to end. The leases of the others are released: they are posted again."""
        await self._loop.stop()
        await self._claims.stop(within=STOP_SECONDS)
        await self._client.close()

    async def _step(self) -> bool:
        if len(self._claims) >= IN_FLIGHT:
            return False
        async with self._database.transaction() as session:
            due = await queries.due_endpoints(session)
        if not due:
            return False
        held = await self._held(self._database)
        claimed = 0
        for endpoint in due:
            busy = Counter[EndpointKey](each.key for each in self._claims)
            allowed = capacity(is_failing=endpoint.is_failing, in_flight=busy[endpoint.key])
            free = min(IN_FLIGHT - len(self._claims), allowed)
            if free <= 0 or endpoint.key.organization_id in held:
                continue
            for each in await claim(self._database, endpoint, limit=free):
                self._claims.start(each)
                claimed += 1
        return claimed > 0

    async def _deliver(self, claimed: Claim) -> None:
        await settle(self._database, claimed, await post(self._client, claimed, secrets=self._secrets))

    async def _release(self, claimed: Claim) -> None:
        await release(self._database, claimed)
