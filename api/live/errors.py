"""The error of a stream that may not be opened."""

from api.kit.errors import RateLimited

RETRY_SECONDS = 30
"""The `Retry-After` of a refused stream."""


class TooManyStreams(RateLimited):
    """The person or key has the most streams allowed. No older stream is closed: two pages would close each other's
    streams for ever."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"There are {limit} event streams open already. Close a tab of Messenger Center, or another connection.",
            retry_after_seconds=RETRY_SECONDS,
        )
