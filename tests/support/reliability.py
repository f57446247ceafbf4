"""Size, seed and progress of the reliability tests (R1 … R11): small within `make test`, full in `make reliability`."""

import os
import random
import sys
import time

FULL = os.environ.get("MESSENGER_RELIABILITY") == "full"


def size(*, quick: int, full: int) -> int:
    """How many messages, races or sequences this run drives: `full` is the figure that the test is held to."""
    return full if FULL else quick


def seed() -> int:
    """What chance is drawn from: MESSENGER_SEED, or a new one. Print it: with it a failure can be run again."""
    given = os.environ.get("MESSENGER_SEED")
    return int(given) if given else random.SystemRandom().randrange(2**32)


class Progress:
    """Says on standard error, every few seconds of a full run, how far a test is. Quiet within `make test`."""

    def __init__(self, name: str, *, total: int, every_seconds: float = 5.0) -> None:
        self._name = name
        self._total = total
        self._every = every_seconds
        self._started = self._said = time.monotonic()

    def at(self, done: int, note: str = "") -> None:
        """`done` of the total is through. `note` says what else a reader wants to know."""
        now = time.monotonic()
        if not FULL or (now - self._said < self._every and done < self._total):
            return
        self._said = now
        tail = f" · {note}" if note else ""
        print(f"{self._name}: {done:,} of {self._total:,} in {now - self._started:.0f} s{tail}", file=sys.stderr)


figures: list[str] = []
"""What the tests of a full run have come to. pytest prints them at its end."""


def figure(name: str, **values: object) -> None:
    """Note what a test of a full run has come to."""
    if FULL:
        figures.append(f"{name:<8} {' '.join(f'{key}={value}' for key, value in values.items())}")
