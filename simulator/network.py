"""Bad manners on the wire that no HTTP library offers: closing unanswered, never answering, hanging up."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import Receive, Send

from simulator.faults import Effects, Kind


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP answer."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def response(self) -> Response:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}
        content_type = self.content_type.decode("latin-1")
        return Response(self.body, status_code=self.status, headers={**headers, "content-type": content_type})

    async def send(self, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [
                    (b"content-type", self.content_type),
                    (b"content-length", b"%d" % len(self.body)),
                    *self.headers,
                ],
            }
        )
        await send({"type": "http.response.body", "body": self.body})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How a wire protocol says that it does not serve a request now."""

    too_many: Callable[[int | None], Reply]
    """Given the seconds after which to come again."""

    server_error: Callable[[int], Reply]
    """Given the HTTP status."""

    rejected: Callable[[int, int | None], Reply]
    """Given the provider's own error code, and the HTTP status where it is not the code's own."""

    too_large: Callable[[], Reply]


async def answer_with(
    effects: Effects,
    act: Callable[[], Reply],
    *,
    refusals: Refusals,
    receive: Receive,
    send: Send,
    closing: asyncio.Event,
) -> None:
    """Answer with what `act` returns, unless `effects` wants it otherwise. `act` runs at most once."""
    reply: Reply | None = None
    if effects.delay:
        if effects.accept_before_delay:
            reply = act()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), effects.delay)
    rule = effects.rule
    if rule is None or rule.kind is Kind.ACCEPT_FAILED:
        await (reply or act()).send(send)
        return
    if reply is None and (rule.accepted or rule.kind is Kind.ACCEPT_THEN_DISCONNECT):
        act()
    match rule.kind:
        case Kind.STATUS_429:
            await refusals.too_many(rule.retry_after).send(send)
        case Kind.STATUS_5XX:
            await refusals.server_error(rule.status_code or 503).send(send)
        case Kind.REJECT:
            await refusals.rejected(rule.code or 0, rule.status_code).send(send)
        case Kind.HANG:
            await hold_open(receive, seconds=rule.seconds, closing=closing)
        case _:
            await close_unanswered(receive)


async def close_unanswered(receive: Receive) -> None:
    """Close the connection with no byte of an answer, as a crashing server or a cut cable does."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("closing a connection unanswered needs uvicorn, and no wrapper around `receive`")
    transport.close()
    await _disconnected(receive)


async def hold_open(receive: Receive, *, seconds: float | None, closing: asyncio.Event) -> None:
    """Say nothing until the client gives up, `seconds` have gone by, or this server stops."""
    waits = {asyncio.ensure_future(_disconnected(receive)), asyncio.ensure_future(closing.wait())}
    try:
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    if not any(wait.result() == "disconnected" for wait in done):
        await close_unanswered(receive)


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
