"""The API process: routers, middleware, lifespan."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from api.access import endpoints as access
from api.access.dependencies import RATE_LIMIT_HEADERS, Public
from api.access.gate import SignInGate
from api.access.rate_limits import RateLimits
from api.audit_log import endpoints as audit_log
from api.consent import endpoints as consent
from api.conversations import endpoints as conversations
from api.conversations import message_endpoints as messages
from api.delivery import endpoints as delivery
from api.delivery.heartbeat import SendingWatch
from api.directory import endpoints as directory
from api.directory.importing import endpoints as imports
from api.errors import answer, failed, install_error_handlers
from api.inbound import endpoints as inbound
from api.inbound.door import WebhookDoor, address_of
from api.inbound.journal import JournalWriter
from api.inbound.receiving import Receiver
from api.kit.database import Database
from api.kit.database_unavailable import sqlstate
from api.kit.errors import NotFound, TooLarge, Unavailable, problem_responses
from api.kit.liveness import Watchdog
from api.kit.secrets import secret_box
from api.lines import endpoints as lines
from api.lines.cache import LineCache
from api.lines.service import CHANNEL as LINES_CHANNEL
from api.live import endpoints as live
from api.live.bus import PostgresBus
from api.live.hub import Hub
from api.media import endpoints as media
from api.metrics import Metrics
from api.migrate import expected_revision, serves_schema
from api.open_requests import PROBES, OpenRequests, Place, as_get, with_body_deadline
from api.openapi import document_problems
from api.providers.registry import Providers
from api.search import endpoints as search
from api.settings import Settings
from api.spa import mount_spa
from api.worker import JournalApplier

MAX_BODY_BYTES = 1024 * 1024
UNDEFINED_TABLE = "42P01"
WEBHOOK_POOL_SIZE = 2

SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
HSTS = (b"strict-transport-security", b"max-age=31536000")
NO_STORE = (b"cache-control", b"no-store")

log = structlog.get_logger(__name__)


def create_app(
    settings: Settings, *, database_url: str, metrics: Metrics | None = None, watchdog: Watchdog | None = None
) -> FastAPI:
    """The ASGI application over the database at `database_url` (`postgresql+asyncpg://…`).

    `watchdog` ends the process when its loop hangs: only for one that somebody starts again.
    """

    @asynccontextmanager
    async def lifespan(application: Application) -> AsyncIterator[None]:
        state = application.state
        if watchdog is not None:
            watchdog.start()
        state.expected_revision = expected_revision()
        state.database = Database(database_url, pool_size=settings.database_pool_size)
        state.secret_box = secret_box(settings)
        state.providers = Providers(settings)
        state.journal = journal = JournalWriter(database_url)
        state.applier = applier = JournalApplier(state.database, state.providers, settings, beside=journal)
        # Connections of their own: API requests that use up the pool must not keep webhooks waiting.
        webhook_database = Database(database_url, pool_size=WEBHOOK_POOL_SIZE)
        state.lines = lines_known = LineCache(webhook_database, state.secret_box)
        state.receiver = Receiver(
            lines=lines_known,
            providers=state.providers,
            journal=journal,
            public_base_url=settings.public_base_url,
        )
        bus = PostgresBus(database_url)
        bus.subscribe(LINES_CHANNEL, lines_known.on_change, on_gap=lines_known.forget_all)
        state.hub = Hub(
            state.database,
            bus,
            streams_per_person=settings.streams_per_person,
            on_streams=application.metrics.streams_open,
        )
        sending = SendingWatch(state.database, state.hub)
        await bus.start()
        state.hub.start()
        sending.start()
        journal.start(on_written=applier.wake)
        applier.start()
        application.door = WebhookDoor(
            state.receiver,
            headers=application.security_headers,
            failed=failed,
            observe=lambda route, status, seconds: application.metrics.observe("POST", route, status, seconds),
        )
        # What was made at start-up lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            await journal.stop()
            state.receiver.close()
            await applier.stop()
            await sending.stop()
            await state.hub.stop()
            await bus.stop()
            await state.providers.close()
            await webhook_database.close()
            await state.database.close()
            if watchdog is not None:
                await watchdog.stop()

    app = Application(
        title="Messenger Center",
        version="1.0.0",
        summary="A two-way texting inbox for businesses that run classes.",
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        max_body_size=MAX_BODY_BYTES,
        redirect_slashes=False,
        # The API reference brings its own scripts (`api.spa`); FastAPI's pages load theirs from another host.
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False},
    )
    app.state.settings = settings
    app.state.sign_in_gate = SignInGate()
    app.metrics = metrics or Metrics()
    app.state.rate_limits = RateLimits(
        per_person=settings.requests_per_minute_per_person, per_key=settings.requests_per_minute_per_key
    )
    app.security_headers = [*SECURITY_HEADERS, HSTS] if settings.secure_cookies else SECURITY_HEADERS
    app.open_requests = OpenRequests(requests=settings.open_requests, webhooks=settings.open_webhooks)
    install_error_handlers(app)
    api = APIRouter(prefix="/api/v1", responses=problem_responses(Unavailable))
    # `/messages/search` comes before `/messages/{message_id}`, which would take it for an id.
    for room in (access, live, conversations, search, messages, media, consent, directory, imports, lines, audit_log):
        api.include_router(room.router)
    api.include_router(inbound.journal_router)
    api.include_router(delivery.router)
    # Webhooks come first: routes are tried in order, and these are asked for most.
    app.include_router(inbound.router)
    app.include_router(api)
    app.include_router(_operations(settings))
    mount_spa(app)
    document_problems(app)
    return app


class Application(FastAPI):
    """Bounds, security headers and a measurement for every request, with the webhooks' door in front of it all."""

    metrics: Metrics
    security_headers: list[tuple[bytes, bytes]]
    open_requests: OpenRequests
    door: WebhookDoor | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        place: Place | None = None
        if scope["path"] not in PROBES:
            place = self.open_requests.take(webhook=scope["path"].startswith("/webhooks/"))
            if place is None:
                busy = Unavailable("The service has too much to do at the moment.", retry_after_seconds=1)
                response = answer(Request(scope), busy)
                response.raw_headers += self.security_headers
                await response(scope, receive, send)
                return
        try:
            await self._take(scope, receive, send, place)
        finally:
            if place is not None:
                place.release()

    async def _take(self, scope: Scope, receive: Receive, send: Send, place: Place | None) -> None:
        receive = with_body_deadline(scope, receive, seconds=self.state.settings.request_deadline_seconds)
        if self.door is not None and (address := address_of(scope)) is not None:
            await self.door.take(address, scope, receive, send)
            return
        method = scope["method"]
        if method == "HEAD":
            scope, receive, send = as_get(scope, send)
        started = perf_counter()
        problem: JSONResponse | None = None

        async def sending(message: Message) -> None:
            nonlocal problem
            if message["type"] == "http.response.start":
                # FastAPI refuses too large a body outside of every handler, in plain text: here it leaves as a problem.
                if message["status"] == 413 and _is_plain_text(message):
                    problem = answer(Request(scope), TooLarge("Send less at a time."))
                    message["headers"] = problem.raw_headers
                message["headers"] = [*message["headers"], *self.security_headers, *scope.get(RATE_LIMIT_HEADERS, ())]
                if scope["path"].startswith("/api/") and "cache-control" not in Headers(raw=message["headers"]):
                    message["headers"].append(NO_STORE)
                route = scope.get("route")
                # By the route's template, never by its path: paths carry ids.
                template = route.path if isinstance(route, APIRoute) else "other"
                self.metrics.observe(method, template, message["status"], perf_counter() - started)
                if place is not None and Headers(raw=message["headers"]).get("content-type", "").startswith(
                    "text/event-stream"
                ):
                    # It waits from here on, and has a limit of its own.
                    place.release()
            elif problem is not None:
                message["body"] = problem.body
            await send(message)

        await super().__call__(scope, receive, sending)


def _is_plain_text(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")


def _operations(settings: Settings) -> APIRouter:
    router = APIRouter(
        tags=["operations"],
        dependencies=[Depends(Public("For the operator's probes; they say nothing of any business."))],
    )

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process is up."""
        return {"status": "ok"}

    @router.get("/readyz", responses=problem_responses(Unavailable))
    async def readyz(request: Request) -> dict[str, str]:
        """The process can serve: it reaches its database, and the schema is one that this version can serve."""
        expected: str = request.app.state.expected_revision
        try:
            async with request.app.state.database.transaction() as session:
                found: str | None = await session.scalar(text("SELECT version_num FROM alembic_version"))
        except ProgrammingError as error:
            if sqlstate(error) != UNDEFINED_TABLE:
                raise
            found = None
        if not serves_schema(found, expected=expected):
            raise Unavailable(
                f"The database's schema is at {found or 'no version'}, and this version needs {expected}. "
                "Run `messenger migrate`."
            )
        return {"status": "ready"}

    if not settings.serves_metrics_beside_the_api:

        @router.get("/metrics", include_in_schema=False)
        async def no_metrics() -> None:
            """Without it the page of the SPA would answer."""
            raise NotFound("Metrics are on a port of their own: see MESSENGER_METRICS_PORT.")

        return router

    @router.get("/metrics", response_class=Response)
    async def metrics(request: Request) -> Response:
        """Prometheus metrics: of all processes of this server, and of the database. In production on another port."""
        application: Application = request.app
        return await application.metrics.render(application.state.database)

    return router
