"""The identity and age of this process, and its end when its parent is killed."""

import ctypes
import signal
import sys
import time

from api.kit.ids import new_id

PROCESS_ID = new_id()
"""The name of this process in the database. It changes with every start."""

_started_at = time.monotonic()

_PR_SET_PDEATHSIG = 1


def process_age() -> float:
    """Seconds since this process began."""
    return time.monotonic() - _started_at


def die_with_parent(with_signal: signal.Signals = signal.SIGTERM) -> None:
    """Called in a child: on Linux the kernel sends it the signal when its parent ends, so that no port stays taken."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, with_signal)
