"""Whether a request is sent again, and when. Pure, but for the jitter."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
RETRIED = frozenset({429, 502, 503, 504})
"""502 and 504 are those of a proxy whose service starts anew."""


@dataclass(frozen=True)
class Retries:
    """At most `most` repetitions of a call, none of which begins more than `within` seconds after the call.

    Each wait is at most `longest_wait` seconds. A longer `Retry-After` ends the call with the service's problem.
    """

    most: int = 4
    first_wait: float = 0.5
    longest_wait: float = 60.0
    within: float = 120.0

    def wait(self, repetition: int, retry_after: float | None = None, *, elapsed: float = 0.0) -> float | None:
        """Seconds before the repetition, counted from 1. None: do not repeat. `elapsed`: seconds since the call."""
        if repetition > self.most or (retry_after is not None and retry_after > self.longest_wait):
            return None
        backoff = min(self.first_wait * 2.0 ** (repetition - 1), self.longest_wait)
        # Clients that were refused together come back apart.
        jitter = random.uniform(0.5, 1.0) * backoff  # noqa: S311
        wait = jitter if retry_after is None else min(retry_after + jitter / 4, self.longest_wait)
        return wait if elapsed + wait <= self.within else None


def is_repeatable(method: str, headers: Mapping[str, str]) -> bool:
    """Whether sending it twice does the same as once."""
    return method in SAFE_TO_REPEAT or (method == "POST" and "Idempotency-Key" in headers)


def is_retried(status: int, headers: Mapping[str, str]) -> bool:
    """Also a 409 that says when to come back: the first request with this `Idempotency-Key` still runs."""
    return status in RETRIED or (status == 409 and "Retry-After" in headers)


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds, of a header that holds seconds or a date. None without one that can be read."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
