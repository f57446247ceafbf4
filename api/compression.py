"""Compresses the answers of the API with gzip. The files of the app are compressed when it is built (`api.spa`)."""

import asyncio
import zlib
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.kit.entity_tags import gzip_tag

MIN_BYTES = 1024
"""Below, an answer fits into one packet anyway."""

LEVEL = 5
"""Level 9 takes three times as long for 2 % less."""

THREAD_BYTES = 64 * 1024
"""From here on a chunk is compressed in a thread: a megabyte takes some 10 ms."""

COMPRESSIBLE = frozenset({"application/json", "application/problem+json", "image/svg+xml"})
"""Beside `text/*`. Pictures and fonts are compressed already."""

EVENT_STREAM = "text/event-stream"
"""Never compressed: a proxy or a browser could hold an event back until more follows."""


def chosen_encoding(accept: str | None, available: Sequence[str]) -> str | None:
    """The encoding of `available`, best first, that an `Accept-Encoding` header prefers. None: unchanged."""
    if accept is None:
        return None
    qualities = dict(_quality(each) for each in accept.split(","))
    wildcard = qualities.get("*", 0.0)
    best = max(available, key=lambda each: qualities.get(each, wildcard), default=None)
    quality = 0.0 if best is None else qualities.get(best, wildcard)
    return best if quality > 0 and quality >= qualities.get("identity", 0.0) else None


def _quality(element: str) -> tuple[str, float]:
    name, _, parameter = element.partition(";")
    _, _, value = parameter.partition("=")
    try:
        quality = float(value) if value.strip() else 1.0
    except ValueError:
        quality = 0.0
    return name.strip().lower().removeprefix("x-"), quality


class Compression:
    """Compresses what GET answers, in the encoding that the request accepts.

    A compressed answer tells an eavesdropper something about a secret if the attacker's own text is in it (BREACH).
    So two kinds are left alone: answers to other methods, since those alone hold new keys, passwords and codes, and may
    repeat the body that was sent; and answers to requests that a page of another site has made. Our pages need no
    secret in a body: the session is in a cookie, and other origins are refused by their `Origin`. What remains is an
    attacker who texts a business, and sees the sizes of what its staff load: each guess takes a text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if scope["method"] != "GET" or headers.get("sec-fetch-site") == "cross-site":
            await self._app(scope, receive, send)
            return
        is_gzip = chosen_encoding(headers.get("accept-encoding"), ("gzip",)) == "gzip"
        await self._app(scope, receive, _Answer(send, is_gzip=is_gzip).sending)


class _Answer:
    """Holds the start of an answer until its first chunk tells whether it is worth compressing."""

    def __init__(self, send: Send, *, is_gzip: bool) -> None:
        self._send = send
        self._is_gzip = is_gzip
        self._start: Message | None = None
        self._compressor: zlib._Compress | None = None

    async def sending(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if _is_compressible(message):
                self._start = message
            else:
                await self._send(message)
        elif message["type"] != "http.response.body":
            await self._send(message)
        elif self._start is not None:
            start, self._start = self._start, None
            await self._begin(start, message)
        else:
            await self._send(await self._compressed(message))

    async def _begin(self, start: Message, first: Message) -> None:
        is_whole = not first.get("more_body", False)
        if is_whole and len(first.get("body", b"")) < MIN_BYTES:
            await self._send(start)
            await self._send(first)
            return
        headers = MutableHeaders(raw=start["headers"])
        if "vary" not in headers:
            headers.add_vary_header("Accept-Encoding")
        if self._is_gzip:
            if "etag" in headers:
                headers["ETag"] = gzip_tag(headers["ETag"])
            self._compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
            headers["Content-Encoding"] = "gzip"
            del headers["Content-Length"]
        body = await self._compressed(first)
        if is_whole:
            headers["Content-Length"] = str(len(body["body"]))
        await self._send(start)
        await self._send(body)

    async def _compressed(self, message: Message) -> Message:
        if self._compressor is None:
            return message
        body = message.get("body", b"")
        # Each chunk leaves at once: a reader of an export sees what has been read so far.
        ending = zlib.Z_SYNC_FLUSH if message.get("more_body", False) else zlib.Z_FINISH
        if len(body) >= THREAD_BYTES:
            return {**message, "body": await asyncio.to_thread(_compress, self._compressor, body, ending)}
        return {**message, "body": _compress(self._compressor, body, ending)}


def _compress(compressor: "zlib._Compress", body: bytes, ending: int) -> bytes:
    return compressor.compress(body) + compressor.flush(ending)


def _is_compressible(start: Message) -> bool:
    """Not if it has an encoding, is a part, or is a file with an `ETag`, which names these very bytes."""
    headers = Headers(raw=start["headers"])
    if start["status"] != 200 and start["status"] < 400:
        return False
    if any(name in headers for name in ("content-encoding", "content-range")):
        return False
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if "etag" in headers and kind != "application/json":
        return False
    return kind in COMPRESSIBLE or (kind.startswith("text/") and kind != EVENT_STREAM)
