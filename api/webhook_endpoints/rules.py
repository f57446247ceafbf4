"""What an attempt to deliver an event proves, when the next one is made, and which addresses may be posted to. Pure."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from api.events.rules import PUBLIC, EventType
from api.kit.times import rfc3339
from api.providers.media_rules import is_public
from api.settings import Network

MAX_ENDPOINTS = 20
"""Of one organization."""

MAX_URL = 2000
"""Characters."""

MAX_PENDING = 10_000
"""Deliveries of one endpoint that wait at a time. Further events wait in the log."""

MAX_ATTEMPTS_KEPT = 25
"""Attempts of one delivery that the delivery log shows. Three days of retries make fewer."""

MAX_EXCERPT = 1024
"""Bytes of an answer that are kept."""

KEEP = timedelta(days=30)
"""How long deliveries are kept, as the events are."""

RETRIES_LAST = timedelta(days=3)

OVERLAP = timedelta(hours=24)
"""The longest time that the secret before a rotation signs too."""

WAITS = tuple(timedelta(seconds=each) for each in (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600))
"""After the first failed attempt, the second, and so on. The last wait repeats."""

JITTER = 0.2
"""The share by which a wait is shortened or lengthened, so that the retries of an outage do not come together."""

SWITCHED_OFF_AFTER = timedelta(days=3)
"""An endpoint is switched off when every attempt has failed for so long."""

SWITCHED_OFF_FAILURES = 8
"""At least so many attempts must have failed: a service that did not run for days proves nothing about endpoints."""

AT_ONCE = 5
"""Deliveries to one endpoint that a worker posts at the same time."""

AT_ONCE_FAILING = 1
"""To an endpoint whose last attempt failed: it costs the others little, and is not flooded when it comes back."""


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """No attempt of three days succeeded."""


class DisabledReason(StrEnum):
    """Why an endpoint is switched off."""

    PERSON = "person"
    """An administrator switched it off."""
    GONE = "gone"
    """It answered 410 Gone."""
    FAILING = "failing"
    """Every attempt failed for three days."""


class Outcome(StrEnum):
    """What an attempt proves."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"
    EXPIRED = "expired"
    """The event is no longer in the log, so nothing was posted."""


@dataclass(frozen=True)
class Attempt:
    """One attempt, as the delivery log shows it."""

    at: datetime
    status: int | None
    """The status code of the answer; None without one."""
    duration_ms: int
    error: str | None
    """Why it failed, in words; None if it succeeded."""
    response_excerpt: str | None
    """The beginning of the answer's body; None without an answer."""

    def stored(self) -> dict[str, Any]:
        return {
            "at": rfc3339(self.at),
            "status": self.status,
            "duration_ms": self.duration_ms,
            "error": self.error,
            "response_excerpt": self.response_excerpt,
        }


def outcome_of(status: int | None) -> Outcome:
    """`status`: the status code of the answer; None without one."""
    if status == 410:
        return Outcome.GONE
    return Outcome.DELIVERED if status is not None and 200 <= status < 300 else Outcome.FAILED


@dataclass(frozen=True)
class Retry:
    wait: timedelta


@dataclass(frozen=True)
class End:
    state: DeliveryState


def next_step(
    outcome: Outcome, *, tries: int, left: timedelta, chance: float, retry_after: float | None = None
) -> Retry | End:
    """What becomes of a delivery after its `tries`-th attempt.

    `left`: the time until its retries end. `chance`: a random number from 0 to 1, for the jitter. `retry_after`:
    seconds that the receiver asks for. A delivery has at least one attempt, however old it is, and the last one comes
    after that time: so an endpoint with one event only has failed for three days when its delivery has.
    """
    match outcome:
        case Outcome.DELIVERED:
            return End(DeliveryState.DELIVERED)
        case Outcome.EXPIRED:
            return End(DeliveryState.FAILED)
        case Outcome.FAILED | Outcome.GONE:
            wait = WAITS[min(tries, len(WAITS)) - 1] * (1 + JITTER * (2 * chance - 1))
            wait = max(wait, timedelta(seconds=retry_after or 0))
            return Retry(wait) if left > timedelta(0) else End(DeliveryState.FAILED)


def why_switched_off(outcome: Outcome, *, failing_for: timedelta, failures: int) -> DisabledReason | None:
    """Whether the attempt switches the endpoint off. `failing_for`, `failures`: since its last success."""
    if outcome is Outcome.GONE:
        return DisabledReason.GONE
    if outcome is Outcome.FAILED and failing_for >= SWITCHED_OFF_AFTER and failures >= SWITCHED_OFF_FAILURES:
        return DisabledReason.FAILING
    return None


def wants(event_types: Sequence[str], event_type: str) -> bool:
    """Whether an endpoint that subscribes to these types gets an event. No types stand for all of `PUBLIC`."""
    return event_type in (event_types or PUBLIC)


def types_of(event_types: Sequence[str]) -> list[EventType]:
    """The types to read from the log. One that this version does not know is left out."""
    return [each for each in PUBLIC if wants(event_types, each)]


def order_key(endpoint_id: UUID, conversation_id: UUID | None) -> UUID:
    return conversation_id or endpoint_id


def capacity(*, is_failing: bool, in_flight: int) -> int:
    """How many more deliveries a worker may post to an endpoint now."""
    return max((AT_ONCE_FAILING if is_failing else AT_ONCE) - in_flight, 0)


def url_problem(url: str) -> str | None:
    """Why nothing can be posted to this address, in a sentence; None if its form is right."""
    if not url.isprintable() or not url.isascii() or any(each in url for each in ' \\"<>'):
        return "Use an address without spaces and special characters. Percent-encode them."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "This is not a web address."
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        return "Use an address such as https://example.com/webhooks."
    if "@" in parts.netloc:
        return "Use an address without a user name and password. The signature says who posts."
    if parts.fragment or url.endswith("#"):
        return "Use an address without a fragment (“#…”)."
    return None


def is_allowed(ip: str, networks: Sequence[Network]) -> bool:
    """Whether an IP address may be posted to: one of the open internet, or of the operator's `networks`."""
    return is_public(ip) or is_operators(ip, networks)


def is_operators(ip: str, networks: Sequence[Network]) -> bool:
    """Whether an IP address is in one of the networks that the operator allows. ::ffff:10.0.0.1 is 10.0.0.1."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def address_problem(url: str, ips: Sequence[str], networks: Sequence[Network]) -> str | None:
    """Why nothing may be posted to this address, whose host has these IP addresses; None if it may."""
    parts = urlsplit(url)
    if not ips or not all(is_allowed(ip, networks) for ip in ips):
        return f"{parts.hostname} is not on the public internet. The operator of this service can allow its network."
    if parts.scheme != "https" and not all(is_operators(ip, networks) for ip in ips):
        return "Use https://. Events are posted without encryption only to networks that the operator allows."
    return None
