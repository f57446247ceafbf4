"""Pure rules of a claim: how many texts each lane may send now (MASS-FAIR)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

CLAIM_BATCH = 32
"""Texts that are claimed together."""

MAX_POSTING = 96
"""Texts of one line that a worker posts at the same time."""

MAX_POSTING_MASS_TEXTS = 64
"""Of those, how many may be under way when mass texts are claimed: replies find room beside them."""

MAX_POSTING_OF_ORGANIZATION = 192
"""Of all of an organization's lines. Two of its providers may hang before a third line waits."""


class Lane(NamedTuple):
    """What waits on one line: its confirmations, its replies, or one mass text."""

    organization_id: UUID
    line_id: UUID
    priority: int
    broadcast_id: UUID | None
    """Of a mass text."""
    ready_in: float
    """Seconds until its first text is due and the line's rate limit allows it. Not above 0: now."""


class Share(NamedTuple):
    """How many texts are taken of a lane."""

    line_id: UUID
    priority: int
    broadcast_id: UUID | None
    texts: int


@dataclass
class Capacity:
    """How many texts more a worker may claim of one organization, and whose turn it is."""

    posting: Counter[UUID] = field(default_factory=Counter)
    """By line: the texts under way."""
    turns: MutableMapping[UUID, UUID] = field(default_factory=dict)
    """By line: the mass text that was served last. The next one begins."""

    def of(self, lane: Lane) -> int:
        """A whole batch or nothing: few texts at a time cost a transaction each."""
        line, all_lines = self.posting[lane.line_id], self.posting.total()
        most = MAX_POSTING if lane.broadcast_id is None else MAX_POSTING_MASS_TEXTS
        free = min(most - line, MAX_POSTING_OF_ORGANIZATION - all_lines)
        return CLAIM_BATCH if free >= CLAIM_BATCH else 0


def is_at_a_threshold(posting_on_line: int, posting: int) -> bool:
    """Whether a text that has just ended makes room for a batch more."""
    return (
        posting_on_line in {MAX_POSTING - CLAIM_BATCH, MAX_POSTING_MASS_TEXTS - CLAIM_BATCH}
        or posting == MAX_POSTING_OF_ORGANIZATION - CLAIM_BATCH
    )


def shares(
    lanes: Iterable[Lane], allowed: Mapping[UUID, int], turns: MutableMapping[UUID, UUID], *, limit: int
) -> list[Share]:
    """Divide `limit` texts among the lines, and each line's part among its lanes of the highest priority.

    `allowed`: how many each line may send now. If not every line gets a text, the first in `lanes` do. `turns` keeps
    which mass text of each line was served last. Lanes of a lower priority wait for the next claim.
    """
    by_line = defaultdict[UUID, list[Lane]](list)
    for lane in lanes:
        by_line[lane.line_id].append(lane)
    parts = _divided(limit, {line_id: allowed.get(line_id, 0) for line_id in by_line})
    taken: list[Share] = []
    for line_id, of_line in by_line.items():
        priority = min(lane.priority for lane in of_line)
        first = _from_next([lane for lane in of_line if lane.priority == priority], turns.get(line_id))
        counts = Counter(first[turn % len(first)] for turn in range(parts[line_id]))
        taken += [Share(line_id, priority, lane.broadcast_id, count) for lane, count in counts.items()]
        last = first[(parts[line_id] - 1) % len(first)].broadcast_id
        if parts[line_id] and last is not None:
            turns[line_id] = last
    return taken


def _divided(limit: int, wanted: Mapping[UUID, int]) -> Counter[UUID]:
    """Each gets what it wants, at most `limit` in all, and as evenly as that allows."""
    parts: Counter[UUID] = Counter()
    while limit and (open_ := [each for each, most in wanted.items() if parts[each] < most]):
        for each in open_[:limit]:
            parts[each] += 1
        limit -= min(limit, len(open_))
    return parts


def _from_next(lanes: Sequence[Lane], last: UUID | None) -> list[Lane]:
    """One line's lanes, beginning after the one that was served last."""
    ordered = sorted(lanes, key=lambda lane: lane.broadcast_id.int if lane.broadcast_id else 0)
    later = [each for each in ordered if last and each.broadcast_id is not None and each.broadcast_id.int > last.int]
    return later + ordered[: len(ordered) - len(later)]
