"""The API process: an ASGI app for `/webhooks`, FastAPI for everything else, and the layers in front of both."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api import operations, problem_pages, well_known
from api.access import account_endpoints as account
from api.access import endpoints as access
from api.access import key_endpoints as api_keys
from api.access import organization_endpoints as organization
from api.access_log import AccessLog
from api.app_state import AppState, running
from api.audit_log import endpoints as audit_log
from api.away import endpoints as away
from api.broadcasts import endpoints as broadcasts
from api.broadcasts import left_out_endpoints as left_out
from api.broadcasts import saved_endpoints as audiences
from api.compression import Compression
from api.conditional import EntityTags
from api.consent import endpoints as consent
from api.conversations import context_endpoints as context
from api.conversations import endpoints as conversations
from api.conversations import message_endpoints as messages
from api.conversations import recipient_endpoints as recipients
from api.conversations import scheduled_endpoints as scheduled
from api.conversations import team_endpoints as team
from api.conversations import view_endpoints as views
from api.costs import endpoints as costs
from api.created import CreatedLocation
from api.cross_origin import CrossOrigin
from api.delivery import endpoints as delivery
from api.directory import class_endpoints as classes
from api.directory import endpoints as directory
from api.directory.importing import endpoints as imports
from api.error_answers import ErrorAnswers, TooLargeAsProblem, install_error_handlers
from api.exports import endpoints as exports
from api.inbound import endpoints as inbound
from api.inbound import sandbox_endpoints as sandbox_texts
from api.inbound.webhook import PREFIX as WEBHOOKS
from api.kit.app_state import publish
from api.kit.errors import Unavailable, problem_responses
from api.layers import BodyDeadline, HeadAsGet, OpenRequestLimit, ResponseHeaders
from api.lines import endpoints as lines
from api.links import endpoints as links
from api.literal_paths import refuse_methods_of_templates
from api.live import endpoints as live
from api.liveness import Watchdog
from api.media import carrier_endpoints as carrier_media
from api.media import endpoints as media
from api.media import upload_endpoints as uploads
from api.metrics import Metrics
from api.migrate import expected_revision
from api.notes import endpoints as notes
from api.notifications import endpoints as notifications
from api.openapi import extend_document
from api.prices import endpoints as prices
from api.retention import endpoints as retention
from api.saved_replies import endpoints as saved_replies
from api.search import endpoints as search
from api.search import note_endpoints as note_search
from api.service_status import endpoints as service_status
from api.settings import Settings
from api.spa import mount_spa
from api.threads import endpoints as threads
from api.tracing import Tracing, telemetry
from api.version import VERSION
from api.webhook_endpoints import endpoints as webhook_endpoints

MAX_BODY_BYTES = 1024 * 1024
"""A route may set another limit."""

SLICES = (
    *(access, account, organization, live, team, conversations, views, search, messages, scheduled, recipients, media),
    *(uploads, consent, directory, imports, lines, audit_log, inbound, away, delivery, notifications, service_status),
    *(api_keys, retention, classes, context, links, saved_replies),
    *(note_search, notes, threads, broadcasts, left_out, audiences, prices, costs, webhook_endpoints),
    *(sandbox_texts, exports),
)
"""Search comes before messages, and before notes: `/messages/{message_id}` would match `/messages/search`."""


def create_app(
    settings: Settings,
    *,
    database_url: str,
    listening_url: str | None = None,
    metrics: Metrics | None = None,
    tracing: Tracing | None = None,
    watchdog: Watchdog | None = None,
    on_started: Callable[[], None] | None = None,
) -> "Application":
    """The ASGI application over the database at `database_url` (`postgresql+asyncpg://…`).

    `listening_url` is for notifications, if `database_url` leads through a pooler.

    `watchdog` ends the process when its loop hangs, so a supervisor must restart the process. `on_started` is called
    when the application can serve.
    """
    measured = metrics or Metrics()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if watchdog is not None:
            watchdog.start()
        expected_revision()  # Reads the migrations, so that no request waits for that.
        try:
            async with running(
                settings, database_url=database_url, listening_url=listening_url or database_url, metrics=measured
            ) as state:
                app.set_state(state)
                if on_started is not None:
                    on_started()
                yield
        finally:
            if watchdog is not None:
                await watchdog.stop()
            if tracing is not None:
                await asyncio.to_thread(tracing.stop)

    api = FastAPI(
        title="Messenger Center",
        version=VERSION,
        summary="A two-way texting inbox for businesses that run classes.",
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        max_body_size=MAX_BODY_BYTES,
        redirect_slashes=False,
        # `api.spa` serves the API reference. FastAPI's own pages load scripts from another host.
        docs_url=None,
        redoc_url=None,
        telemetry=telemetry(tracing),
    )
    _add_routes(api, settings)
    app = Application(api, settings, measured)
    return app


def _add_routes(api: FastAPI, settings: Settings) -> None:
    install_error_handlers(api)
    v1 = APIRouter(prefix="/api/v1", responses=problem_responses(Unavailable))
    for each in SLICES:
        v1.include_router(each.router)
    api.include_router(v1)
    api.include_router(operations.router(settings))
    api.include_router(well_known.router)
    api.include_router(problem_pages.router)
    api.include_router(carrier_media.router)
    mount_spa(api)
    refuse_methods_of_templates(api)
    extend_document(api)


class Application:
    """`/webhooks` and FastAPI, behind the layers that both share."""

    state: AppState
    """Set once the application runs."""

    def __init__(self, api: FastAPI, settings: Settings, metrics: Metrics) -> None:
        self.api = api
        self.free_requests = {"api": settings.open_requests, "webhook": settings.open_webhooks}
        # In the order in which a request passes them.
        layers = [
            Middleware(HeadAsGet),
            Middleware(AccessLog, trusted_proxies=settings.trusted_proxies or ()),
            Middleware(ResponseHeaders, is_https=settings.secure_cookies),
            Middleware(CrossOrigin, origins=settings.cors_origins),
            Middleware(ErrorAnswers),
            Middleware(OpenRequestLimit, free=self.free_requests),
            Middleware(BodyDeadline, seconds=settings.request_deadline_seconds),
        ]
        # Webhooks need none of it: what they answer is short.
        self._fast_api = Compression(EntityTags(CreatedLocation(TooLargeAsProblem(api))))
        self._http: ASGIApp = self._mounted
        for layer, arguments, options in reversed(layers):
            self._http = layer(self._http, *arguments, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._http if scope["type"] == "http" else self.api
        await app(scope, receive, send)

    async def _mounted(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.state.webhooks if scope["path"].startswith(WEBHOOKS) else self._fast_api
        await app(scope, receive, send)

    def set_state(self, state: AppState) -> None:
        self.state = state
        publish(self.api, state)

    def close_streams(self) -> None:
        """Ends the event streams, if the application has started."""
        if hasattr(self, "state"):
            self.state.hub.close_all()
