"""Posting an event to an endpoint: one POST, to an address that was checked, with its answer read to a bound."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import httpx

from api.kit.text import made_storable
from api.providers.http import CONNECTION_FAILURES, retry_after
from api.providers.media import Resolve, pinned, resolve
from api.settings import Network
from api.webhook_endpoints.rules import MAX_EXCERPT, address_problem

TOTAL_SECONDS = 15.0
"""For the look-up of the name, the connection, the request and the answer together."""

MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read. A receiver that answers more sees its connection closed."""

MAX_IPS = 3
"""Addresses of one host that are tried."""

USER_AGENT = "MessengerCenter"


@dataclass(frozen=True)
class Posted:
    """What came of a post."""

    status: int | None
    duration_ms: int
    error: str | None
    response_excerpt: str | None
    retry_after: float | None = None
    """Seconds that the receiver asks to wait."""


class AddressRefusedError(Exception):
    """Nothing may be posted to the address, or its name cannot be resolved. The message is a sentence for people."""


async def checked_addresses(address: str, networks: Sequence[Network], *, resolve: Resolve = resolve) -> list[str]:
    """The IP addresses of the host. Raises `AddressRefusedError` unless every one may be posted to."""
    try:
        url = httpx.URL(address)
        host, port = url.raw_host.decode("ascii").strip("[]"), url.port or (443 if url.scheme == "https" else 80)
    except (httpx.InvalidURL, UnicodeError):
        raise AddressRefusedError("This is not a web address.") from None
    try:
        ips = await resolve(host, port)
    except (OSError, UnicodeError):
        raise AddressRefusedError(f"The name {url.host} cannot be resolved to an address.") from None
    problem = address_problem(address, ips, networks)
    if problem is not None:
        raise AddressRefusedError(problem)
    return list(dict.fromkeys(ips))


class WebhookClient:
    """Posts to endpoints. Redirects are not followed, and the environment's proxies are not used.

    Each post has a connection of its own: a connection is opened to an IP address, so one that was opened for another
    host, with that host's certificate, must not carry it.
    """

    def __init__(
        self, networks: Sequence[Network], *, resolve: Resolve = resolve, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        """`networks`: private ones that the operator allows. Tests change `resolve` and `total_seconds`."""
        self._networks = networks
        self._resolve = resolve
        self._total_seconds = total_seconds
        self._client = httpx.AsyncClient(
            timeout=total_seconds,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Posted:
        """Never raises for what the network or the receiver does."""
        began = monotonic()
        answer: _Answer | None = None
        error: str | None
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._post(url, content, headers)
                await answer.read()
        except TimeoutError:
            error = f"It did not answer within {self._total_seconds:g} seconds."
        except AddressRefusedError as refused:
            error = str(refused)
        except (*CONNECTION_FAILURES, OSError) as failure:
            error = _words(failure)
        else:
            error = None
        finally:
            if answer is not None:
                await answer.close()
        duration_ms = int((monotonic() - began) * 1000)
        if answer is None:
            return Posted(None, duration_ms, error, None)
        # The status has come, so that a body that breaks off changes nothing.
        response = answer.response
        return Posted(
            response.status_code,
            duration_ms,
            None if response.is_success else _refusal(response),
            answer.excerpt,
            retry_after(response),
        )

    async def _post(self, url: str, content: bytes, headers: Mapping[str, str]) -> "_Answer":
        """From the first IP address that takes the connection."""
        ips = (await checked_addresses(url, self._networks, resolve=self._resolve))[:MAX_IPS]
        for ip in ips[:-1]:
            try:
                return await self._send(pinned(self._request(url, content, headers), ip))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._send(pinned(self._request(url, content, headers), ips[-1]))

    def _request(self, url: str, content: bytes, headers: Mapping[str, str]) -> httpx.Request:
        # Uncompressed, so that a few bytes cannot become many after they are counted.
        all_headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        }
        return self._client.build_request("POST", url, content=content, headers=all_headers)

    async def _send(self, request: httpx.Request) -> "_Answer":
        return _Answer(await self._client.send(request, stream=True, follow_redirects=False, auth=None))


class _Answer:
    """An answer whose body is read to a bound."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._body = bytearray()
        self._size = 0

    async def read(self) -> None:
        async for chunk in self.response.aiter_raw():
            self._size += len(chunk)
            self._body += chunk[: MAX_EXCERPT - len(self._body)]
            if self._size > MAX_ANSWER:
                return

    async def close(self) -> None:
        await self.response.aclose()

    @property
    def excerpt(self) -> str:
        return made_storable(self._body.decode("utf-8", "replace"))


def _words(failure: Exception) -> str:
    if isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout | OSError):
        return f"No connection ({type(failure).__name__}). {made_storable(str(failure))[:200]}".rstrip()
    return f"The connection failed before an answer came ({type(failure).__name__})."


def _refusal(response: httpx.Response) -> str:
    if response.is_redirect:
        return f"It answered {response.status_code}. Redirects are not followed: change the endpoint's address."
    return f"It answered {response.status_code}."
