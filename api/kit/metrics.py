"""What this process measures, for Prometheus. `api.metrics` shows it, for several processes together.

Labels have few values: never an id, an address, a path or a number. Each metric here has a label, so that nothing is
stored before `api.metrics` has decided where (`shared_in`).
"""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

REGISTRY = CollectorRegistry()

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Histogram(
    "messenger_request_seconds",
    "Time to the start of the answer, by route.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
WEBHOOK_REFUSALS = Counter(
    "messenger_webhook_refusals",
    "Webhooks that were not accepted, by the type of the problem that answered them.",
    ["reason"],
    registry=REGISTRY,
)
SIGN_INS = Counter("messenger_sign_ins", "Tries to sign in, by outcome.", ["outcome"], registry=REGISTRY)
RATE_LIMITED = Counter("messenger_rate_limited", "Requests refused by a limit.", ["limit"], registry=REGISTRY)
PUSHES = Counter("messenger_pushes", "Notifications posted to browsers, by outcome.", ["outcome"], registry=REGISTRY)
WEBHOOK_ATTEMPTS = Counter(
    "messenger_webhook_attempts",
    "Attempts to deliver events to webhook endpoints, by outcome.",
    ["outcome"],
    registry=REGISTRY,
)
APPLIED = Counter("messenger_inbound_applied", "Inbound events by what became of them.", ["outcome"], registry=REGISTRY)
CARRIER_MEDIA = Counter(
    "messenger_carrier_media",
    "Requests of providers for files of outgoing messages, by outcome.",
    ["outcome"],
    registry=REGISTRY,
)
PROVIDER = Histogram(
    "messenger_provider_seconds",
    "Time of a provider's answer, by what was asked and what it said.",
    ["provider", "operation", "outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30),
    registry=REGISTRY,
)
POOL_IN_USE = Gauge(
    "messenger_database_connections_in_use",
    "Database connections that are working.",
    ["pool"],
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
POOL_SIZE = Gauge(
    "messenger_database_connections_limit",
    "Database connections that the pools may open.",
    ["pool"],
    registry=REGISTRY,
    multiprocess_mode="livesum",
)

_requests: dict[tuple[str, str, int], Histogram] = {}


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Each child is looked up once, because the look-up of the client library is slow."""
    key = (method if method in METHODS else "other", route, status)
    child = _requests.get(key)
    if child is None:
        child = _requests[key] = REQUESTS.labels(key[0], route, str(status))
    child.observe(seconds)


def open_files() -> None:
    """Opens the files of this process, so that it counts on when the folder is deleted, as cleaners of /tmp do."""
    SIGN_INS.labels("signed_in")
    REQUESTS.labels("GET", "/healthz", "200")


@cache
def event_streams() -> Gauge:
    return Gauge("messenger_event_streams", "Open event streams.", registry=REGISTRY, multiprocess_mode="livesum")


def measure_pool(engine: AsyncEngine, name: str, *, size: int) -> None:
    """Count the pool's connections in use. `name` is that of the pool in the metrics."""
    POOL_SIZE.labels(name).inc(size)
    in_use = POOL_IN_USE.labels(name)
    event.listen(engine.sync_engine, "checkout", lambda *_: in_use.inc())
    event.listen(engine.sync_engine, "checkin", lambda *_: in_use.dec())


def forget_pool(name: str, *, size: int) -> None:
    POOL_SIZE.labels(name).dec(size)
