"""Private files, and flock(2) locks on them.

The kernel releases a lock when the last process that has it open ends, however it ends.
"""

import fcntl
import os
import time
import weakref
from io import FileIO
from pathlib import Path

SHARED = fcntl.LOCK_SH
EXCLUSIVE = fcntl.LOCK_EX
POLL_SECONDS = 0.01
"""flock(2) has no timeout, so an acquisition with a deadline polls."""

_open: "weakref.WeakSet[FileLock]" = weakref.WeakSet()


def open_private(path: Path, flags: int = 0) -> int:
    """Opens a file, which is made with mode 0600 if it is missing. Opened by root, it belongs to its folder's owner."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
    if os.geteuid() == 0 and os.fstat(descriptor).st_nlink == 1:  # A hard link may be anybody's file.
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


class FileLock(FileIO):
    """One lock on one open file. Two objects on the same path exclude each other, even in one process.

    The file is made if it is missing. `close` releases the lock, unless another process was given the descriptor and
    still has it open. Child processes do not inherit the lock, unless they are given its descriptor. Changing the kind
    of a held lock is not atomic: if it fails, nothing is held.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(open_private(path), "r+")
        _open.add(self)

    def try_acquire(self, kind: int) -> bool:
        try:
            fcntl.flock(self, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def acquire(self, kind: int, *, deadline: float | None = None) -> None:
        """Blocks. Raises TimeoutError when `deadline` (of `time.monotonic`) passes."""
        if deadline is None:
            fcntl.flock(self, kind)
            return
        while not self.try_acquire(kind):
            if time.monotonic() >= deadline:
                raise TimeoutError
            time.sleep(POLL_SECONDS)


def _close_in_forked_child() -> None:
    for lock in list(_open):
        lock.close()


os.register_at_fork(after_in_child=_close_in_forked_child)
