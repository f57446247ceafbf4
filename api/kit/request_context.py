"""The request under way: its id, and who made it. Log lines, problems and the outbox take it from here."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from api.kit.ids import new_id

REQUEST_ID_HEADER = b"x-request-id"

MAX_REQUEST_ID_CHARACTERS = 128

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""Safe in a header, a log line and a shell. Others are replaced."""


@dataclass(slots=True)
class RequestContext:
    """What is known of a request. Who made it is added when that is known."""

    request_id: str
    organization_id: UUID | None = None
    principal: str | None = None
    """`staff_member`, `api_key`, or `line` for a webhook."""
    principal_id: UUID | None = None
    problem: str | None = None
    """The `type` of the problem that it was answered with."""

    trace_id: str | None = None
    """The trace that it is part of."""

    def made_by(self, principal: str, principal_id: UUID, *, organization_id: UUID) -> None:
        self.principal, self.principal_id, self.organization_id = principal, principal_id, organization_id


request_context: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def current_request_id() -> str | None:
    """The id of the request that this code works for. None: it works for none."""
    context = request_context.get()
    return None if context is None else context.request_id


@contextmanager
def working_for(request_id: str | None) -> Iterator[None]:
    """Log lines within the block carry this request's id, which a worker took from the outbox."""
    token = request_context.set(None if request_id is None else RequestContext(request_id))
    try:
        yield
    finally:
        request_context.reset(token)


def request_id_of(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The client's `X-Request-ID` if there is one and it is well-formed, else a new id."""
    given = [value for name, value in headers if name == REQUEST_ID_HEADER]
    if len(given) == 1 and len(given[0]) <= MAX_REQUEST_ID_CHARACTERS:
        text = given[0].decode("latin-1")
        if _REQUEST_ID.fullmatch(text) is not None:
            return text
    return new_request_id()


def new_request_id() -> str:
    return str(new_id())
