"""The error of an event that is not in the log."""

from api.kit.errors import Problem


class EventExpired(Problem):
    """The log goes back 30 days. It does not hold the event of `after` any more, or never did."""

    status, type, title = 410, "/problems/event-expired", "The event is not in the log"

    def __init__(self) -> None:
        super().__init__(
            "Events are kept for 30 days. Start anew: take the newest event with `after=latest`, load what you need, "
            "then go on after that event."
        )
