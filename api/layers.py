"""The layers in front of `/webhooks` and FastAPI. `api.app` lists them in their order.

They are plain ASGI and cheap: a busy service answers several thousand webhooks a second.
"""

import asyncio
from time import monotonic

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.inbound.webhook import PREFIX as WEBHOOKS
from api.kit.errors import Unavailable
from api.kit.metrics import RATE_LIMITED
from api.kit.scope import BODY_HAS_ARRIVED, DEPRECATION_HEADERS, IS_HEAD, RATE_LIMIT_HEADERS

UNUSED_FEATURES = (
    "accelerometer",
    "camera",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", ", ".join(f"{each}=()" for each in UNUSED_FEATURES).encode()),
]
"""Of every answer. Those that `api.protocol` gives itself have them too."""
HSTS = (b"strict-transport-security", b"max-age=31536000")
NO_STORE = (b"cache-control", b"no-store")

PROBES = frozenset({"/healthz", "/readyz"})
"""Answered however busy the process is: a supervisor restarts a process that does not answer them."""

MIN_BYTES_PER_SECOND = 8 * 1024
"""A body that arrives more slowly than this uses up its deadline."""


def security_headers(*, is_https: bool) -> list[tuple[bytes, bytes]]:
    return [*SECURITY_HEADERS, HSTS] if is_https else SECURITY_HEADERS


class HeadAsGet:
    """Answers HEAD as GET, without a body.

    The application gets a GET without a body. After the start of the answer it receives a disconnect, so that a stream
    or an export ends there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        has_started = asyncio.Event()
        body = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receiving() -> Message:
            if not has_started.is_set() and (message := next(body, None)) is not None:
                return message
            await has_started.wait()
            return {"type": "http.disconnect"}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                has_started.set()

        await self._app({**scope, "method": "GET", IS_HEAD: True}, receiving, sending)


class ResponseHeaders:
    """Adds the headers of security and of the rate limit, and `Cache-Control: no-store` for the API and for errors."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._security = security_headers(is_https=is_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *self._security, *scope.get(RATE_LIMIT_HEADERS, ())]
                headers += scope.get(DEPRECATION_HEADERS, ())
                is_personal = scope["path"].startswith("/api/") or message["status"] >= 400
                if is_personal and "cache-control" not in Headers(raw=headers):
                    headers.append(NO_STORE)
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, sending)


class OpenRequestLimit:
    """Bounds the requests of this process. Raises `Unavailable` above.

    `free` counts how many more requests it takes, for `webhook` and `api` apart: a flood of API requests refuses no
    webhook.
    """

    def __init__(self, app: ASGIApp, *, free: dict[str, int]) -> None:
        self._app = app
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        kind = "webhook" if scope["path"].startswith(WEBHOOKS) else "api"
        if self._free[kind] <= 0:
            RATE_LIMITED.labels(f"open_{kind}_requests").inc()
            raise Unavailable("The service has too much to do at the moment.", retry_after_seconds=1)
        self._free[kind] -= 1
        is_counted = True

        async def sending(message: Message) -> None:
            nonlocal is_counted
            if is_counted and message["type"] == "http.response.start" and _is_event_stream(message):
                # From here on it waits. The hub limits the streams.
                is_counted = False
                self._free[kind] += 1
            await send(message)

        try:
            await self._app(scope, receive, send if kind == "webhook" else sending)
        finally:
            if is_counted:
                self._free[kind] += 1


def _is_event_stream(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")


class BodyDeadline:
    """Raises a 408 while the body is read, if the client sends it too slowly.

    The body may take `seconds`, and in addition the time that `MIN_BYTES_PER_SECOND` allows for the bytes that have
    arrived. Only waiting for the client counts. A body that has already arrived needs no timer.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive if BODY_HAS_ARRIVED in scope else self._timed(receive), send)

    def _timed(self, receive: Receive) -> Receive:
        left, is_complete = self._seconds, False

        async def receiving() -> Message:
            nonlocal left, is_complete
            if is_complete:
                return await receive()
            started = monotonic()
            try:
                async with asyncio.timeout(max(left, 0)):
                    message = await receive()
            except TimeoutError:
                is_complete = True
                # FastAPI answers 400 to any other exception while it reads a body.
                raise HTTPException(408, "The body did not arrive in time.") from None
            left += len(message.get("body", b"")) / MIN_BYTES_PER_SECOND - (monotonic() - started)
            is_complete = not message.get("more_body", False)
            return message

        return receiving
