"""What every request passes before and after the application: how many at a time, how slow a body, and HEAD.

Plain ASGI: it costs a webhook next to nothing.
"""

import asyncio
from time import monotonic

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

MIN_BYTES_PER_SECOND = 8 * 1024
"""A body that arrives more slowly than this uses up its deadline."""

IS_HEAD = "messenger.head"
"""In the scope of a GET that was a HEAD: what would open something for the answer need not."""

PROBES = frozenset({"/healthz", "/readyz"})
"""Answered however busy the process is: whoever asks decides on its life."""


class OpenRequests:
    """Bounds the requests under way in this process. Webhooks have places of their own, so that a flood of API
    requests refuses none."""

    def __init__(self, *, requests: int, webhooks: int) -> None:
        self._free = {False: requests, True: webhooks}

    def take(self, *, webhook: bool) -> "Place | None":
        """A place, to be released; None where all are taken."""
        if self._free[webhook] <= 0:
            return None
        self._free[webhook] -= 1
        return Place(self._free, webhook=webhook)


class Place:
    def __init__(self, free: dict[bool, int], *, webhook: bool) -> None:
        self._free = free
        self._webhook = webhook
        self._is_held = True

    def release(self) -> None:
        """Once counts; early where what follows is no work, such as an event stream that waits."""
        if self._is_held:
            self._is_held = False
            self._free[self._webhook] += 1


def with_body_deadline(scope: Scope, receive: Receive, *, seconds: float) -> Receive:
    """`receive`, raising a 408 when the client has kept us waiting for its body.

    Only waiting counts, not our own work between two parts. A body may take `seconds`, and as much as
    `MIN_BYTES_PER_SECOND` allows for what has come.
    """
    if not _announces_body(scope):
        return receive
    left, is_complete = seconds, False

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
            raise HTTPException(408, "The body did not arrive in time.") from None
        left += len(message.get("body", b"")) / MIN_BYTES_PER_SECOND - (monotonic() - started)
        is_complete = not message.get("more_body", False)
        return message

    return receiving


def _announces_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def as_get(scope: Scope, send: Send) -> tuple[Scope, Receive, Send]:
    """A HEAD request as the GET that the application knows: without a body, and the answer without one too.

    Once the answer has started the application is told that the client has gone: a stream or an export ends there.
    """
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

    return {**scope, "method": "GET", IS_HEAD: True}, receiving, sending
