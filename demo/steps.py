"""The words in which the demo's threads are told. `after`: minutes that the gym was open since the step before."""

from dataclasses import dataclass


@dataclass(frozen=True)
class In:
    """The number texts. A whole message that is a keyword takes effect, as ever."""

    body: str
    after: float = 4
    picture: bool = False


@dataclass(frozen=True)
class Out:
    """A staff member (first name, lower case) writes, having read what there is."""

    by: str
    body: str
    after: float = 4
    landline: bool = False
    """It cannot be delivered: the number cannot receive texts."""
    close: bool = False


@dataclass(frozen=True)
class Auto:
    """The parent portal texts by itself, with its API key."""

    body: str
    after: float = 4


@dataclass(frozen=True)
class Seen:
    """A staff member reads everything and leaves it open."""

    by: str
    after: float = 4


@dataclass(frozen=True)
class Close:
    by: str
    after: float = 4


@dataclass(frozen=True)
class OptOut:
    """The family of that name opts out in the portal, for this number."""

    family: str
    after: float = 4


Step = In | Out | Auto | Seen | Close | OptOut


@dataclass(frozen=True)
class Thread:
    """Everything between one number and a line. `ended`: minutes that the gym has been open since its last step."""

    number: str
    ended: float
    steps: tuple[Step, ...]
    line: str
