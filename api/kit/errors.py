"""Domain errors and their form on the wire: RFC 9457 `application/problem+json`.

Every problem has a stable `type` for clients, a title for people, and its own fields.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

PROBLEM_JSON = "application/problem+json"


class ProblemBody(BaseModel):
    """The shape of every error answer. Problems add their own fields."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str
    """What programs decide by. It is the same in every release."""
    title: str
    """The kind of problem, for people."""
    status: int
    """The status code of the answer."""
    detail: str | None
    """What happened here and what to do, for people."""
    instance: str | None
    """The path of the request."""
    request_id: str | None
    """The `X-Request-ID` of the answer, which the service's log has too."""


class RateLimitedBody(ProblemBody):
    per: str | None
    """Of a limit on the texts of a day: `person` or `line`. Null for any other limit."""
    limit: int | None
    """How many texts a day are allowed. Null for any other limit."""
    resets_at: datetime | None
    """When the count of texts starts again. Null for any other limit."""


class FieldError(BaseModel):
    pointer: str
    """JSON pointer into the body, or `/query/name`, `/path/name`, `/header/name`."""
    detail: str
    """What is wrong and what to give instead, for people."""


class ValidationProblemBody(ProblemBody):
    model_config = ConfigDict(extra="allow", title="ValidationProblem")

    errors: list[FieldError]
    """Each value that is not valid."""


class ConflictBody(ProblemBody):
    existing_id: UUID | None
    """The id of the record that has a taken value. Null if none is taken, or if that record has gone since."""
    conflicting: list[str]
    """The values that are taken, as JSON pointers into the body, or `/path/name`. Empty if none is."""


BodyModel = type[ProblemBody]
"""An alias, because `type` is a field of every problem."""


class Problem(Exception):
    """An error that is answered to the client. `fields` are added to the answer."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "/problems/internal"
    title: ClassVar[str] = "Internal error"
    body_model: ClassVar[BodyModel] = ProblemBody

    def __init__(
        self,
        detail: str | None = None,
        *,
        fields: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.fields = dict(fields or {})
        self.headers = dict(headers or {})

    def body(self, *, instance: str | None, request_id: str | None = None) -> dict[str, Any]:
        return {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "request_id": request_id,
            **self.fields,
        }


class Unreadable(Problem):
    status, type, title = 400, "/problems/unreadable", "The request cannot be read"


class NotSignedIn(Problem):
    status, type, title = 401, "/problems/not-signed-in", "Not signed in"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    status, type, title = 403, "/problems/forbidden", "Not allowed"


class NotFound(Problem):
    status, type, title = 404, "/problems/not-found", "Not found"


class MethodNotAllowed(Problem):
    """The address exists. `allowed` are its methods."""

    status, type, title = 405, "/problems/method-not-allowed", "Method Not Allowed"

    def __init__(self, allowed: Collection[str]) -> None:
        super().__init__(headers={"Allow": ", ".join(sorted(allowed))})


class RequestTimeout(Problem):
    """Closes the connection. The rest of the request is not read."""

    status, type, title = 408, "/problems/request-timeout", "Request Timeout"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Connection": "close"})


class Conflict(Problem):
    status, type, title = 409, "/problems/conflict", "This conflicts with what is stored"
    body_model: ClassVar[BodyModel] = ConflictBody

    def __init__(
        self,
        detail: str | None = None,
        *,
        fields: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        own: dict[str, Any] = {"existing_id": None, "conflicting": []} if self.body_model is ConflictBody else {}
        super().__init__(detail, fields=own | dict(fields or {}), headers=headers)


class AlreadyExists(Conflict):
    """A value that must be unique is taken. The answer names the record that has it.

    `conflicting`: JSON pointers as in `FieldError`.
    """

    def __init__(self, detail: str, *, existing_id: UUID | None, conflicting: Sequence[str]) -> None:
        super().__init__(
            detail,
            fields={
                "existing_id": None if existing_id is None else str(existing_id),
                "conflicting": list(conflicting),
            },
        )


class TooLarge(Problem):
    status, type, title = 413, "/problems/too-large", "The request is too large"


class UnsupportedMediaType(Problem):
    status, type, title = 415, "/problems/unsupported-media-type", "This kind of content is not accepted"


class RangeNotSatisfiable(Problem):
    """The file ends before the range. `content_range` says how long it is."""

    status, type, title = 416, "/problems/range-not-satisfiable", "Range Not Satisfiable"

    def __init__(self, content_range: str) -> None:
        super().__init__(headers={"Content-Range": content_range})


class Invalid(Problem):
    """The request was understood but is not valid. `errors` are pairs of JSON pointer and advice."""

    status, type, title = 422, "/problems/validation", "Some values are not valid"
    body_model = ValidationProblemBody

    def __init__(self, errors: Sequence[tuple[str, str]], *, detail: str | None = None) -> None:
        super().__init__(
            detail or "; ".join(text for _, text in errors),
            fields={"errors": [{"pointer": pointer, "detail": text} for pointer, text in errors]},
        )


class HeadersTooLarge(Problem):
    status, type, title = 431, "/problems/headers-too-large", "Request Header Fields Too Large"


class RateLimited(Problem):
    status, type, title = 429, "/problems/rate-limited", "Too many requests"
    body_model = RateLimitedBody

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        fields = {"per": None, "limit": None, "resets_at": None}
        super().__init__(detail, fields=fields, headers={"Retry-After": str(retry_after_seconds)})


class Unavailable(Problem):
    status, type, title = 503, "/problems/unavailable", "Temporarily unavailable"

    def __init__(self, detail: str | None = None, *, retry_after_seconds: int = 2) -> None:
        super().__init__(
            detail or "The service cannot reach its database at the moment. Please try again.",
            headers={"Retry-After": str(retry_after_seconds)},
        )


def problem_responses(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: each problem it can raise, declared in its OpenAPI."""
    by_status: dict[int, list[type[Problem]]] = {}
    for problem in problems:
        by_status.setdefault(problem.status, []).append(problem)
    return {
        status: {
            "description": "; ".join(dict.fromkeys(problem.title for problem in group)),
            "content": {PROBLEM_JSON: {"schema": one_of([each.type for each in group])}},
        }
        for status, group in by_status.items()
    }


def one_of(types: Sequence[str]) -> dict[str, Any]:
    """The schema of an answer that is a problem of one of these types, told apart by `type`."""
    mapping = {each: f"#/components/schemas/{schema_name(each)}" for each in types}
    references = [{"$ref": reference} for reference in mapping.values()]
    if len(references) == 1:
        return references[0]
    return {"oneOf": references, "discriminator": {"propertyName": "type", "mapping": mapping}}


def schema_name(type_: str) -> str:
    """The schema of a type of problem: `/problems/not-found` → `NotFoundProblem`."""
    return "".join(word.capitalize() for word in type_.removeprefix("/problems/").split("-")) + "Problem"
