"""Errors of the lines slice."""

from datetime import datetime

from api.kit.errors import RateLimited


class TooManyTextsToday(RateLimited):
    """`per` is `person` or `line`."""

    def __init__(self, *, per: str, limit: int, resets_at: datetime, retry_after_seconds: int) -> None:
        who = "You have" if per == "person" else "This line has"
        super().__init__(
            f"{who} sent {limit:,} texts on this line today, which is its limit. It counts anew at midnight; "
            "an administrator can raise it in the line's settings."
            if per == "person"
            else f"{who} sent {limit:,} texts today, which is its limit. It counts anew at midnight; "
            "an administrator can raise it in its settings.",
            retry_after_seconds=retry_after_seconds,
        )
        self.fields |= {"per": per, "limit": limit, "resets_at": resets_at.isoformat()}
