"""Pure rules of the inbound room."""

from datetime import timedelta

MAX_ATTEMPTS = 6


def retry_after(attempts: int) -> timedelta | None:
    """How long an event that failed alone waits for its next try; None: it goes to quarantine."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return timedelta(seconds=min(0.5 * 4 ** (attempts - 1), 120))
