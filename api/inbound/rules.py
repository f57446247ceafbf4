"""Pure rules of the inbound room."""

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
    """No webhook brought it: it was found in the provider's own list."""


MAX_ATTEMPTS = 6


def retry_after(attempts: int) -> timedelta | None:
    """How long an event that failed alone waits for its next try; None: it goes to quarantine."""
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
    """The events of attempts that were begun and never finished, by what is known against them."""

    in_company: frozenset[UUID] = frozenset()
    """Begun together with others. One of them, or none, is guilty: each is tried alone."""
    alone: frozenset[UUID] = frozenset()
    """Begun alone. It is tried again with care, and later events of its number wait for it."""
    guilty: frozenset[UUID] = frozenset()
    """Begun alone `MAX_UNFINISHED` times: quarantined."""

    def __contains__(self, event_id: object) -> bool:
        return event_id in self.in_company or event_id in self.alone


def suspects(unfinished: Iterable[Collection[UUID]]) -> Suspects:
    """What the unfinished attempts, each as the ids of its events, say of them.

    An ordinary crash leaves a whole batch unfinished, so being begun in company counts once, however often it
    happened: it is never enough for quarantine.
    """
    company: set[UUID] = set()
    alone: Counter[UUID] = Counter()
    for event_ids in unfinished:
        if len(event_ids) == 1:
            alone.update(event_ids)
        else:
            company.update(event_ids)
    guilty = {event_id for event_id, times in alone.items() if times >= MAX_UNFINISHED}
    return Suspects(
        in_company=frozenset(company - alone.keys()),
        alone=frozenset(alone.keys() - guilty),
        guilty=frozenset(guilty),
    )


CONFIRMATIONS_COUNTED = timedelta(days=1)
MAX_CONFIRMATIONS = 3
"""Confirmations that one number gets in that time, from all lines together."""


def may_confirm(word: Keyword, *, sent: Counter[Keyword]) -> bool:
    """Whether one more confirmation may be sent, given those of the last day (OPTIN-CONFIRM).

    Two machines that answer each other come to an end. A STOP is confirmed although HELP was asked often.
    """
    return sent.total() < MAX_CONFIRMATIONS or (word is Keyword.STOP and not sent[Keyword.STOP])


HOUR = timedelta(hours=1)
HISTORY = timedelta(days=28)
"""What a line's habits are learnt from: four of each hour of the week."""

CHANCE = 0.001
"""A silence this unlikely is no accident."""


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
