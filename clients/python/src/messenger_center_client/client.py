"""The clients: every operation of the API as a method, with a key, timeouts and retries."""

from __future__ import annotations

import ssl
from typing import Any, Self

import httpx

from .generated.client import AuthenticatedClient
from .generated.operations import AsyncOperations, Operations
from .generated.version import VERSION
from .http import AsyncHttpClient, HttpClient
from .retrying import Retries

TIMEOUT = httpx.Timeout(30.0, connect=10.0)


def _options(
    base_url: str, api_key: str, timeout: httpx.Timeout | float, name: str | None, verify: ssl.SSLContext | bool
) -> dict[str, Any]:
    """`name`: of the program, before that of this package in `User-Agent`. Raises `ValueError`."""
    if not base_url.startswith(("https://", "http://")) or "/api/v1" in base_url:
        raise ValueError(f"base_url is the address of the service, such as https://sms.example.com, not {base_url!r}.")
    if not api_key or any(each.isspace() for each in api_key):
        raise ValueError("The API key is empty, or holds a space or an end of line.")
    agent = f"messenger-center-client-python/{VERSION}"
    headers = {
        "Authorization": f"Bearer {api_key}",
        "User-Agent": f"{name} {agent}" if name else agent,
        # `GET /events` answers the log, not the live stream.
        "Accept": "application/json, */*;q=0.5",
    }
    return {"base_url": base_url.rstrip("/"), "headers": headers, "timeout": timeout, "verify": verify}


class MessengerClient(Operations):
    """A client of one organization. Use it in a `with`, or `close` it. Threads may share it.

    A call raises `ProblemError` if the service refuses it, and `httpx.TransportError` if there was no answer.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: httpx.Timeout | float = TIMEOUT,
        retries: Retries | None = None,
        name: str | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """`base_url` is the address of the service, without `/api/v1`. `timeout`, in seconds, is of each try.

        `verify=ssl.create_default_context(cafile=…)` trusts an authority of your own.
        Raises `ValueError` for an address or a key that cannot be one.
        """
        self.http = HttpClient(retries=retries or Retries(), **_options(base_url, api_key, timeout, name, verify))
        super().__init__(AuthenticatedClient(base_url=base_url, token=api_key).set_httpx_client(self.http))

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class AsyncMessengerClient(AsyncOperations):
    """The same for asyncio. Use it in an `async with`, or `aclose` it."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: httpx.Timeout | float = TIMEOUT,
        retries: Retries | None = None,
        name: str | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self.http = AsyncHttpClient(retries=retries or Retries(), **_options(base_url, api_key, timeout, name, verify))
        super().__init__(AuthenticatedClient(base_url=base_url, token=api_key).set_async_httpx_client(self.http))

    async def aclose(self) -> None:
        await self.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()
