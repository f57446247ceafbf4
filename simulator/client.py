"""The carrier's HTTP client: posts a webhook, well or badly, and says what came of it."""

import contextlib
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from simulator import network
from simulator.faults import Kind, Rule
from simulator.media import is_loopback
from simulator.outgoing import Outcome
from simulator.settings import Patience, RetryOn, Settings
from simulator.state import origin
from simulator.wire import Webhook


class WebhookClient:
    """A stack of HTTP clients, each lent to one webhook at a time. One client with as many connections would
    look at all of them for every request, which takes longer than posting it."""

    def __init__(self) -> None:
        self._tls = ssl.create_default_context()
        self._idle: list[httpx.AsyncClient] = []

    async def close(self) -> None:
        for client in self._idle:
            await client.aclose()

    @contextlib.contextmanager
    def _lent(self) -> Iterator[httpx.AsyncClient]:
        # Kept for less than uvicorn's 5 s, so that no request meets a connection that is being closed.
        limits = httpx.Limits(max_connections=2, max_keepalive_connections=2, keepalive_expiry=4.0)
        client = self._idle.pop() if self._idle else httpx.AsyncClient(limits=limits, verify=self._tls, trust_env=False)
        try:
            yield client
        finally:
            self._idle.append(client)

    async def post(
        self,
        webhook: Webhook,
        *,
        settings: Settings,
        patience: Patience,
        allowed: frozenset[str],
        fault: Rule | None = None,
    ) -> tuple[Outcome, httpx.Response | None]:
        """Post to where `settings.api_url` says, else to the webhook's own address if that is on this machine
        or one of `allowed` (origins). The response is there when one came."""
        url = destination(webhook.url, api_url=settings.api_url, allowed=allowed)
        if url is None:
            return Outcome(detail=f"{origin(webhook.url)} is not configured, so nothing is sent there"), None
        if fault is not None:
            return await self._post_badly(url, webhook, fault), None
        timeout = httpx.Timeout(patience.read_timeout, connect=settings.connect_timeout)
        headers = {**webhook.headers, "Host": urlsplit(webhook.url).netloc}
        try:
            with self._lent() as client:
                response = await client.post(url, content=webhook.body, headers=headers, timeout=timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Outcome(failure=RetryOn.CONNECT, detail=_words(error)), None
        except (httpx.TransportError, AttributeError) as error:
            # anyio raises AttributeError when the other side is killed between connecting and the first byte.
            return Outcome(failure=RetryOn.READ, detail=_words(error)), None
        except httpx.InvalidURL as error:
            return Outcome(detail=_words(error)), None
        detail = "" if response.is_success else f"answered {response.status_code}"
        return Outcome(http_status=response.status_code, detail=detail), response

    async def _post_badly(self, url: str, webhook: Webhook, fault: Rule) -> Outcome:
        headers = dict(webhook.headers)
        try:
            if fault.kind is Kind.HANG:
                seconds = 5.0 if fault.seconds is None else fault.seconds
                await network.post_half_and_stall(url, headers, webhook.body, seconds=seconds)
            else:
                await network.post_and_hang_up(url, headers, webhook.body)
        except OSError as error:
            return Outcome(failure=RetryOn.CONNECT, detail=_words(error))
        return Outcome(failure=RetryOn.READ, detail=f"fault: {fault.kind}")


def destination(url: str, *, api_url: str | None, allowed: frozenset[str]) -> str | None:
    """Where a webhook for `url` is really posted; None where the simulator does not send."""
    parts = urlsplit(url)
    if api_url is not None:
        return api_url.rstrip("/") + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if origin(url) in allowed or is_loopback(parts.hostname or ""):
        return url
    return None


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
