"""Routes that will be removed: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594) on each of their answers.

`docs/compatibility.md` promises the time between both. A route declares it among its dependencies:

    GONE = Deprecated(since=date(2027, 1, 1), sunset=date(2028, 1, 1), instead="Use `GET /new`.")

    @router.get("/old", dependencies=[Depends(GONE)])

`api.openapi` says so in the document.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime

from fastapi import Request

from api.kit.scope import DEPRECATION_HEADERS

NOTICE = timedelta(days=365)
"""The least time from `since` to `sunset`."""

REFERENCE = "/docs"
"""The page that says what to use instead: the reference of the API."""


@dataclass(frozen=True)
class Deprecated:
    """A dependency of a route that is deprecated from `since` on, and may be removed at `sunset`, both at 00:00 UTC.

    `instead` is a sentence for the document. Raises `ValueError` if there are less than twelve months in between.
    """

    since: date
    sunset: date
    instead: str

    def __post_init__(self) -> None:
        if self.sunset - self.since < NOTICE:
            raise ValueError(f"A route works for at least {NOTICE.days} days after it is deprecated.")

    async def __call__(self, request: Request) -> None:
        request.scope[DEPRECATION_HEADERS] = self.headers

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"deprecation", f"@{int(_midnight(self.since).timestamp())}".encode()),
            (b"sunset", format_datetime(_midnight(self.sunset), usegmt=True).encode()),
            (b"link", f'<{REFERENCE}>; rel="deprecation"; type="text/html"'.encode()),
        ]

    @property
    def note(self) -> str:
        return f"Deprecated since {self.since}, and removed on {self.sunset} or later. {self.instead}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
