"""The text of a mass text for one recipient: fields filled in, header and footer added. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from api.conversations.message_rules import Segments, segments
from api.saved_replies.rules import Person, ReplyField, parts_of, used_fields, value_of

OF_EVERYBODY = frozenset({ReplyField.BUSINESS, ReplyField.MY_NAME})
"""Fields with the same value for each recipient."""

OF_STUDENTS = frozenset({ReplyField.STUDENT_FIRST_NAMES, ReplyField.CLASS})


@dataclass(frozen=True)
class Wording:
    """What a mass text says, before its fields are filled in."""

    body: str
    header: str
    footer: str
    fallbacks: Mapping[ReplyField, str]
    """What stands for a field without a value. A field that is missing here leaves the recipient out."""
    business: str
    my_name: str | None

    @classmethod
    def of(cls, body: str, header: str, footer: str, fallbacks: Mapping[str, str], **names: str | None) -> Self:
        known = {ReplyField(name): text for name, text in fallbacks.items() if name in set(ReplyField)}
        return cls(body, header, footer, known, business=names["business"] or "", my_name=names["my_name"])

    @cached_property
    def fields(self) -> list[ReplyField]:
        return used_fields(self.body)

    @property
    def needs_people(self) -> bool:
        return not OF_EVERYBODY.issuperset(self.fields)

    @property
    def needs_students(self) -> bool:
        return not OF_STUDENTS.isdisjoint(self.fields)

    @cached_property
    def _parts(self) -> Sequence[str | ReplyField]:
        return parts_of(self.body)

    def values(self, people: Sequence[Person]) -> dict[str, str]:
        """The values of the used fields for a recipient. One without a value and without a fallback is missing."""
        found: dict[str, str] = {}
        for field in self.fields:
            value = value_of(field, people, business=self.business, my_name=self.my_name)
            value = value or self.fallbacks.get(field)
            if value is not None:
                found[field] = value
        return found

    def is_whole(self, values: Mapping[str, str]) -> bool:
        return all(field in values for field in self.fields)

    @cached_property
    def plain(self) -> str:
        """The whole text of a wording without fields."""
        return self._whole({})

    def text(self, values: Mapping[str, str]) -> str:
        """The whole text. A field without a value stays in braces."""
        return self._whole(values) if self.fields else self.plain

    @cached_property
    def _template(self) -> str:
        """The body for `%`."""
        return "".join(
            f"%({part})s" if isinstance(part, ReplyField) else part.replace("%", "%%") for part in self._parts
        )

    @cached_property
    def _unfilled(self) -> Mapping[str, str]:
        return {field: f"{{{field}}}" for field in self.fields}

    def _whole(self, values: Mapping[str, str]) -> str:
        filled = self._template % {**self._unfilled, **values}
        return "\n".join([part for part in (self.header, filled, self.footer) if part.strip()])


@dataclass
class SegmentCount:
    """The segments of many texts."""

    least: int | None = None
    most: int | None = None
    total: int = 0
    _last: tuple[str, Segments] | None = None

    def add(self, text: str) -> Segments:
        # Without fields it is the same text again and again.
        if self._last is None or self._last[0] != text:
            self._last = text, segments(text)
        counted = self._last[1]
        self.least = counted.count if self.least is None else min(self.least, counted.count)
        self.most = counted.count if self.most is None else max(self.most, counted.count)
        self.total += counted.count
        return counted
