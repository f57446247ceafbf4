"""httpx clients that repeat what may be repeated, and raise the service's problems."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx

from .errors import problem_error
from .retrying import Retries, is_repeatable, is_retried, retry_after


def _waits(request: httpx.Request, outcome: httpx.Response | None, retries: Retries, repetition: int) -> float | None:
    """Seconds before the next try; None if there is none. `outcome` None: the connection failed."""
    if not is_repeatable(request.method, request.headers, request.url.params):
        return None
    if outcome is None:
        return retries.wait(repetition)
    if not is_retried(outcome.status_code, outcome.headers):
        return None
    return retries.wait(repetition, retry_after(outcome.headers))


def _arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of `request` whose body can be sent twice: a file is read into memory."""
    arguments = dict(given)
    read = getattr(arguments.get("content"), "read", None)
    if read is not None:
        arguments["content"] = read()
    if arguments.get("files"):
        # The generated code names a fixed boundary, which a file may hold. httpx makes one of its own.
        headers = arguments.get("headers") or {}
        arguments["headers"] = {name: value for name, value in headers.items() if name != "Content-Type"}
    return arguments


class HttpClient(httpx.Client):
    def __init__(self, *, retries: Retries, **options: Any) -> None:
        super().__init__(**options)
        self._retries = retries

    def request(self, method: str, url: httpx.URL | str, **given: Any) -> httpx.Response:
        return super().request(method, url, **_arguments(given))

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Raises `ProblemError` for an answer of status 400 or higher, `httpx.TransportError` for none."""
        repetition = 1
        while True:
            try:
                response = super().send(request, **options)
            except httpx.TransportError:
                wait = _waits(request, None, self._retries, repetition)
                if wait is None:
                    raise
            else:
                if not response.is_error:
                    return response
                response.read()
                wait = _waits(request, response, self._retries, repetition)
                if wait is None:
                    raise problem_error(response)
            time.sleep(wait)
            repetition += 1


class AsyncHttpClient(httpx.AsyncClient):
    def __init__(self, *, retries: Retries, **options: Any) -> None:
        super().__init__(**options)
        self._retries = retries

    async def request(self, method: str, url: httpx.URL | str, **given: Any) -> httpx.Response:
        return await super().request(method, url, **_arguments(given))

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Raises `ProblemError` for an answer of status 400 or higher, `httpx.TransportError` for none."""
        repetition = 1
        while True:
            try:
                response = await super().send(request, **options)
            except httpx.TransportError:
                wait = _waits(request, None, self._retries, repetition)
                if wait is None:
                    raise
            else:
                if not response.is_error:
                    return response
                await response.aread()
                wait = _waits(request, response, self._retries, repetition)
                if wait is None:
                    raise problem_error(response)
            await asyncio.sleep(wait)
            repetition += 1
