"""Events as they leave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json


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

    type: str
    encoded: bytes
    personal: Mapping[UUID, bytes] = field(default_factory=dict)
    to: str | None = None

    def is_for(self, person: UUID) -> bool:
        return self.to is None or self.to == str(person)

    @classmethod
    def of(cls, content: Content) -> "Event":
        head = f"event: {content.type}\ndata: ".encode()

        def encoded(data: Mapping[str, Any]) -> bytes:
            return head + to_json(data) + b"\n\n"

        personal = {person: encoded({**content.data, **own}) for person, own in content.personal.items()}
        return cls(content.type, encoded(content.data), personal, content.to)

    def encoded_for(self, person: UUID) -> bytes:
        return self.personal.get(person, self.encoded) if self.personal else self.encoded
