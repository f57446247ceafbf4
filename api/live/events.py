"""Events as they leave, and those that are kept for streams that reconnect."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json

REMEMBERED = 2_000
"""Events kept for streams that reconnect with `Last-Event-ID`."""

REMEMBERED_BYTES = 8_000_000

REMEMBERED_SECONDS = 120.0
"""They carry texts, which may be erased: they are not kept for long."""

RESYNC = "resync"


class Content(NamedTuple):
    """What an event says. `personal`: what it says besides to each of these staff members, or instead."""

    type: str
    data: Mapping[str, Any]
    personal: Mapping[UUID, Mapping[str, Any]] = {}
    to: str | None = None
    """The id of the staff member to whom alone it is sent."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of one organization, encoded once for all of its streams."""

    number: int
    id: str
    type: str
    encoded: bytes
    personal: Mapping[UUID, bytes] = field(default_factory=dict)
    to: str | None = None

    def is_for(self, person: UUID) -> bool:
        return self.to is None or self.to == str(person)

    @classmethod
    def of(cls, number: int, event_id: str, content: Content) -> "Event":
        head = f"id: {event_id}\nevent: {content.type}\ndata: ".encode()

        def encoded(data: Mapping[str, Any]) -> bytes:
            return head + to_json(data) + b"\n\n"

        personal = {person: encoded({**content.data, **own}) for person, own in content.personal.items()}
        return cls(number, event_id, content.type, encoded(content.data), personal, content.to)

    def encoded_for(self, person: UUID) -> bytes:
        return self.personal.get(person, self.encoded) if self.personal else self.encoded

    @property
    def size(self) -> int:
        return len(self.encoded) + sum(len(each) for each in self.personal.values())


class _Kept(NamedTuple):
    organization_id: UUID
    event: Event
    at: float


class RecentEvents:
    """The last events of this process, by organization, bounded in number, bytes and age."""

    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque()
        self._bytes = 0
        self._broken: dict[UUID, int] = {}
        """The number of the last event before which an organization's events are not whole."""

    def add(self, organization_id: UUID, events: Iterable[Event]) -> None:
        now = monotonic()
        for event in events:
            self._kept.append(_Kept(organization_id, event, now))
            self._bytes += event.size
        self.trim()

    def trim(self) -> None:
        oldest = monotonic() - REMEMBERED_SECONDS
        while self._kept and (
            len(self._kept) > REMEMBERED or self._bytes > REMEMBERED_BYTES or self._kept[0].at < oldest
        ):
            self._bytes -= self._kept.popleft().event.size

    def break_off(self, organization_id: UUID, number: int) -> None:
        """An event of the organization after the event `number` was not kept: no stream resumes from before it."""
        self._broken[organization_id] = number

    def clear(self) -> None:
        self._kept.clear()
        self._bytes = 0

    def after(self, organization_id: UUID, event_id: str) -> Sequence[Event] | None:
        """The organization's events after this one; None if it is unknown."""
        kept = list(self._kept)
        position = next((i for i, each in enumerate(kept) if each.event.id == event_id), None)
        if position is None or kept[position].event.number <= self._broken.get(organization_id, 0):
            return None
        return [each.event for each in kept[position + 1 :] if each.organization_id == organization_id]
