"""The steps of a demo thread. `after`: opening minutes since the step before."""

from dataclasses import dataclass

from demo.people import FRONT_DESK, us


@dataclass(frozen=True)
class In:
    """The number texts the line. A keyword takes effect."""

    body: str
    after: float = 4
    picture: bool = False


@dataclass(frozen=True)
class Out:
    """A staff member (first name in lower case) reads everything and replies."""

    by: str
    body: str
    after: float = 4
    landline: bool = False
    """The text is undelivered, because the number cannot receive texts."""
    close: bool = False


@dataclass(frozen=True)
class Auto:
    """The parent portal sends a text with its API key."""

    body: str
    after: float = 4


@dataclass(frozen=True)
class Seen:
    """A staff member reads everything and leaves the conversation open."""

    by: str
    after: float = 4


@dataclass(frozen=True)
class Close:
    by: str
    after: float = 4


@dataclass(frozen=True)
class OptOut:
    """This family opts out in the portal, for the number of the thread."""

    family: str
    after: float = 4


@dataclass(frozen=True)
class Note:
    """A staff member writes an internal note, and mentions a colleague."""

    by: str
    body: str
    after: float = 4
    mentions: str | None = None


@dataclass(frozen=True)
class Assign:
    by: str
    to: str
    after: float = 2


Step = In | Out | Auto | Seen | Close | OptOut | Note | Assign


@dataclass(frozen=True)
class Thread:
    """All steps between one number and one line. `ended`: opening minutes since the last step."""

    number: str
    ended: float
    steps: tuple[Step, ...]
    line: str


def desk(last_digits: str, ended: float, *steps: Step) -> Thread:
    """A thread with the front desk."""
    return Thread(us(last_digits), ended, steps, line=FRONT_DESK)
