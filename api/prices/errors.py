"""Errors of prices and credits."""

from api.kit.errors import Problem


class NoCredits(Problem):
    """`balance` and `needed` are amounts in `currency`. `needed` is null if what the text costs is not known."""

    status, type = 409, "/problems/no-credits"
    title = "The credits are used up"

    def __init__(self, detail: str, *, balance: str, needed: str | None, currency: str) -> None:
        super().__init__(detail, fields={"balance": balance, "needed": needed, "currency": currency})
