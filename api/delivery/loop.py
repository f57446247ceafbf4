"""What a worker runs of this slice: the outbox, and the heartbeat that says that the outbox loop turns."""

from api.conversations.lifecycle import OUTBOX_CHANNEL
from api.delivery.heartbeat import Heartbeat, sending_status
from api.delivery.sender import Sender
from api.delivery.settle import AddLater
from api.kit.database import Database
from api.kit.loop import POLL_SECONDS, Loop
from api.kit.secrets import SecretBox
from api.live.bus import Bus
from api.providers.registry import Providers
from api.settings import Settings

STUCK_SECONDS = 60.0
"""A worker whose outbox loop has not turned for this long is unhealthy."""


class OutboxLoop:
    """Sends due messages of every organization."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        providers: Providers,
        secrets: SecretBox,
        settings: Settings,
        *,
        add_later: AddLater,
    ) -> None:
        self._loop = Loop("outbox", self._step, interval=POLL_SECONDS)
        self._sender = Sender(database, providers, secrets, settings, add_later=add_later, wake=self._loop.wake)
        self._heartbeat = Heartbeat(database)
        bus.subscribe(OUTBOX_CHANNEL, lambda _: self._loop.wake(), on_gap=self._loop.wake)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        """A posted message is settled before this returns."""
        await self._loop.stop()
        await self._sender.stop()

    @property
    def is_turning(self) -> bool:
        """False when the loop is stuck. An unavailable database does not make it so."""
        return self._loop.is_turning(within=STUCK_SECONDS)

    async def _step(self) -> bool:
        more = await self._sender.send_due()
        await self._heartbeat.beat()
        return more


async def has_live_worker(database: Database) -> bool:
    """Whether any worker has sent its heartbeat lately."""
    async with database.transaction() as session:
        return (await sending_status(session)).texts_are_leaving
