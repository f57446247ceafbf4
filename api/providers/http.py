"""The adapters' HTTP client, what its failures prove, and what is read of an answer."""

import base64
import json
import math
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from api.kit.times import in_utc
from api.providers.port import CannotTell, NotProcessed, OutcomeUnknown
from api.providers.posting import PostingTransport

TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=5.0)
LIMITS = httpx.Limits(max_connections=512, max_keepalive_connections=64, keepalive_expiry=30.0)
"""Enough for several businesses whose provider hangs, each posting as many texts at once as it may (`MAX_POSTING`).
As many connections are kept open as one busy business uses."""


@cache
def _tls_context() -> ssl.SSLContext:
    """One context per process: to load the certificate authorities takes 40 ms."""
    return httpx.create_ssl_context(trust_env=False)


def make_client() -> httpx.AsyncClient:
    """TLS certificates are checked, redirects are not followed, the environment's proxies are not used."""
    return httpx.AsyncClient(
        transport=PostingTransport(verify=_tls_context(), limits=LIMITS),
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
    )


CONNECTION_FAILURES = (httpx.HTTPError, AttributeError)
"""What a request raises when the network or the other side fails.

anyio adds AttributeError: the other side went between connecting and the first byte.
"""


def classify_failure(error: Exception) -> NotProcessed | OutcomeUnknown:
    """What a failed POST proves.

    Never connected, or no connection from the pool: the provider has seen nothing. A later failure (a write or read
    error or timeout, a broken protocol) may have come after the provider took it.
    """
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.UnsupportedProtocol():
            return NotProcessed(detail=f"The provider could not be reached ({type(error).__name__}).")
        case _:
            return OutcomeUnknown(detail=f"The connection failed after the request had left ({type(error).__name__}).")


def cannot_ask(error: Exception) -> CannotTell:
    """A question failed with one of `CONNECTION_FAILURES`."""
    return CannotTell(f"The provider could not be asked ({type(error).__name__}).")


def basic_credentials(username: str, password: str) -> dict[bytes, bytes]:
    """The header of HTTP Basic authentication."""
    return {b"Authorization": b"Basic " + base64.b64encode(f"{username}:{password}".encode())}


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The JSON object that an answer carries; empty if it carries none, or nothing that can be read."""
    try:
        payload = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def retry_after(response: httpx.Response, *, now: datetime | None = None) -> float | None:
    """Seconds, at most ten minutes, of `Retry-After`: a number of them, or a date (RFC 9110, 10.2.3).

    A date counts from the answer's own `Date`, which the same clock wrote, else from `now`. None if there is neither.
    """
    given = response.headers.get("retry-after")
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        until, written = http_date(given), http_date(response.headers.get("date"))
        if until is None:
            return None
        seconds = (until - (written or now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), 600.0) if math.isfinite(seconds) else None


def http_date(value: str | None) -> datetime | None:
    """A date of RFC 2822, or in one of the three forms of RFC 9110, 5.6.7. Without a zone it is GMT, as the oldest is.

    None if it is malformed, or outside the years 2 to 9998.
    """
    try:
        read = parsedate_to_datetime(value) if value else None
        return in_utc(read if read.tzinfo else read.replace(tzinfo=UTC)) if read else None
    except ValueError:
        return None
