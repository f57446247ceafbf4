"""Bad manners on the wire that no HTTP library offers: closing unanswered, never answering, hanging up."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.faults import Effects, Kind


async def answer_with(
    effects: Effects,
    act: Callable[[], Response],
    *,
    refuse: Callable[[int | None, int | None], Response],
    closing: asyncio.Event,
) -> ASGIApp:
    """The answer that `act` returns, or what `effects` want in its place. `act` runs at most once.

    `refuse` makes the provider's refusal of an HTTP status and of its own error code.
    """
    response: Response | None = None
    if effects.delay:
        if effects.accept_before_delay:
            response = act()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), effects.delay)
    rule = effects.rule
    if rule is None or rule.kind is Kind.ACCEPT_FAILED:
        return response or act()
    if response is None and (rule.accepted or rule.kind is Kind.ACCEPT_THEN_DISCONNECT):
        act()
    match rule.kind:
        case Kind.STATUS_429:
            refusal = refuse(429, None)
            if rule.retry_after is not None:
                refusal.headers["retry-after"] = str(rule.retry_after)
            return refusal
        case Kind.STATUS_5XX:
            return refuse(rule.status_code or 503, None)
        case Kind.REJECT:
            return refuse(rule.status_code, rule.code or 0)
        case Kind.HANG:
            return _Hang(rule.seconds, closing)
        case _:
            return close_unanswered


async def close_unanswered(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI app that closes the connection with no byte of an answer, as a crashing server or a cut cable does."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("closing a connection unanswered needs uvicorn, and no wrapper around `receive`")
    transport.close()
    await _disconnected(receive)


class _Hang:
    """An ASGI app that says nothing until the client gives up, `seconds` have gone by, or this server stops."""

    def __init__(self, seconds: float | None, closing: asyncio.Event) -> None:
        self._seconds = seconds
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        waits = {asyncio.ensure_future(_disconnected(receive)), asyncio.ensure_future(self._closing.wait())}
        try:
            done, _ = await asyncio.wait(waits, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if not any(wait.result() == "disconnected" for wait in done):
            await close_unanswered(scope, receive, send)


async def _disconnected(receive: Receive) -> str:
    while (await receive())["type"] != "http.disconnect":
        pass
    return "disconnected"


async def post_and_hang_up(url: str, headers: dict[str, str], body: bytes) -> None:
    """Post a whole request and close the connection without waiting for the answer."""
    await _speak(url, headers, body, then=_nothing)


async def post_half_and_stall(url: str, headers: dict[str, str], body: bytes, *, seconds: float) -> None:
    """Post half of the body and say nothing more for `seconds`, then hang up."""
    await _speak(url, headers, body, said=len(body) // 2, then=lambda reader: _closed_or_late(reader, seconds))


async def _speak(
    url: str,
    headers: dict[str, str],
    body: bytes,
    *,
    said: int | None = None,
    then: Callable[[asyncio.StreamReader], Awaitable[None]],
) -> None:
    """Raises OSError when nobody can be reached."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port or (443 if secure else 80), ssl=secure or None
    )
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields = {"Host": parts.netloc, **headers, "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"POST {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body[:said])
        await writer.drain()
        await then(reader)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _nothing(reader: asyncio.StreamReader) -> None:
    return None


async def _closed_or_late(reader: asyncio.StreamReader, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(reader.read(1), seconds)
