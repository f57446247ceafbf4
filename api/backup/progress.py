"""Progress of a backup or a restore on standard error."""

import sys
import time

EVERY_SECONDS = 5.0
ON_A_TERMINAL_SECONDS = 0.2


class Progress:
    """Prints what is done at the moment, in one line that changes on a terminal, else every few seconds."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._every = ON_A_TERMINAL_SECONDS if self._is_terminal else EVERY_SECONDS
        self._printed_at = time.monotonic()

    def at(self, line: str) -> None:
        now = time.monotonic()
        if now - self._printed_at >= self._every:
            self._printed_at = now
            self._print(line, end="\r" if self._is_terminal else "\n")

    def say(self, line: str) -> None:
        """A line that stays."""
        self._print(line, end="\n")

    def _print(self, line: str, *, end: str) -> None:
        erased = "\x1b[2K" if self._is_terminal else ""
        print(f"{erased}{line}", end=end, file=sys.stderr, flush=True)


def size(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB"
