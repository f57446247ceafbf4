"""flock(2) locks that die with the process that took them, and with nothing else.

The kernel releases a flock when the last descriptor of its open file description is closed, so a killed process
leaves no lock behind. Two leaks are closed here: an executed child inherits nothing (Python opens files
close-on-exec), and a forked child closes its copies at once.
"""

import fcntl
import os
import time
import weakref
from pathlib import Path

POLL_SECONDS = 0.01
"""flock(2) knows no timeout: a bounded wait asks again this often."""

_open: "weakref.WeakSet[FileLock]" = weakref.WeakSet()


class FileLock:
    """One lock on one open file description. Two objects on the same path exclude each other, even in one process.

    The file must exist. Changing the kind of a lock that is held is not atomic: when it fails, nothing is held.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        _open.add(self)

    @property
    def descriptor(self) -> int:
        if self._descriptor is None:
            raise ValueError("The lock has been closed.")
        return self._descriptor

    @property
    def closed(self) -> bool:
        return self._descriptor is None

    def try_exclusive(self) -> bool:
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        return self._try(fcntl.LOCK_SH)

    def wait_exclusive(self, *, deadline: float | None = None) -> None:
        """Raises TimeoutError when `deadline` (of `time.monotonic`) passes; None waits for ever, without polling."""
        self._wait(fcntl.LOCK_EX, deadline)

    def wait_shared(self, *, deadline: float | None = None) -> None:
        """Raises TimeoutError when `deadline` (of `time.monotonic`) passes; None waits for ever, without polling."""
        self._wait(fcntl.LOCK_SH, deadline)

    def close(self) -> None:
        """Releases the lock, unless another process was handed the descriptor and still has it open."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            _open.discard(self)

    def __enter__(self) -> "FileLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self.descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait(self, kind: int, deadline: float | None) -> None:
        if deadline is None:
            fcntl.flock(self.descriptor, kind)
            return
        while not self._try(kind):
            if time.monotonic() >= deadline:
                raise TimeoutError
            time.sleep(POLL_SECONDS)


def _close_in_forked_child() -> None:
    for lock in list(_open):
        lock.close()


os.register_at_fork(after_in_child=_close_in_forked_child)
