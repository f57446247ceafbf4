"""The worker process's work: the loops of the slices, started and stopped together."""

import asyncio
from typing import Protocol

from api.access.loop import clean_up_loop
from api.backup.loop import ReleaseLoop
from api.broadcasts.loop import broadcasts_loop, signups_loop
from api.conversations.loop import corrections_loop, reminders_loop, scheduled_texts_loop, sweep_loop
from api.conversations.subjects import describe
from api.costs.loop import FiguresLoop
from api.delivery.holds import held_organizations
from api.delivery.loop import OutboxLoop
from api.directory.importing.loop import imports_loop
from api.events.loop import events_loop
from api.inbound.later import add_later
from api.inbound.loop import BackfillLoop, JournalApplier
from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.live.bus import Bus
from api.media.loop import MediaLoop, uploads_loop
from api.notifications.loop import PushLoop
from api.providers.registry import Providers
from api.retention.loop import erasure_loop, retention_loop
from api.settings import Settings
from api.webhook_endpoints.loop import WebhooksLoop, webhooks_clean_up_loop, webhooks_fan_out_loop


class Part(Protocol):
    def start(self) -> None: ...

    async def stop(self) -> None: ...


class Worker:
    """Everything that happens without a request."""

    def __init__(
        self, *, database: Database, bus: Bus, providers: Providers, secrets: SecretBox, settings: Settings
    ) -> None:
        applier = JournalApplier(database, providers, settings)
        self._outbox = OutboxLoop(database, bus, providers, secrets, settings, add_later=add_later)
        self._parts: list[Part] = [
            applier,
            BackfillLoop(database, providers, secrets, settings, on_found=applier.wake, held=held_organizations),
            retention_loop(database, settings),
            MediaLoop(database, bus, providers, secrets),
            uploads_loop(database),
            self._outbox,
            PushLoop(database, bus, secrets, settings, describe=describe, held=held_organizations),
            ReleaseLoop(database, providers, secrets),
            sweep_loop(database, settings),
            reminders_loop(database),
            corrections_loop(database),
            scheduled_texts_loop(database, held=held_organizations),
            broadcasts_loop(database, bus, held=held_organizations),
            FiguresLoop(database, providers, secrets, settings),
            signups_loop(database, held=held_organizations),
            clean_up_loop(database, settings),
            events_loop(database),
            imports_loop(database, bus),
            erasure_loop(database),
            webhooks_fan_out_loop(database, bus, held=held_organizations),
            WebhooksLoop(database, bus, secrets, settings, held=held_organizations),
            webhooks_clean_up_loop(database),
        ]

    def start(self) -> None:
        for part in self._parts:
            part.start()

    async def stop(self) -> None:
        """Work under way is finished: a posted message is settled before this returns."""
        await asyncio.gather(*(part.stop() for part in self._parts))

    @property
    def is_turning(self) -> bool:
        """False when the loop that sends is stuck. An unavailable database does not make it so."""
        return self._outbox.is_turning
