"""Errors: the problems of RFC 9457 that the service answers, and what else may go wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .generated.models.message import Message
from .generated.models.opt_in_check import OptInCheck

if TYPE_CHECKING:
    import httpx


class MessengerError(Exception):
    """Every error of this package."""


class UnexpectedAnswer(MessengerError):
    """A good status that the document does not have."""


@dataclass(frozen=True)
class FieldError:
    pointer: str
    """JSON pointer into the body, or `/query/name`, `/path/name`, `/header/name`."""
    detail: str


class ProblemError(MessengerError):
    """The service refused the request. Decide by `type`, or by the subclass; `problem` has every field."""

    known: ClassVar[dict[str, type[ProblemError]]] = {}
    """The subclasses, by the type of their problem."""

    def __init__(self, problem: Mapping[str, Any], *, status: int, request_id: str | None) -> None:
        self.problem = dict(problem)
        self.status = status
        self.type: str = problem.get("type") or "about:blank"
        self.title: str = problem.get("title") or f"Status {status}"
        self.detail: str | None = problem.get("detail")
        self.request_id: str | None = problem.get("request_id") or request_id
        self.errors = [FieldError(each["pointer"], each["detail"]) for each in problem.get("errors") or ()]
        super().__init__(f"{status} {self.type}: {self.detail or self.title} (request {self.request_id})")

    def __init_subclass__(cls, *, type: str) -> None:
        cls.known[type] = cls


class ValidationError(ProblemError, type="/problems/validation"):
    """`errors` name each value that is not valid."""


class NotFound(ProblemError, type="/problems/not-found"):
    """There is no such thing in this organization."""


class Conflict(ProblemError, type="/problems/conflict"):
    """This conflicts with what is stored."""


class PermissionRequired(ProblemError, type="/problems/permission-required"):
    """The key lacks a permission."""

    @property
    def permission(self) -> str:
        found: str = self.problem["permission"]
        return found


class NotAllowedToText(ProblemError, type="/problems/not-allowed-to-text"):
    """The number may not be texted. `check` says why."""

    @property
    def check(self) -> OptInCheck:
        return OptInCheck.from_dict(self.problem["check"])


class NewMessages(ProblemError, type="/problems/new-messages"):
    """Texts have come that `seen_seq` does not know. `missed` are those."""

    @property
    def missed(self) -> list[Message]:
        return [Message.from_dict(each) for each in self.problem["missed"]]


class IdempotencyConflict(ProblemError, type="/problems/idempotency-conflict"):
    """The key was used with another body (422), or the first request still runs (409)."""


class RateLimited(ProblemError, type="/problems/rate-limited"):
    """Too many requests, also after the retries."""


class Unavailable(ProblemError, type="/problems/unavailable"):
    """The service cannot answer now, also after the retries."""


def problem_error(response: httpx.Response) -> ProblemError:
    """Of an answer of status 400 or higher that has been read. A proxy's page becomes a problem without a type."""
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = None
    problem = body if isinstance(body, dict) else {}
    kind = ProblemError.known.get(str(problem.get("type")), ProblemError)
    return kind(problem, status=response.status_code, request_id=response.headers.get("X-Request-ID"))
