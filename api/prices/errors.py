"""Errors of prices and credits."""

from api.kit.errors import Problem, ProblemBody


class NoCreditsBody(ProblemBody):
    balance: str
    """What is left, in `currency`."""
    needed: str | None
    """What the text costs, in `currency`. Null if that is not known."""
    currency: str
    """ISO 4217, such as USD."""


class NoCredits(Problem):
    status, type = 409, "/problems/no-credits"
    title = "The credits are used up"
    body_model = NoCreditsBody

    def __init__(self, detail: str, *, balance: str, needed: str | None, currency: str) -> None:
        super().__init__(detail, fields={"balance": balance, "needed": needed, "currency": currency})
