"""Posting an encrypted notification to a browser's push service (RFC 8030, 8291, 8292)."""

import json
import time
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import httpx
from py_vapid import Vapid02

from api.notifications.encryption import encrypt
from api.notifications.rules import TIME_TO_LIVE
from api.providers.http import CONNECTION_FAILURES, retry_after

TIMEOUT = httpx.Timeout(10.0)
SIGNED_SECONDS = 12 * 3600
"""How long a signature for one push service is good, and used. RFC 8292 allows a day."""


@dataclass(frozen=True)
class Target:
    """A browser: its address at the push service, its public key and its secret."""

    endpoint: str
    public_key: bytes
    auth_secret: bytes


class Outcome(StrEnum):
    POSTED = "posted"
    GONE = "gone"
    """The browser has ended the subscription, or the push service refuses it for good."""
    FAILED = "failed"
    """Worth another try."""


@dataclass(frozen=True)
class Posted:
    outcome: Outcome
    retry_after: float | None = None
    """Seconds."""


def encrypted(payload: dict[str, object], target: Target) -> bytes:
    """The payload for this browser. Raises `ValueError` if the browser's key is none."""
    plain = json.dumps(payload, ensure_ascii=False).encode()
    return encrypt(plain, public_key=target.public_key, auth_secret=target.auth_secret)


class PushClient:
    """Posts to push services. Redirects are not followed, so no service leads to another address."""

    def __init__(self, *, contact: str, verify: httpx.AsyncClient | None = None) -> None:
        """`contact`: a `mailto:` or https address at which a push service reaches the operator."""
        self._contact = contact
        self._client = verify or httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False)
        self._signed: dict[str, tuple[float, str]] = {}

    async def close(self) -> None:
        await self._client.aclose()

    def _authorization(self, endpoint: str, key: Vapid02) -> str:
        parts = urlsplit(endpoint)
        audience = f"{parts.scheme}://{parts.netloc}"
        until, header = self._signed.get(audience, (0.0, ""))
        now = time.time()
        if until - now < SIGNED_SECONDS / 2:
            until = now + SIGNED_SECONDS
            claims = {"aud": audience, "exp": int(until), "sub": self._contact}
            header = key.sign(claims)["Authorization"]
            self._signed[audience] = (until, header)
        return header

    async def post(self, payload: dict[str, object], target: Target, key: Vapid02, *, topic: str) -> Posted:
        """Post it. `topic`, at most 32 URL-safe characters: a newer one replaces it while the device is off."""
        try:
            content = encrypted(payload, target)
        except ValueError:
            return Posted(Outcome.GONE)
        try:
            response = await self._client.post(
                target.endpoint,
                content=content,
                headers={
                    "Authorization": self._authorization(target.endpoint, key),
                    "Content-Encoding": "aes128gcm",
                    "Content-Type": "application/octet-stream",
                    "TTL": str(int(TIME_TO_LIVE.total_seconds())),
                    "Urgency": "high",
                    "Topic": topic,
                },
            )
        except CONNECTION_FAILURES:
            return Posted(Outcome.FAILED)
        if response.is_success:
            return Posted(Outcome.POSTED)
        if response.status_code in {400, 401, 403, 404, 410, 413}:
            # 401 and 403: the subscription was made for another key of the service.
            return Posted(Outcome.GONE)
        return Posted(Outcome.FAILED, retry_after(response))
