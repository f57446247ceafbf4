"""The parts of the running application: created and started when it starts, stopped when it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.access.gate import SignInGate
from api.access.rate_limits import RateLimits
from api.conversations.live_rows import ConversationReader
from api.conversations.typing_presence import TypingLimits
from api.delivery.heartbeat import SendingWatch
from api.delivery.loop import has_live_worker
from api.inbound.journal import JournalWriter
from api.inbound.loop import JournalApplier
from api.inbound.webhook import WebhookApp
from api.kit.database import Database
from api.kit.metrics import event_streams
from api.kit.secrets import SecretBox, secret_box
from api.lines.cache import LineCache
from api.lines.service import CHANNEL as LINES_CHANNEL
from api.live.bus import PostgresBus
from api.live.hub import Hub
from api.media.pictures import PictureMaker
from api.metrics import Metrics
from api.providers.registry import Providers
from api.settings import Settings
from api.threads.live_entries import ThreadEntryReader

WEBHOOK_POOL_SIZE = 2


@dataclass(frozen=True)
class AppState:
    """One part of each type. Slices get theirs with `kit.app_state.from_app`."""

    settings: Settings
    metrics: Metrics
    database: Database
    secrets: SecretBox
    providers: Providers
    sign_in_gate: SignInGate
    rate_limits: RateLimits
    typing_limits: TypingLimits
    hub: Hub
    lines: LineCache
    pictures: PictureMaker
    journal: JournalWriter
    applier: JournalApplier
    webhooks: WebhookApp


@asynccontextmanager
async def running(
    settings: Settings, *, database_url: str, listening_url: str, metrics: Metrics
) -> AsyncIterator[AppState]:
    """The state over the database at `database_url`, with its background tasks."""
    secrets = secret_box(settings)
    database = Database(database_url, pool_size=settings.database_pool_size, measured_as="api", secrets=secrets)
    # Webhooks have their own connections, so that they never wait for API requests that use up the pool.
    webhook_database = Database(database_url, pool_size=WEBHOOK_POOL_SIZE, measured_as="webhooks")
    providers = Providers(settings)
    lines = LineCache(webhook_database, secrets)
    journal = JournalWriter(database_url)
    applier = JournalApplier(database, providers, settings, beside=journal, has_live_worker=has_live_worker)
    webhooks = WebhookApp(lines=lines, providers=providers, journal=journal, public_base_url=settings.public_base_url)
    bus = PostgresBus(listening_url)
    bus.subscribe(LINES_CHANNEL, lines.on_change, on_gap=lines.forget_all)
    hub = Hub(
        database,
        bus,
        readers=[ConversationReader(), ThreadEntryReader()],
        streams_per_person=settings.streams_per_person,
        on_streams=event_streams().set,
    )
    sending = SendingWatch(database, hub)
    await bus.start()
    hub.start()
    sending.start()
    journal.start(on_written=applier.wake)
    applier.start()
    try:
        yield AppState(
            settings=settings,
            metrics=metrics,
            database=database,
            secrets=secrets,
            providers=providers,
            sign_in_gate=SignInGate(),
            rate_limits=RateLimits(
                per_person=settings.requests_per_minute_per_person, per_key=settings.requests_per_minute_per_key
            ),
            typing_limits=TypingLimits(),
            hub=hub,
            lines=lines,
            pictures=PictureMaker(),
            journal=journal,
            applier=applier,
            webhooks=webhooks,
        )
    finally:
        await journal.stop()
        webhooks.close()
        await applier.stop()
        await sending.stop()
        await hub.stop()
        await bus.stop()
        await providers.close()
        await webhook_database.close()
        await database.close()
