"""Liveness of the event loop: a stuck loop ends its process, and a running one sends beats to its parent and systemd.

The watchdog is a timer thread of the interpreter, in C. It does not need the interpreter's lock, so it also ends a
process in which one call never returns, such as a regular expression that backtracks for ever. It writes a traceback of
each thread, then ends the process without any clean-up, as SIGKILL does (decision 0016).
"""

import asyncio
import faulthandler
import os
import sys
import time
from pathlib import Path
from typing import IO

from api import systemd

BEAT_VARIABLE = "MESSENGER_BEAT_FD"
"""The descriptor of the pipe to the parent, which sets it: `messenger up` or `messenger serve`. It is no setting."""

MAX_BEAT_SECONDS = 1.0


class Beats:
    """The sending end of the pipe to the parent, and systemd's watchdog. Without them, `beat` does nothing."""

    def __init__(self, descriptor: int | None, *, to_systemd: bool = False) -> None:
        self._descriptor = descriptor
        self._to_systemd = to_systemd
        self._watchdog_due = 0.0

    @classmethod
    def from_environment(cls) -> "Beats":
        """Removes the descriptor from the environment, so that no process started from here writes to it."""
        to_systemd = systemd.expects_watchdog()
        given = os.environ.pop(BEAT_VARIABLE, None)
        if given is None:
            return cls(None, to_systemd=to_systemd)
        descriptor = int(given)
        os.set_blocking(descriptor, False)
        os.set_inheritable(descriptor, False)
        return cls(descriptor, to_systemd=to_systemd)

    def beat(self) -> None:
        if self._to_systemd and time.monotonic() >= self._watchdog_due:
            self._watchdog_due = time.monotonic() + MAX_BEAT_SECONDS / 2
            systemd.notify_watchdog()
        if self._descriptor is None:
            return
        try:
            os.write(self._descriptor, b".")
        except BlockingIOError:
            pass  # The pipe is full of beats that nobody has read yet.
        except OSError:
            self._descriptor = None  # The reader has ended.

    def for_exec(self) -> dict[str, str]:
        """The variables by which this process finds the pipe again after it has replaced its own program."""
        if self._descriptor is None:
            return {}
        os.set_inheritable(self._descriptor, True)
        return {BEAT_VARIABLE: str(self._descriptor)}


class Watchdog:
    """Ends this process when its event loop is stuck for `seconds`. 0: never."""

    def __init__(self, seconds: float, beats: Beats) -> None:
        self._seconds = seconds
        self._beats = beats
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Watches the running loop."""
        self._task = asyncio.create_task(self._run(), name="watchdog")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._seconds:
            faulthandler.cancel_dump_traceback_later()

    async def _run(self) -> None:
        log = _log_file()
        every = min(MAX_BEAT_SECONDS, self._seconds / 4) if self._seconds else MAX_BEAT_SECONDS
        while True:
            if self._seconds:
                faulthandler.dump_traceback_later(self._seconds, exit=True, file=log)
            self._beats.beat()
            await asyncio.sleep(every)


def _log_file() -> IO[str]:
    """Standard error, or the null device if the process has none."""
    try:
        sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return Path(os.devnull).open("w")
    return sys.stderr
