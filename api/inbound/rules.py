"""Pure rules of inbound events: retries, suspects, confirmations, silence."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from uuid import UUID

from api.consent.keywords import Keyword


class EventState(StrEnum):
    PENDING = "pending"
    APPLIED = "applied"
    QUARANTINED = "quarantined"


class EventSource(StrEnum):
    WEBHOOK = "webhook"
    RECONCILIATION = "reconciliation"
    """No webhook brought it: a backfill found it in the provider's list."""


MAX_ATTEMPTS = 6


def retry_after(attempts: int) -> timedelta | None:
    """How long an event that failed alone waits for its next attempt. None: it is quarantined."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return timedelta(seconds=min(0.5 * 4 ** (attempts - 1), 120))


MAX_UNFINISHED = 3
"""Attempts at one event alone that may be begun and never finished."""

NEVER_FINISHED = (
    f"It was begun {MAX_UNFINISHED} times on its own and never finished: each time the process hung or was killed."
)


@dataclass(frozen=True)
class Suspects:
    """The events of unfinished attempts, by what the attempts say of them."""

    in_batch: frozenset[UUID] = frozenset()
    """Begun together with others, of which at most one is the culprit: each is tried alone."""
    alone: frozenset[UUID] = frozenset()
    """Begun alone. It is retried with care, and later events of its number wait for it."""
    guilty: frozenset[UUID] = frozenset()
    """Begun alone `MAX_UNFINISHED` times: quarantined."""

    def __contains__(self, event_id: object) -> bool:
        return event_id in self.in_batch or event_id in self.alone


def suspects(unfinished: Iterable[Collection[UUID]]) -> Suspects:
    """Classify the events of the unfinished attempts, each given as its event ids.

    An ordinary crash leaves a whole batch unfinished. So being begun in a batch counts once, however often it
    happened: it is never enough for quarantine.
    """
    batched: set[UUID] = set()
    alone: Counter[UUID] = Counter()
    for event_ids in unfinished:
        if len(event_ids) == 1:
            alone.update(event_ids)
        else:
            batched.update(event_ids)
    guilty = {event_id for event_id, times in alone.items() if times >= MAX_UNFINISHED}
    return Suspects(
        in_batch=frozenset(batched - alone.keys()),
        alone=frozenset(alone.keys() - guilty),
        guilty=frozenset(guilty),
    )


CONFIRMATIONS_COUNTED = timedelta(days=1)
MAX_CONFIRMATIONS = 3
"""Confirmations that one number gets in that time, from all lines together."""


def may_confirm(word: Keyword, *, sent: Counter[Keyword]) -> bool:
    """Whether one more confirmation may be sent, given those of the last day (OPTIN-CONFIRM).

    It ends a loop of two machines that answer each other. A STOP is confirmed even after many HELPs.
    """
    return sent.total() < MAX_CONFIRMATIONS or (word is Keyword.STOP and not sent[Keyword.STOP])


HOUR = timedelta(hours=1)
HISTORY = timedelta(days=28)
"""What a line's habits are learnt from: four of each hour of the week."""

CHANCE = 0.001
"""A silence less likely than this is reported."""


def silent_since(
    hours: Collection[datetime], *, last: datetime, known_since: datetime, now: datetime, zone: tzinfo
) -> datetime | None:
    """The last text's time, where a line that usually is not has been silent since; None while that is as usual.

    `hours` are the hours (their starts, UTC) in which a text came. Each whole hour without one after the last text
    is as likely as it was in the four weeks that ended with it: of the same hours of the week, in the business's
    zone, a share of heard / (all + 1) had a text. Where the product of these chances falls below `CHANCE`, something
    is wrong. A burst of texts counts once, an hour that was always quiet not at all. After four weeks silence is
    what is usual.
    """
    last_hour = _hour_of(last)
    if now - last > HISTORY:
        return None
    slots = _slots(max(last_hour - HISTORY + HOUR, _hour_of(known_since)), last_hour, zone)
    all_of = Counter(slot for _, slot in slots)
    heard = Counter(slot for hour, slot in slots if hour in hours)
    chance = 1.0
    for _, slot in _slots(last_hour + HOUR, _hour_of(now) - HOUR, zone):
        chance *= 1 - heard[slot] / (all_of[slot] + 1)
    return last if chance < CHANCE else None


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _slots(first: datetime, last: datetime, zone: tzinfo) -> list[tuple[datetime, tuple[int, int]]]:
    """Each hour from `first` to `last`, both included, with its place in the local week."""
    count = (last - first) // HOUR + 1
    hours = [first + index * HOUR for index in range(max(count, 0))]
    return [(hour, (local.weekday(), local.hour)) for hour in hours for local in [hour.astimezone(zone)]]
