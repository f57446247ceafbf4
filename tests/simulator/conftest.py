"""The simulator and a small business beside it: real servers on free ports, emptied for each test."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from twilio.request_validator import RequestValidator

from simulator.app import Server, create_server
from simulator.settings import Settings

ACCOUNT = "AC" + "1" * 32
TOKEN = "the-auth-token"
LINE = "+13125550100"
PARENT = "+13125550147"

FAST = Settings(
    port=0,
    queued_after=0,
    sending_after=0,
    sent_after=0,
    delivered_after=0,
    retry_backoff=0.02,
    retry_backoff_max=0.1,
    seed=7,
)


@dataclass(frozen=True)
class Received:
    """A webhook as the business got it."""

    url: str
    body: str
    signature: str
    token: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def signed(self) -> bool:
        fields = {name: values[0] for name, values in parse_qs(self.body, keep_blank_values=True).items()}
        return bool(RequestValidator(TOKEN).validate(self.url, fields, self.signature))


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    content_type: str = "text/xml"
    after: float = 0.0


@dataclass
class Business:
    """Remembers every webhook; answers each with the next of `answers`, then with an empty 200. Asked for a file,
    it answers with the one of `files`."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    files: dict[str, Answer] = field(default_factory=dict)
    """By path."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        body = b""
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            body += event["body"]
            if not event["more_body"]:
                break
        if scope["method"] == "GET":
            file = self.files.get(scope["path"], Answer(status=404))
            await asyncio.sleep(file.after)
            await respond(send, file)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        self.received.append(
            Received(
                url=f"http://{headers['host']}{scope['path']}{'?' + query if query else ''}",
                body=body.decode(),
                signature=headers.get("x-twilio-signature", ""),
                token=headers.get("i-twilio-idempotency-token", ""),
                headers=headers,
            )
        )
        answer = self.answers.pop(0) if self.answers else Answer()
        if answer.after:
            await asyncio.sleep(answer.after)
        await respond(send, answer)

    def inbound(self) -> list[Received]:
        return [r for r in self.received if "/inbound" in r.url]

    def statuses(self) -> list[str]:
        return [r.fields["MessageStatus"] for r in self.received if "/status" in r.url]


async def respond(send: Send, answer: Answer) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(b"content-type", answer.content_type.encode())],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


def wait_for(condition: Callable[[], object], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


@contextmanager
def running(server: uvicorn.Server) -> Iterator[str]:
    """The server's address while it runs in a thread of its own."""
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started or not thread.is_alive(), 10)
    assert server.started
    port: int = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Simulator:
    """What a test does with the simulator."""

    url: str
    http: httpx.Client

    def control(self, method: str, path: str, **json: Any) -> Any:
        body = json if method in ("PUT", "POST", "PATCH") else None
        response = self.http.request(method, f"/control{path}", json=body)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def send(self, **fields: Any) -> httpx.Response:
        """A business's request to text somebody."""
        return self.http.post(
            f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
            data={"From": LINE, "To": PARENT, "Body": "See you at five", **fields},
            auth=(ACCOUNT, TOKEN),
        )

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(f"/2010-04-01/Accounts/{ACCOUNT}{path}", params=query or None, auth=(ACCOUNT, TOKEN))

    def text(self, body: str, **fields: Any) -> Any:
        """A parent's text to the business."""
        return self.control("POST", f"/handsets/{PARENT}/texts", **{"to": LINE, "body": body, **fields})

    def texts(self, handset: str = PARENT) -> list[str]:
        return [text["body"] for text in self.control("GET", f"/handsets/{handset}/texts")["items"]]

    def fault(self, where: str, kind: str, **rule: Any) -> None:
        rules = [{"where": where, "kind": kind, **rule}]
        self.control("PUT", "/faults", rules=rules)

    def settle(self) -> None:
        """Wait until every text has ended and every webhook is answered or given up."""
        assert self.control("GET", "/idle?seconds=10")["idle"]

    def messages(self, **query: str) -> Any:
        return self.http.get("/control/messages", params=query).json()


@pytest.fixture(scope="session")
def simulator_server() -> Iterator[str]:
    server: Server = create_server(FAST)
    with running(server) as url:
        yield url


@pytest.fixture(scope="session")
def business_server() -> Iterator[Business]:
    business = Business()
    config = uvicorn.Config(
        business, port=0, log_config=None, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
    )
    with running(uvicorn.Server(config)) as url:
        business.url = url
        yield business


@pytest.fixture
def business(business_server: Business) -> Business:
    business_server.received.clear()
    business_server.answers.clear()
    business_server.files.clear()
    return business_server


@pytest.fixture(scope="session")
def http(simulator_server: str) -> Iterator[httpx.Client]:
    with client(simulator_server) as http:
        yield http


def client(url: str) -> httpx.Client:
    """Without TLS certificates, which take longer to load than most tests take."""
    return httpx.Client(base_url=url, timeout=10, trust_env=False, verify=False)


@pytest.fixture
def simulator(simulator_server: str, http: httpx.Client, business: Business) -> Iterator[Simulator]:
    """A carrier with one account and one line, whose texts are reported to `business`."""
    simulator = Simulator(simulator_server, http)
    simulator.control("DELETE", "/state")
    settings = {name: getattr(FAST, name) for name in ("retries", "read_timeout", "retry_on", "delivered_after")}
    simulator.control("PATCH", "/settings", **settings)
    simulator.control("PUT", f"/accounts/{ACCOUNT}", auth_token=TOKEN)
    simulator.control(
        "PUT",
        f"/lines/{LINE}",
        account_sid=ACCOUNT,
        inbound_url=f"{business.url}/inbound?line=1",
        label="Tumble Tots",
    )
    yield simulator
    simulator.control("DELETE", "/faults")
    simulator.settle()
