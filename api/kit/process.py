"""This process: its identity, its age, and its end with its parent."""

import ctypes
import signal
import sys
import time

from api.kit.ids import new_id

PROCESS_ID = new_id()
"""Names this run of this process in the database. A new run has a new one."""

_started_at = time.monotonic()

_PR_SET_PDEATHSIG = 1


def process_age() -> float:
    """Seconds since this process began."""
    return time.monotonic() - _started_at


def die_with_parent(with_signal: signal.Signals = signal.SIGTERM) -> None:
    """On Linux the kernel ends a child whose parent was killed, so a killed parent leaves no port taken."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, with_signal)
