"""The HTTP client of the adapters: timeouts, pool and TLS set on purpose, failures sorted by what they prove."""

import base64
import json
import math
from typing import Any

import httpx

from api.providers.port import NotProcessed, OutcomeUnknown

TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=5.0)
LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30.0)


def make_client() -> httpx.AsyncClient:
    """TLS certificates are checked, redirects are not followed, the environment's proxies are not used."""
    return httpx.AsyncClient(timeout=TIMEOUT, limits=LIMITS, follow_redirects=False, trust_env=False)


CONNECTION_FAILURES = (httpx.HTTPError, AttributeError)
"""What a request raises when the network or the other side fails.

anyio adds AttributeError: the other side went between connecting and the first byte.
"""


def classify_failure(error: Exception) -> NotProcessed | OutcomeUnknown:
    """What a failed POST proves.

    Never connected, or no connection from the pool: the provider has seen nothing. Anything later, a write or read
    error, a timeout of either, a broken protocol, may have come after the provider took it.
    """
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.UnsupportedProtocol():
            return NotProcessed(detail=f"The provider could not be reached ({type(error).__name__}).")
        case _:
            return OutcomeUnknown(detail=f"The connection failed after the request had left ({type(error).__name__}).")


def basic_credentials(username: str, password: str) -> dict[bytes, bytes]:
    """The header of HTTP Basic authentication."""
    return {b"Authorization": b"Basic " + base64.b64encode(f"{username}:{password}".encode())}


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The object that an answer carries; an empty one where it carries none, or nothing that can be read."""
    try:
        payload = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def retry_after(response: httpx.Response) -> float | None:
    """Seconds, at most ten minutes; None where the answer names no number of them."""
    try:
        seconds = float(response.headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return min(max(seconds, 0.0), 600.0) if math.isfinite(seconds) else None
