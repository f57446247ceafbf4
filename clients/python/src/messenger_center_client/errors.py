"""Errors: the problems of RFC 9457 that the service answers, and what else may go wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from .generated.models.message import Message
from .generated.models.opt_in_check import OptInCheck

if TYPE_CHECKING:
    import httpx


class MessengerError(Exception):
    """Every error of this package."""


class UnexpectedAnswer(MessengerError):
    """An answer that is not the service's: a status that the document does not have, a page instead of JSON."""


class NotModified(MessengerError):
    """The record still has the tag that `if_none_match` gave."""


@dataclass(frozen=True)
class FieldError:
    pointer: str
    """JSON pointer into the body, or `/query/name`, `/path/name`, `/header/name`."""
    detail: str


def _field_errors(errors: object) -> list[FieldError]:
    """Proxies write problems too, and their `errors` may be anything."""
    found = errors if isinstance(errors, list) else []
    return [
        FieldError(str(each["pointer"]), str(each["detail"]))
        for each in found
        if isinstance(each, Mapping) and {"pointer", "detail"} <= each.keys()
    ]


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
        self.errors = _field_errors(problem.get("errors"))
        super().__init__(f"{status} {self.type}: {self.detail or self.title} (request {self.request_id})")

    def __reduce__(self) -> tuple[object, ...]:
        """A task queue takes errors from one process to another."""
        return partial(type(self), status=self.status, request_id=self.request_id), (self.problem,)

    def __init_subclass__(cls, *, type: str) -> None:
        cls.known[type] = cls


class ValidationError(ProblemError, type="/problems/validation"):
    """`errors` name each value that is not valid."""


class NotFound(ProblemError, type="/problems/not-found"):
    """There is no such thing in this organization."""


class Conflict(ProblemError, type="/problems/conflict"):
    """This conflicts with what is stored."""


class NotSignedIn(ProblemError, type="/problems/not-signed-in"):
    """The key is wrong, has ended or was revoked."""


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


class PreconditionFailed(ProblemError, type="/problems/precondition-failed"):
    """The record has changed since it had the tag that `if_match` gave."""

    @property
    def etag(self) -> str | None:
        """The tag of the record as it is now. None if there is no such record."""
        found: str | None = self.problem["etag"]
        return found

    @property
    def current(self) -> Mapping[str, Any] | None:
        """The record as it is now: `models.Family.from_dict(error.current)`. None if there is no such record."""
        found: Mapping[str, Any] | None = self.problem["current"]
        return found


class PreconditionRequired(ProblemError, type="/problems/precondition-required"):
    """This change needs `if_match`: the tag of what it replaces, or `*`."""


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
