"""The door in front of the application: the webhooks that providers send get past the framework.

Most of what a busy service is asked for is webhooks, and most of what one costs in FastAPI is not the webhook
(docs/performance.md). What is plainly a webhook is taken here, and behaves as its route in `endpoints` does; anything
else, such as a message id that is none, goes to that route, which says what is wrong with it.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple
from uuid import UUID

from api.inbound.receiving import MAX_WEBHOOK_BYTES, Address, Receiver
from api.kit.errors import TooLarge
from api.providers.port import EventKind, WebhookAnswer

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Failed = Callable[[Scope, Exception], Awaitable[tuple[int, Headers, bytes]]]
"""How an error leaves: status, headers and body."""

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PATH = re.compile(rf"/webhooks/([a-z]{{1,20}})/({_UUID})/(inbound|status)")
_LONGEST = 80
"""Characters of a path that may match; what is longer is not remembered either."""

_MESSAGE_ID = re.compile(rf"message_id=({_UUID})")
_KINDS = {"inbound": EventKind.MESSAGE, "status": EventKind.STATUS}
_ROUTES = {kind: f"/webhooks/{{provider}}/{{line_id}}/{name}" for name, kind in _KINDS.items()}


class _Gone(Exception):
    """The client has left before it had said all."""


class _Line(NamedTuple):
    provider: str
    line_id: UUID
    kind: EventKind


@lru_cache(maxsize=4096)
def _line_at(path: str) -> _Line | None:
    match = _PATH.fullmatch(path)
    return _Line(match[1], UUID(match[2]), _KINDS[match[3]]) if match else None


def address_of(scope: Scope) -> Address | None:
    """Where a request goes that is plainly a webhook; None for every other one."""
    path: str = scope["path"]
    if scope["method"] != "POST" or len(path) > _LONGEST:
        return None
    line = _line_at(path)
    if line is None:
        return None
    message_ref: UUID | None = None
    query: bytes = scope["query_string"]
    if query and line.kind is EventKind.STATUS:
        match = _MESSAGE_ID.fullmatch(query.decode("latin-1"))
        if match is None:
            return None
        message_ref = UUID(match[1])
    return Address(line.provider, line.line_id, line.kind, message_ref)


class WebhookDoor:
    """Answers requests whose `address_of` is not None, as an ASGI application does.

    `observe` gets the route's template, the status and the seconds to the start of the answer.
    """

    def __init__(
        self,
        receiver: Receiver,
        *,
        headers: Headers,
        failed: Failed,
        observe: Callable[[str, int, float], None],
    ) -> None:
        self._receiver = receiver
        self._headers = headers
        self._failed = failed
        self._observe = observe
        self._answers: dict[WebhookAnswer, Headers] = {}

    async def take(self, address: Address, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        query: bytes = scope["query_string"]
        try:
            answer = await self._receiver.take(
                address,
                target=f"{scope['path']}?{query.decode('latin-1')}" if query else scope["path"],
                # Of a repeated header the first counts, as everywhere in the application.
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])},
                body=await _body(receive),
            )
            status, headers, body = 200, self._headers_of(answer), answer.body
        except _Gone:
            return
        except Exception as error:  # What it says to the client is decided where it is for every other route.
            status, headers, body = await self._failed(scope, error)
            headers = [*headers, *self._headers]
        self._observe(_ROUTES[address.kind], status, perf_counter() - started)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _headers_of(self, answer: WebhookAnswer) -> Headers:
        headers = self._answers.get(answer)
        if headers is None:
            headers = self._answers[answer] = [
                (b"content-type", _with_charset(answer.content_type).encode("latin-1")),
                (b"content-length", str(len(answer.body)).encode()),
                *self._headers,
            ]
        return headers


def _with_charset(content_type: str) -> str:
    return f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type


async def _body(receive: Receive) -> bytes:
    """Raises `TooLarge` as soon as it is, and `_Gone`."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        part: bytes = message.get("body", b"")
        body = body + part if body else part
        if len(body) > MAX_WEBHOOK_BYTES:
            raise TooLarge("A webhook carries at most 256 KiB.")
        if not message.get("more_body", False):
            return body
