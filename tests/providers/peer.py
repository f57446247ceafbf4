"""A provider's end of the wire: a real HTTP server of few words that answers, stalls, breaks off and lies as told."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx

from api.providers.http import LIMITS, TIMEOUT
from api.providers.posting import PostingTransport

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The peer speaks plain HTTP; loading the world's certificates for each test would be most of its time."""


def plain_client() -> httpx.AsyncClient:
    """The adapters' own client, but for certificates."""
    return httpx.AsyncClient(
        transport=PostingTransport(verify=NO_CERTIFICATES, limits=LIMITS), timeout=TIMEOUT, trust_env=False
    )


@dataclass(frozen=True)
class Request:
    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(), keep_blank_values=True)


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


TOKEN_PATH = "/api/v1/oauth2/token"
TOKEN = {"access_token": "eyJ0.the-token.x_y-z", "token_type": "Bearer", "expires_in": 3600}
"""What is given to whoever asks for a token."""


@dataclass
class Peer:
    """An HTTP server of few words on a free port: it reads each request whole, remembers it, and does as told.

    Requests for a token are apart: they do not count among the others, and have an answer of their own.
    """

    answer: Answer
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a request has come in whole."""
    token_answer: Answer = field(default_factory=lambda: http(200, TOKEN))
    token_requests: list[Request] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode("latin-1").strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in rest)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                request = Request(line, headers, body)
                if line.startswith(f"POST {TOKEN_PATH} "):
                    self.token_requests.append(request)
                    await self.token_answer(writer)
                    continue
                self.requests.append(request)
                self.asked.set()
                await self.answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def http(status: int, body: bytes | object = b"", *headers: str) -> Answer:
    """An answer of that status. What is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}", "Content-Type: application/json", *headers]
    return raw_answer("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + raw)


def raw_answer(raw: bytes, *, then_close: bool = False) -> Answer:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        if then_close:
            writer.close()

    return send


async def disconnect(writer: asyncio.StreamWriter) -> None:
    """Take the request and go, without a word."""
    writer.close()


async def reset(writer: asyncio.StreamWriter) -> None:
    transport = writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.abort()


async def hang(_writer: asyncio.StreamWriter) -> None:
    """Take the request, and say nothing for as long as anybody waits."""
    await asyncio.sleep(60)


Start = Callable[[Answer], Awaitable[Peer]]
