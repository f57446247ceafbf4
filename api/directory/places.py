"""Where a request or an imported file says a value, and why it cannot be stored. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A JSON pointer, and in an imported file its row too."""

    pointer: str
    row: int | None = None


class NotPlanned(Exception):
    """The record cannot be stored as wanted, for a value at `place`."""

    def __init__(self, place: Place, detail: str) -> None:
        super().__init__(detail)
        self.place = place
        self.detail = detail
