"""Limits on the requests of a staff member or an API key in a minute, counted in this process.

The headers follow draft-ietf-httpapi-ratelimit-headers-10.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from api.access.rules import Principal, PrincipalKind

WINDOW_SECONDS = 60
MAX_REMEMBERED = 20_000
"""Staff members and keys whose windows are kept; the least recent is dropped first."""


@dataclass(frozen=True)
class Quota:
    """The caller's quota after a request. `remaining` is negative if the request exceeds the limit."""

    policy: str
    limit: int
    remaining: int
    resets_in_seconds: int

    @property
    def is_exceeded(self) -> bool:
        return self.remaining < 0

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"ratelimit-policy", f'"{self.policy}";q={self.limit};w={WINDOW_SECONDS}'.encode()),
            (b"ratelimit", f'"{self.policy}";r={max(0, self.remaining)};t={self.resets_in_seconds}'.encode()),
        ]


class RateLimits:
    """Counts requests in windows of a minute that begin with the caller's first request. 0 means no limit."""

    def __init__(self, *, per_person: int, per_key: int, clock: Callable[[], float] = monotonic) -> None:
        self._limits = {PrincipalKind.STAFF_MEMBER: per_person, PrincipalKind.API_KEY: per_key}
        self._clock = clock
        self._windows: OrderedDict[tuple[UUID, UUID], tuple[float, int]] = OrderedDict()

    def count(self, principal: Principal) -> Quota | None:
        """Count one request. None if there is no limit."""
        limit = self._limits[principal.kind]
        if limit == 0:
            return None
        who, now = (principal.organization_id, principal.id), self._clock()
        ends_at, used = self._windows.get(who, (0.0, 0))
        if ends_at <= now:
            ends_at, used = now + WINDOW_SECONDS, 0
        # Further requests beyond the limit are not counted: waiting is always enough.
        used = min(used, limit) + 1
        self._windows[who] = (ends_at, used)
        self._windows.move_to_end(who)
        if len(self._windows) > MAX_REMEMBERED:
            self._windows.popitem(last=False)
        policy = "person" if principal.kind is PrincipalKind.STAFF_MEMBER else "api-key"
        return Quota(policy, limit, limit - used, min(WINDOW_SECONDS, math.ceil(ends_at - now)))
