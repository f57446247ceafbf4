"""Adding up a resolved audience for the preview: counts, segments, lines, hours, examples. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from api.broadcasts.fields import SegmentCount, Wording
from api.broadcasts.hours import Availability
from api.broadcasts.numbers import stand_in
from api.directory.rules import OwnerKind
from api.prices.rules import Estimate, PriceList

EXAMPLES = 3


@dataclass(slots=True)
class Resolved:
    """A number of an audience, or a record without one, and what was decided of it."""

    kind: OwnerKind | None
    owner_id: UUID | None
    phone_number_id: UUID | None
    number: str | None
    person: str | None
    reason: str | None
    """Why it is left out; None: it gets the text."""
    line_id: UUID | None
    fields: Mapping[str, str]
    zones: Sequence[str]
    is_row: bool
    """It is kept with the mass text; a duplicate or another contact is only counted."""
    is_shared: bool = False
    """Another candidate may have the same number."""
    text: str = ""
    """The whole text that it gets, fields filled in."""

    @property
    def is_recipient(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class Example:
    number: str
    name: str | None
    text: str
    segments: int


@dataclass
class Hours:
    """When recipients can be reached, from the time of sending on (MASS-HOURS)."""

    now: int = 0
    later: int = 0
    opens_at: datetime | None = None
    """When the first of the later ones can be reached."""
    last_opens_at: datetime | None = None


@dataclass
class Tally:
    wording: Wording
    has_media: bool = False
    prices: Mapping[UUID, PriceList] = field(default_factory=dict)
    """By line."""
    recipients: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    by_line: Counter[UUID] = field(default_factory=Counter)
    segments: SegmentCount = field(default_factory=SegmentCount)
    estimate: Estimate = field(default_factory=Estimate)
    examples: list[Example] = field(default_factory=list)
    _zones: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def add(self, some: Iterable[Resolved]) -> None:
        for each in some:
            if each.reason is not None:
                self.left_out[each.reason] += 1
                continue
            assert each.number is not None
            assert each.line_id is not None
            self.recipients += 1
            self.by_line[each.line_id] += 1
            self._zones[tuple(each.zones)] += 1
            # A picture message is one part, whatever its text.
            counted = self.segments.add("" if self.has_media else each.text)
            prices = self.prices.get(each.line_id)
            self.estimate.add(prices, stand_in(each.number), segments=counted.count, has_media=self.has_media)
            if len(self.examples) < EXAMPLES:
                self.examples.append(Example(each.number, each.person, each.text, counted.count))

    @property
    def considered(self) -> int:
        """Numbers, and records without one, of the audience: those that get the text, and those left out."""
        return self.recipients + self.left_out.total()

    def hours(self, available: Availability) -> Hours:
        found = Hours()
        for zones, count in self._zones.items():
            window = available.window(zones)
            if available.any_hour or window is None or window.is_open(available.at):
                found.now += count
            else:
                found.later += count
                opens = window.opens_at
                found.opens_at = opens if found.opens_at is None else min(found.opens_at, opens)
                found.last_opens_at = opens if found.last_opens_at is None else max(found.last_opens_at, opens)
        return found
