"""The service as real processes that a test may kill: API, worker and carrier simulator."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx

from api.access.dependencies import SESSION_COOKIE
from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.providers.registry import Providers
from tests.support import postgres
from tests.support.business import ACCOUNT_SID, AUTH_TOKEN, LINE_NUMBER, Business, create_business
from tests.support.programs import Program
from tests.support.service import service_settings

UNTIL_ANSWERED = ("--retry-until-answered", "--retry-on", "connect", "read", "5xx")
"""Options of a carrier that repeats every unacknowledged webhook, also when the API dies during the request."""

MESSENGER = str(Path(sys.executable).parent / "messenger")
PATIENCE_SECONDS = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def eventually(check: Callable[[], Awaitable[bool]], what: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until `check` holds. Fails the test with `what` after `seconds`."""
    until = asyncio.get_running_loop().time() + seconds
    while not await check():
        assert asyncio.get_running_loop().time() < until, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.02)


class Stack:
    """Processes `api`, `worker` and `carrier` over one database."""

    def __init__(
        self, clone: postgres.Database, folder: Path, *, carrier: Sequence[str] = UNTIL_ANSWERED, **settings: str
    ) -> None:
        self.api_url = f"http://127.0.0.1:{free_port()}"
        self.carrier_url = f"http://127.0.0.1:{free_port()}"
        self._folder = folder
        self.environment = {
            **os.environ,
            "MESSENGER_DATABASE_URL": clone.url,
            "MESSENGER_DATA_DIR": str(folder),
            "MESSENGER_PORT": self.api_url.rpartition(":")[2],
            "MESSENGER_SIMULATOR_PORT": self.carrier_url.rpartition(":")[2],
            "MESSENGER_PUBLIC_URL": self.api_url,
            "MESSENGER_SECRET_KEY": "a key for tests",
            "MESSENGER_LOG_LEVEL": "error",
            **{f"MESSENGER_{name.upper()}": value for name, value in settings.items()},
        }
        self._commands = {
            "api": ["messenger", "serve", "--single"],
            "another api": ["messenger", "serve", "--single"],
            "worker": ["messenger", "worker"],
            "another worker": ["messenger", "worker"],
            "carrier": ["simulator", "--port", self.carrier_url.rpartition(":")[2], "--fast", *carrier],
        }
        self._processes: dict[str, Program] = {}
        self._database = Database(clone.url, pool_size=4)
        self.carrier = httpx.AsyncClient(base_url=self.carrier_url, timeout=10)

    @classmethod
    @asynccontextmanager
    async def running(
        cls, clone: postgres.Database, folder: Path, *, carrier: Sequence[str] = UNTIL_ANSWERED, **settings: str
    ) -> AsyncIterator[Self]:
        """Everything started, with a business whose line is the carrier's."""
        stack = cls(clone, folder, carrier=carrier, **settings)
        try:
            for name in ("carrier", "api", "worker"):
                stack.start(name)
            await stack.ready()
            stack.business = await stack._create_business()
            yield stack
        finally:
            await stack.carrier.aclose()
            await stack._database.close()
            for name in ("worker", "another worker", "api", "carrier"):
                stack.stop(name)

    business: Business

    @property
    def database(self) -> Database:
        return self._database

    def start(self, name: str, **environment: str) -> None:
        self._processes[name] = Program(self._commands[name], {**self.environment, **environment})

    async def moves_to(self, restored: postgres.Database) -> None:
        """Processes started from now on use this database, which holds the same business."""
        await self._database.close()
        self._database = Database(restored.url, pool_size=4)
        self.environment["MESSENGER_DATABASE_URL"] = restored.url

    async def command(self, *arguments: str, **environment: str) -> int:
        """Runs a command of `messenger` as a process. Returns its exit code."""
        program = Program(["messenger", *arguments], {**self.environment, **environment})
        return await asyncio.to_thread(program.wait, PATIENCE_SECONDS)

    @asynccontextmanager
    async def another_api(self) -> AsyncIterator[str]:
        """A second API process over the same database, at the address that this yields."""
        port = free_port()
        self.start("another api", MESSENGER_PORT=str(port))
        try:
            url = f"http://127.0.0.1:{port}"
            await eventually(lambda: answers(f"{url}/readyz"), "the other API is ready")
            yield url
        finally:
            self.stop("another api")

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def kill(self, name: str) -> None:
        """Sends SIGKILL."""
        self._processes[name].send_signal(signal.SIGKILL)
        self._processes[name].wait()

    async def died(self, name: str) -> int:
        """Waits until the process has ended by itself. Returns its exit code, negative for a signal."""
        return await asyncio.to_thread(self._processes[name].wait, PATIENCE_SECONDS)

    def stop(self, name: str) -> int | None:
        """Sends SIGTERM and returns the exit code. None: the process was never started."""
        process = self._processes.pop(name, None)
        if process is None:
            return None
        if process.is_running():
            process.send_signal(signal.SIGTERM)
            try:
                return process.wait(15)
            except TimeoutError:
                process.send_signal(signal.SIGKILL)
        return process.wait()

    async def ready(self) -> None:
        await eventually(lambda: answers(f"{self.api_url}/readyz"), "the API is ready")
        await self.carrier_is_ready()

    async def carrier_is_ready(self) -> None:
        await eventually(lambda: answers(f"{self.carrier_url}/healthz"), "the carrier is ready")

    async def _create_business(self) -> Business:
        settings = service_settings(self._folder, simulator_port=int(self.environment["MESSENGER_SIMULATOR_PORT"]))
        providers = Providers(settings)
        business = await create_business(
            self._database, providers=providers, secrets=SecretBox(settings.resolved_secret_key())
        )
        await providers.close()
        await self.connect_line(business)
        return business

    async def connect_line(self, business: Business) -> None:
        """Makes the business's line known to the carrier."""
        await self._put(f"/control/accounts/{ACCOUNT_SID}", {"auth_token": AUTH_TOKEN})
        webhooks = f"{self.api_url}/webhooks/simulator/{business.line_id}"
        await self._put(
            f"/control/lines/{LINE_NUMBER}",
            {
                "account_sid": ACCOUNT_SID,
                "inbound_url": f"{webhooks}/inbound",
                "status_url": f"{webhooks}/status",
                "label": "Front desk",
                "country": "US",
                "kind": "long_code",
            },
        )

    async def _put(self, path: str, body: Any) -> None:
        response = await self.carrier.put(path, json=body)
        assert response.is_success, response.text

    async def faults(self, *rules: dict[str, Any]) -> None:
        """Sets the faults of the carrier. Without rules it has none."""
        if not rules:
            assert (await self.carrier.delete("/control/faults")).is_success
        else:
            await self._put("/control/faults", {"rules": list(rules), "seed": 1})

    async def reports_nothing(self) -> None:
        """From now on the carrier posts no status callbacks."""
        assert (await self.carrier.patch("/control/settings", json={"callback_statuses": []})).is_success

    async def handset_texts(self, phone_number: str, body: str) -> str:
        """A parent texts the line. Returns the carrier's id of the message."""
        response = await self.carrier.post(
            f"/control/handsets/{phone_number}/texts", json={"to": LINE_NUMBER, "body": body}
        )
        assert response.is_success, response.text
        sid: str = response.json()["message_sid"]
        return sid

    async def handed_over(self) -> list[dict[str, Any]]:
        """Every message that the carrier has accepted from the service."""
        response = await self.carrier.get("/control/messages", params={"direction": "outbound-api"})
        assert response.is_success, response.text
        messages: list[dict[str, Any]] = response.json()["items"]
        return messages

    async def handed_over_twice(self) -> list[dict[str, Any]]:
        """Messages that the carrier accepted more than once: there may never be one (SEND-NEVER-TWICE)."""
        repeated: list[dict[str, Any]] = (await self.carrier.get("/control/messages")).json()["repeated"]
        return repeated

    def staff(self, name: str, *, url: str | None = None) -> httpx.AsyncClient:
        """A signed-in client: `admin` or one of `PEOPLE`. `url`: of which API process."""
        return httpx.AsyncClient(
            base_url=url or self.api_url,
            headers={"Origin": self.api_url},
            cookies={SESSION_COOKIE: self.business.tokens[name]},
            timeout=20,
        )


async def answers(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(url, timeout=2)).status_code == 200
        except httpx.HTTPError:
            return False
