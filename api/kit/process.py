"""The identity and age of this process."""

import time

from api.kit.ids import new_id

PROCESS_ID = new_id()
"""The id of this process in the database, new with every start."""

_started_at = time.monotonic()


def process_age() -> float:
    """Seconds since this process began."""
    return time.monotonic() - _started_at
