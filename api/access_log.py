"""The outermost layer: gives each request its id, measures it, and writes one line about it.

It is plain ASGI and cheap: a busy service answers several thousand webhooks a second.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from time import perf_counter

import structlog
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.client_address import address_behind
from api.inbound.webhook import PREFIX as WEBHOOKS
from api.kit.metrics import WEBHOOK_REFUSALS, count_request
from api.kit.request_context import REQUEST_ID_HEADER, RequestContext, request_context, request_id_of
from api.kit.scope import IS_HEAD, ROUTE_TEMPLATE
from api.kit.spans import current_trace_id
from api.settings import Network

QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds: their lines are at the level `debug`."""

API = "/api/v1"
MAX_USER_AGENT_CHARACTERS = 200
OTHER = "other"
"""The route of a path that matches none. A path is never logged or counted: it may hold a phone number."""

log = structlog.get_logger("api.access_log")


class AccessLog:
    """Sets the request's context (`api.kit.request_context`), and adds `X-Request-ID` to every answer."""

    def __init__(self, app: ASGIApp, *, trusted_proxies: Sequence[Network]) -> None:
        self._app = app

        @lru_cache(maxsize=4096)
        def client(peer: str | None, forwarded_for: tuple[str, ...]) -> str:
            return address_behind(peer, forwarded_for, trusted=trusted_proxies)

        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = RequestContext(request_id_of(scope["headers"]))
        token = request_context.set(context)
        watched = _Watched(scope, context, send)
        try:
            await self._app(scope, receive, watched.send)
        except BaseException:
            # The server logs the error in this context, so it is not reset.
            self._write("request.broken", watched)
            raise
        self._write("request", watched)
        request_context.reset(token)

    def _write(self, event: str, watched: "_Watched") -> None:
        scope, context = watched.scope, watched.context
        level = logging.DEBUG if scope["path"] in QUIET_PATHS else logging.INFO
        if not log.is_enabled_for(level):
            return
        peer = scope["client"][0] if scope.get("client") else None
        headers = scope["headers"]
        log.log(
            level,
            event,
            request_id=context.request_id,
            method=method_of(scope),
            route=route_of(scope),
            status=watched.status,
            ms=round((perf_counter() - watched.started) * 1000, 2),
            bytes=watched.bytes,
            principal=context.principal,
            principal_id=context.principal_id,
            organization_id=context.organization_id,
            client=self._client(peer, tuple(_values(headers, b"x-forwarded-for"))),
            user_agent=_user_agent(headers),
        )


class _Watched:
    """The answer of one request as it is sent."""

    __slots__ = ("_is_head", "_send", "bytes", "context", "scope", "started", "status")

    def __init__(self, scope: Scope, context: RequestContext, send: Send) -> None:
        self.scope = scope
        self.context = context
        self.started = perf_counter()
        self.status: int | None = None
        """None: the client left before an answer."""
        self.bytes = 0
        self._is_head = IS_HEAD in scope
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begin(message)
        elif not self._is_head:
            self.bytes += len(message.get("body", b""))
        await self._send(message)

    def _begin(self, message: Message) -> None:
        status = self.status = message["status"]
        self.context.trace_id = current_trace_id()
        route = route_of(self.scope)
        count_request(method_of(self.scope), route, status, perf_counter() - self.started)
        if status >= 400 and self.scope["path"].startswith(WEBHOOKS):
            WEBHOOK_REFUSALS.labels((self.context.problem or "about:blank").rpartition("/")[2]).inc()
        headers = list(message["headers"])
        headers.append((REQUEST_ID_HEADER, self.context.request_id.encode()))
        message["headers"] = headers
        if any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers):
            log.info(
                "request.stream_started",
                route=route,
                status=status,
                principal=self.context.principal,
                principal_id=self.context.principal_id,
                organization_id=self.context.organization_id,
            )


def method_of(scope: Scope) -> str:
    method: str = "HEAD" if IS_HEAD in scope else scope["method"]
    return method


def route_of(scope: Scope) -> str:
    """The route's template, never its path: paths carry ids and phone numbers."""
    template: str | None = scope.get(ROUTE_TEMPLATE)
    if template is None:
        route = scope.get("route")
        if not isinstance(route, APIRoute):
            return OTHER
        # A slice's route does not know the prefix under which its router is included.
        template = f"{API}{route.path_format}" if scope["path"].startswith(f"{API}/") else route.path_format
    return template


def _values(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name == wanted]


def _user_agent(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"user-agent":
            text = value[:MAX_USER_AGENT_CHARACTERS].decode("latin-1")
            return text if text.isprintable() else "".join(each for each in text if each.isprintable())
    return None
