"""The transport of POST requests: aiohttp under httpx's interface, with httpx's exceptions (decision 0045).

httpx's own pool looks at every open connection's socket twice a request, and its parser is written in Python: with 64
requests at once it posts a tenth of what this does. Other methods keep httpx's own transport.

| what fails | exception | what it proves (`http.classify_failure`) |
| --- | --- | --- |
| no connection: name, refusal, TLS, timeout, none free in the pool | `ConnectError`, `ConnectTimeout` | not processed |
| anything later: a broken or slow write or read, half an answer, one that is no HTTP | the others | unknown |

Whether there was a connection is known by where the error comes from, not by its class: aiohttp has one class for a
host that refuses and another for one that disconnects, but both have a parent that says neither.
"""

import asyncio
import ssl
from typing import Any

import aiohttp
import httpx
from yarl import URL

from api.kit.crash_points import CrashPoint, is_armed, reached

MAX_ANSWER_BYTES = 1 << 20
"""Of the answer to a POST."""
CHUNK_BYTES = 1 << 16


class _NeverConnectedError(Exception):
    """No connection was got, so nothing was written. The cause says why."""


class _Connector(aiohttp.TCPConnector):
    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: "list[aiohttp.tracing.Trace]",
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # The signature is aiohttp's.
    ) -> aiohttp.connector.Connection:
        try:
            return await super().connect(req, traces, timeout)
        except Exception as error:
            raise _NeverConnectedError from error


class _CrashingRequest(aiohttp.ClientRequest):
    """Crashes once the whole request has been handed to the operating system."""

    async def write_bytes(
        self,
        writer: aiohttp.abc.AbstractStreamWriter,
        conn: aiohttp.connector.Connection,
        content_length: int | None = None,
    ) -> None:
        await super().write_bytes(writer, conn, content_length)
        # Nothing tells when the buffer is empty.
        while conn.transport is not None and conn.transport.get_write_buffer_size():  # noqa: ASYNC110
            await asyncio.sleep(0)
        reached(CrashPoint.POST_WRITTEN)


class PostingTransport(httpx.AsyncBaseTransport):
    """Follows no redirects, keeps no cookies, uses no proxies of the environment."""

    def __init__(self, *, verify: ssl.SSLContext, limits: httpx.Limits) -> None:
        self._verify = verify
        self._limits = limits
        self._others = httpx.AsyncHTTPTransport(verify=verify, limits=limits, trust_env=False)
        self._free = None if limits.max_connections is None else asyncio.Semaphore(limits.max_connections)
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "POST":
            return await self._others.handle_async_request(request)
        limits = httpx.Timeout(**{"timeout": None, **request.extensions.get("timeout", {})})
        content = await request.aread()
        if self._free is None:
            return await self._handle(request, content, limits)
        try:
            async with asyncio.timeout(limits.pool):
                await self._free.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("No connection is free.", request=request) from None
        try:
            return await self._handle(request, content, limits)
        finally:
            self._free.release()

    async def _handle(self, request: httpx.Request, content: bytes, limits: httpx.Timeout) -> httpx.Response:
        try:
            async with asyncio.timeout(_sum(limits.connect, limits.write, limits.read)):
                return await self._post(request, content, limits)
        except _NeverConnectedError as error:
            raise _not_connected(error.__cause__, request) from error.__cause__
        except (aiohttp.ClientError, OSError) as error:
            raise _broken_off(error, request) from error

    async def _post(self, request: httpx.Request, content: bytes, limits: httpx.Timeout) -> httpx.Response:
        async with self._opened().post(
            URL(str(request.url), encoded=True),
            data=content,
            headers=request.headers.multi_items(),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(connect=limits.connect, sock_connect=limits.connect, sock_read=limits.read),
        ) as answer:
            return httpx.Response(
                answer.status,
                headers=list(answer.raw_headers),
                stream=httpx.ByteStream(await _read(answer, request)),
                request=request,
                extensions={"http_version": b"HTTP/1.1"},
            )

    def _opened(self) -> aiohttp.ClientSession:
        """The session. It belongs to the event loop of the first request."""
        if self._session is None:
            crashes: dict[str, Any] = {"request_class": _CrashingRequest} if is_armed(CrashPoint.POST_WRITTEN) else {}
            self._session = aiohttp.ClientSession(
                connector=_Connector(
                    limit=0,  # `_free` counts them.
                    keepalive_timeout=self._limits.keepalive_expiry,
                    ssl=self._verify,
                    resolver=aiohttp.ThreadedResolver(),
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                **crashes,
            )
        return self._session

    async def aclose(self) -> None:
        await self._others.aclose()
        if self._session is not None:
            await self._session.close()


async def _read(answer: aiohttp.ClientResponse, request: httpx.Request) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            answer.close()
            raise httpx.RemoteProtocolError(f"The answer is larger than {MAX_ANSWER_BYTES} bytes.", request=request)
    return bytes(content)


def _sum(*seconds: float | None) -> float | None:
    """None, for no limit, if one of them is none."""
    return None if None in seconds else sum(each for each in seconds if each is not None)


def _not_connected(cause: BaseException | None, request: httpx.Request) -> httpx.TransportError:
    kind = httpx.ConnectTimeout if isinstance(cause, TimeoutError) else httpx.ConnectError
    return kind(str(cause), request=request)


def _broken_off(error: Exception, request: httpx.Request) -> httpx.TransportError:
    """What failed after there was a connection, or before one was looked for (an address that is none)."""
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return httpx.UnsupportedProtocol(str(error), request=request)
        case TimeoutError():
            return httpx.ReadTimeout(str(error), request=request)
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError():
            return httpx.RemoteProtocolError(str(error), request=request)
        case _:
            return httpx.ReadError(str(error), request=request)
