"""Errors of the lines slice."""

from datetime import datetime

from api.kit.errors import RateLimited


class TooManyTextsToday(RateLimited):
    """`per` is `person` or `line`."""

    def __init__(self, *, per: str, limit: int, resets_at: datetime, retry_after_seconds: int) -> None:
        if per == "person":
            who, whose = f"You have sent {limit:,} texts on this line", "the line's"
        else:
            who, whose = f"This line has sent {limit:,} texts", "its"
        super().__init__(
            f"{who} today, which is its limit. It counts anew at midnight; "
            f"an administrator can raise it in {whose} settings.",
            retry_after_seconds=retry_after_seconds,
        )
        self.fields |= {"per": per, "limit": limit, "resets_at": resets_at.isoformat()}
