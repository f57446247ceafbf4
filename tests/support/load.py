"""Steady load on a running service: reads, replies, signed webhooks and event streams. Each failure is kept."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from api.access.dependencies import SESSION_COOKIE
from api.providers.twilio.receive import signature
from tests.support.business import AUTH_TOKEN, LINE_NUMBER, Business

TIMEOUT_SECONDS = 30.0


@dataclass
class Load:
    """What several clients did. Nothing is tried again: a client that fails once has found a gap."""

    business: Business
    urls: list[str]
    """The addresses of the service, which clients use in turn."""
    public_url: str
    failures: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[str, str] = field(default_factory=dict)
    """The carrier's ids of the texts that were acknowledged, and their bodies."""
    accepted: list[str] = field(default_factory=list)
    """The bodies of the replies that were accepted."""
    stream_ends: list[bytes] = field(default_factory=list)
    """The last bytes of each event stream that the service ended."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: "count[int]" = field(default_factory=count)

    @asynccontextmanager
    async def running(
        self, *, reads: int = 0, webhooks: int = 0, replies: list[str] | None = None, streams: int = 0
    ) -> AsyncIterator[None]:
        """`reads` and `webhooks` a second, one reply a second to each conversation of `replies`, `streams` open."""
        lanes: list[Awaitable[None]] = []
        for rate, act in ((reads, self._read), (webhooks, self._webhook)):
            # Ten a second on each lane. Every third lane opens a new connection each time.
            lanes += [self._lane(act, lane=lane, seconds=0.1) for lane in range(rate // 10)]
        for lane, conversation in enumerate(replies or []):
            lanes.append(self._lane(self._reply_to(conversation), lane=lane, seconds=1))
        lanes += [self._stream(lane) for lane in range(streams)]
        tasks = [asyncio.ensure_future(each) for each in lanes]
        try:
            yield
        finally:
            self.stopping.set()
            await asyncio.gather(*tasks)

    def client(self, lane: int = 0, *, person: str = "maria") -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.urls[lane % len(self.urls)],
            headers={"Origin": self.public_url},
            cookies={SESSION_COOKIE: self.business.tokens[person]},
            timeout=TIMEOUT_SECONDS,
        )

    async def _lane(self, act: Callable[[httpx.AsyncClient], Awaitable[None]], *, lane: int, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        client, due = self.client(lane), loop.time() + seconds * (lane % 10) / 10
        try:
            while not await self._stopped_until(due):
                due = max(due + seconds, loop.time())
                try:
                    await act(client)
                except httpx.HTTPError as error:
                    self.failures.append(f"{error!r} of {error.request.method} {error.request.url.path}")
                if lane % 3 == 2:
                    await client.aclose()
                    client = self.client(lane)
        finally:
            await client.aclose()

    async def _stopped_until(self, due: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), max(0.0, due - asyncio.get_running_loop().time()))
        return self.stopping.is_set()

    def _check(self, what: str, response: httpx.Response, status: int) -> bool:
        if response.status_code != status:
            self.failures.append(f"{response.status_code} to {what}: {response.text[:300]}")
            return False
        self.done[what] += 1
        return True

    async def _read(self, client: httpx.AsyncClient) -> None:
        self._check("read", await client.get("/api/v1/conversations"), 200)

    async def _webhook(self, client: httpx.AsyncClient) -> None:
        number = next(self._numbers)
        sid, body = f"SM{uuid4().hex}", f"text {number}"
        path = f"/webhooks/simulator/{self.business.line_id}/inbound"
        fields = {
            "MessageSid": sid, "From": f"+131255501{number % 20:02}", "To": LINE_NUMBER, "Body": body, "NumMedia": "0"
        }  # fmt: skip
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature(AUTH_TOKEN, self.public_url + path, list(fields.items())),
        }
        if self._check("webhook", await client.post(path, content=urlencode(fields), headers=headers), 200):
            self.acknowledged[sid] = body

    def _reply_to(self, conversation: str) -> Callable[[httpx.AsyncClient], Awaitable[None]]:
        async def reply(client: httpx.AsyncClient) -> None:
            body = f"reply {next(self._numbers)}"
            path = f"/api/v1/conversations/{conversation}/messages"
            if self._check("reply", await client.post(path, json={"body": body}), 201):
                self.accepted.append(body)

        return reply

    async def _stream(self, lane: int) -> None:
        """A page: it comes back when the service ends its stream, after the time that the stream names."""
        async with self.client(lane) as client:
            while not self.stopping.is_set():
                said = bytearray()
                try:
                    async with client.stream("GET", "/api/v1/events") as response:
                        if response.status_code != 200:
                            self.failures.append(f"{response.status_code} to an event stream")
                            return
                        if await self._read_stream(response, said):
                            return
                except httpx.HTTPError as error:
                    self.failures.append(f"{error!r} of an event stream after {bytes(said[-100:])!r}")
                    return
                self.stream_ends.append(bytes(said[-100:]))
                wait = int(re.findall(rb"retry: (\d+)", said)[-1]) / 1000
                await self._stopped_until(asyncio.get_running_loop().time() + wait)

    async def _read_stream(self, response: httpx.Response, said: bytearray) -> bool:
        """True: the load stops. False: the service has ended the stream."""

        async def read() -> None:
            async for piece in response.aiter_raw():
                said.extend(piece)

        reading = asyncio.create_task(read())
        stop = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({reading, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not reading.done():
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            return True
        await reading
        self.done["stream"] += 1
        return False
