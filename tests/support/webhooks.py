"""A real HTTP server that receives events, and a worker's turn of delivering them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from standardwebhooks import Webhook

from api.events.rules import EventType, NewEvent
from api.events.service import record_event
from api.kit.database import Database
from api.webhook_endpoints import delivery_queries
from api.webhook_endpoints.loop import fan_out_all
from api.webhook_endpoints.posting import WebhookClient
from api.webhook_endpoints.rules import AT_ONCE
from api.webhook_endpoints.sending import claim, post, settle
from tests.access.needs import API
from tests.support.world import World


@dataclass(frozen=True)
class Received:
    """One request."""

    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.body)
        return payload

    def verify(self, secret: str) -> None:
        """Raises `WebhookVerificationError`."""
        Webhook(secret).verify(self.body, self.headers)


def answer(status: int, body: str = "", **headers: str) -> bytes:
    content = body.encode()
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status} Status", f"Content-Length: {len(content)}", *lines])
    return f"{head}\r\n\r\n".encode() + content


OK = answer(204)
HANG = b"hang"
DROP = b"drop"
SLOW = b"slow"
SLOW_SECONDS = 0.3

Behaviour = Callable[[Received], bytes]
"""What is answered to a request: bytes of HTTP, or of anything; `HANG` never answers, `DROP` breaks the connection, and
`SLOW` answers 204 after a while."""


@dataclass
class Receiver:
    """Listens on a port of 127.0.0.1. `received` has every request, whatever was answered; `taken` those with a 2xx."""

    behaviour: Behaviour = lambda _: OK
    received: list[Received] = field(default_factory=list)
    taken: list[Received] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None
    _connections: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?from=messenger"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody listens, and every open connection breaks: the process was killed."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._connections):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            request = Received(headers, (await reader.readexactly(int(headers["content-length"]))).decode())
            self.received.append(request)
            answered = self.behaviour(request)
            if answered == HANG:
                await asyncio.sleep(3600)
            elif answered == DROP:
                writer.transport.abort()
            else:
                if answered == SLOW:
                    await asyncio.sleep(SLOW_SECONDS)
                    answered = OK
                writer.write(answered)
                await writer.drain()
                if answered.startswith(b"HTTP/1.1 2"):
                    self.taken.append(request)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The other side went: a request that did not come whole was not received.
        finally:
            self._connections.discard(writer)
            writer.close()


@asynccontextmanager
async def receiver(behaviour: Behaviour = lambda _: OK) -> AsyncIterator[Receiver]:
    made = Receiver(behaviour)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def subscribe(world: World, url: str, **more: Any) -> dict[str, Any]:
    """A new endpoint, with its secret."""
    made = await world.admin.post(f"{API}/webhook-endpoints", json={"url": url, **more})
    assert made.status_code == 201, made.text
    endpoint: dict[str, Any] = made.json()
    return endpoint


async def endpoint_of(client: httpx.AsyncClient, endpoint_id: str) -> dict[str, Any]:
    endpoint: dict[str, Any] = (await client.get(f"{API}/webhook-endpoints/{endpoint_id}")).json()
    return endpoint


async def log_of(client: httpx.AsyncClient, endpoint_id: str, **params: Any) -> list[dict[str, Any]]:
    """The delivery log, the oldest first."""
    answered = await client.get(f"{API}/webhook-endpoints/{endpoint_id}/deliveries", params={"limit": 200, **params})
    assert answered.status_code == 200, answered.text
    items: list[dict[str, Any]] = answered.json()["items"]
    return items[::-1]


def opened(conversation_id: UUID) -> NewEvent:
    actor = {"kind": "system", "id": None}
    return NewEvent(type=EventType.CONVERSATION_OPENED, conversation_id=conversation_id, data={"actor": actor})


def finished(broadcast_id: UUID) -> NewEvent:
    data = {"actor": {"kind": "system", "id": None}, "broadcast_id": str(broadcast_id), "state": "sent"}
    return NewEvent(type=EventType.MASS_TEXT_FINISHED, data=data)


async def happen(world: World, *events: NewEvent) -> None:
    """Each in a transaction of its own."""
    for event in events:
        async with world.service.database.transaction() as session:
            record_event(session, world.organization_id, event)


async def nobody_held(_: Database) -> Collection[UUID]:
    return ()


async def deliver(world: World, *, total_seconds: float = 5.0) -> int:
    """Everything that is due, as a worker does it. Returns how many attempts that were."""
    database, attempts = world.service.database, 0
    client = WebhookClient(world.service.settings.webhook_networks, total_seconds=total_seconds)
    try:
        while await fan_out_all(database, nobody_held):
            pass
        while True:
            async with database.transaction() as session:
                due = await delivery_queries.due_endpoints(session)
            claims = [each for endpoint in due for each in await claim(database, endpoint, limit=AT_ONCE)]
            if not claims:
                return attempts
            results = await asyncio.gather(*(post(client, each, secrets=world.service.secret_box) for each in claims))
            for each, result in zip(claims, results, strict=True):
                await settle(database, each, result)
            attempts += len(claims)
    finally:
        await client.close()
