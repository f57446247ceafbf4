"""httpx clients that repeat what may be repeated, and raise the service's problems."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx

from .errors import NotModified, UnexpectedAnswer, problem_error
from .retrying import Retries, is_repeatable, is_retried, retry_after

NEVER_SENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
"""Errors of a request that cannot be sent at all."""


class _Call:
    """One request with its repetitions."""

    def __init__(self, request: httpx.Request, retries: Retries) -> None:
        self._is_repeatable = is_repeatable(request.method, request.headers)
        self._retries = retries
        self._repetition = 0
        self._began = time.monotonic()

    def after_failure(self, error: httpx.TransportError) -> float:
        """Seconds before the next try. Raises `error` if there is none."""
        wait = None if isinstance(error, NEVER_SENT) else self._wait(None)
        if wait is None:
            raise error
        return wait

    def after_answer(self, response: httpx.Response) -> float:
        """The same, of an answer of status 400 or higher that has been read. Raises `ProblemError`."""
        is_again = is_retried(response.status_code, response.headers)
        wait = self._wait(retry_after(response.headers)) if is_again else None
        if wait is None:
            raise problem_error(response)
        return wait

    def _wait(self, told: float | None) -> float | None:
        self._repetition += 1
        elapsed = time.monotonic() - self._began
        return self._retries.wait(self._repetition, told, elapsed=elapsed) if self._is_repeatable else None


def _good(response: httpx.Response) -> httpx.Response:
    if response.status_code == httpx.codes.NOT_MODIFIED:
        raise NotModified("The record has the ETag of if_none_match.")
    if response.has_redirect_location:
        raise UnexpectedAnswer(f"{response.url} has moved to {response.headers['Location']}: change `base_url`.")
    return response


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
        """Raises `ProblemError` for an answer of status 400 or higher, `httpx.TransportError` for none.

        Raises `NotModified` for a 304, `UnexpectedAnswer` for another redirection.
        """
        call = _Call(request, self._retries)
        while True:
            try:
                response = super().send(request, **options)
            except httpx.TransportError as error:
                wait = call.after_failure(error)
            else:
                if not response.is_error:
                    return _good(response)
                response.read()
                wait = call.after_answer(response)
            time.sleep(wait)


class AsyncHttpClient(httpx.AsyncClient):
    def __init__(self, *, retries: Retries, **options: Any) -> None:
        super().__init__(**options)
        self._retries = retries

    async def request(self, method: str, url: httpx.URL | str, **given: Any) -> httpx.Response:
        return await super().request(method, url, **_arguments(given))

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Raises `ProblemError` for an answer of status 400 or higher, `httpx.TransportError` for none.

        Raises `NotModified` for a 304, `UnexpectedAnswer` for another redirection.
        """
        call = _Call(request, self._retries)
        while True:
            try:
                response = await super().send(request, **options)
            except httpx.TransportError as error:
                wait = call.after_failure(error)
            else:
                if not response.is_error:
                    return _good(response)
                await response.aread()
                wait = call.after_answer(response)
            await asyncio.sleep(wait)
