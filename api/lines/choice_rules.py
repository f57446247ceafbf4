"""Which line a new text goes out on (LINE-CHOICE), as a pure decision."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from api.kit.phone import possible_countries
from api.lines.rules import ONE_COUNTRY, sandbox_note, texts_number


class LineReason(StrEnum):
    """Why a line was chosen, strongest first."""

    CHOSEN = "chosen"
    """The request names it."""
    CONVERSATION = "conversation"
    """The newest conversation with the number is on it."""
    COUNTRY_DEFAULT = "country_default"
    DEFAULT = "default"
    COUNTRY = "country"
    """No default line may text the number. It is the oldest line of the number's country, else of all that may."""
    OLDEST = "oldest"
    """No line may text the number."""


@dataclass(frozen=True)
class Candidate:
    """What counts of a line."""

    id: UUID
    country: str
    countries: Sequence[str] | None
    """The countries that it may text. None: its own."""
    enabled: bool
    is_sandbox: bool = False


@dataclass(frozen=True)
class LineChoice:
    line_id: UUID
    reason: LineReason


@dataclass(frozen=True)
class Candidates:
    """An organization's lines, the oldest first, and its defaults: a line's id for a country, or for None."""

    lines: Sequence[Candidate]
    defaults: Mapping[str | None, UUID]


def choose_line(number: str, candidates: Candidates, *, newest: UUID | None) -> LineChoice | None:
    """`newest`: the line of the newest conversation with the number. None if there is no line at all.

    A line that is out of service, or may not text the number's country, is chosen only if all others are the same.
    So is a sandbox line for a real number, and a real line for a test number.
    """
    in_order = list(_in_order(number, candidates, newest=newest))
    first = next((each for each in in_order if _may_text(each[0], number)), in_order[0] if in_order else None)
    return LineChoice(first[0].id, first[1]) if first is not None else None


def _in_order(number: str, candidates: Candidates, *, newest: UUID | None) -> Iterator[tuple[Candidate, LineReason]]:
    by_id = {line.id: line for line in candidates.lines}
    countries = countries_of(number)
    if newest in by_id:
        yield by_id[newest], LineReason.CONVERSATION
    for country in sorted(countries & {each for each in candidates.defaults if each is not None}):
        yield by_id[candidates.defaults[country]], LineReason.COUNTRY_DEFAULT
    if None in candidates.defaults:
        yield by_id[candidates.defaults[None]], LineReason.DEFAULT
    for line in sorted(candidates.lines, key=lambda line: _rank(line, number, countries)):
        yield line, LineReason.COUNTRY if _may_text(line, number) else LineReason.OLDEST


def _rank(line: Candidate, number: str, countries: Set[str]) -> tuple[bool, bool, bool]:
    fits = sandbox_note(number, is_sandbox=line.is_sandbox) is None
    return not fits, not line.enabled, line.country not in countries


def _may_text(line: Candidate, number: str) -> bool:
    return (
        line.enabled
        and sandbox_note(number, is_sandbox=line.is_sandbox) is None
        and texts_number(number, country=line.country, countries=line.countries)
    )


def countries_of(number: str) -> set[str]:
    """The countries that the number may belong to, with those that count as one country with them."""
    found = set(possible_countries(number))
    for group in ONE_COUNTRY:
        if not found.isdisjoint(group):
            found |= group
    return found
