"""The error of a stream that may not be opened."""

from api.kit.errors import RateLimited

RETRY_SECONDS = 30
"""The `Retry-After` of a stream that is refused."""


class TooManyStreams(RateLimited):
    """The person or key has as many streams as it may. None is closed for the new one: two pages would keep closing
    each other's stream."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"There are {limit} event streams open already. Close a tab of Messenger Center, or another connection.",
            retry_after_seconds=RETRY_SECONDS,
        )
