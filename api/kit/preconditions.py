"""`If-Match`: a change of a record that has changed since it was read is refused (RFC 9110, section 13.1.1).

A route declares it with `access.preconditions.if_match`. The service calls `require_unchanged` once it has locked the
row, so nothing comes between the comparison and the change.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState

from api.kit.entity_tags import GivenTags, representation_of, tag_of
from api.kit.errors import NotFound, Problem, ProblemBody

_EXPECTED = "precondition"


class PreconditionFailedBody(ProblemBody):
    model_config = ConfigDict(extra="allow", title="PreconditionFailedProblem")

    etag: str | None
    """The tag of the record as it is now. Null if there is no such record."""
    current: dict[str, Any] | None
    """The record as it is now, as GET answers it. Null if there is no such record."""


class PreconditionFailed(Problem):
    """The record is not as the `If-Match` of the request says. `current`: as it is now."""

    status, type, title = 412, "/problems/precondition-failed", "The record has changed since it was read"
    body_model = PreconditionFailedBody

    def __init__(self, current: BaseModel | None) -> None:
        if current is None:
            super().__init__("There is no such record.", fields={"etag": None, "current": None})
            return
        tag = tag_of(representation_of(current))
        super().__init__(
            "Somebody has changed it meanwhile. Look at `current`, then repeat the change with its ETag.",
            fields={"etag": tag, "current": current.model_dump(mode="json", by_alias=True)},
            headers={"ETag": tag},
        )


class PreconditionRequired(Problem):
    """The change replaces what several people edit, so it has to say what it replaces."""

    status, type, title = 428, "/problems/precondition-required", "Say which version you have changed"

    def __init__(self) -> None:
        super().__init__("Send the ETag of the GET as If-Match, or If-Match: * to replace whatever there is.")


@dataclass
class Expected:
    """What a request says of the record that it changes."""

    tags: GivenTags | None
    """None: there is no `If-Match`."""
    is_required: bool
    may_create: bool
    """The request would make the record if there is none."""
    current: Callable[[], Awaitable[BaseModel]]
    """The record as GET answers it. Raises `NotFound`."""
    is_checked: bool = False


def expect(session: AsyncSession, expected: Expected) -> None:
    """`require_unchanged` compares with it, in this session."""
    session.info[_EXPECTED] = expected


def expected_of(session: AsyncSession) -> Expected | None:
    """What `expect` was told. None for a request without a precondition, and outside of requests."""
    expected: Expected | None = session.info.get(_EXPECTED)
    return expected


async def require_unchanged(session: AsyncSession) -> None:
    """Call it once the record is locked, before anything of it changes. Only the first call of a request compares.

    Raises `NotFound` and `PreconditionFailed`, or `PreconditionRequired` without the `If-Match` that the route needs.
    """
    expected = expected_of(session)
    if expected is None or expected.is_checked:
        return
    expected.is_checked = True
    if expected.tags is None:
        if expected.is_required:
            raise PreconditionRequired
        return
    try:
        with _read_anew(session):
            current = await expected.current()
    except NotFound as error:
        if not expected.may_create:
            raise
        raise PreconditionFailed(None) from error
    if not expected.tags.names(tag_of(representation_of(current))):
        raise PreconditionFailed(current)


def was_decided_before(session: AsyncSession) -> None:
    """The answer is that of an earlier request with the same `Idempotency-Key`, which compared."""
    expected = expected_of(session)
    if expected is not None:
        expected.is_checked = True


@contextmanager
def _read_anew(session: AsyncSession) -> Iterator[None]:
    """Objects that the session read before the lock are read again: somebody may have changed them while it waited."""

    def refresh(state: ORMExecuteState) -> None:
        if state.is_select and not state.is_column_load and not state.is_relationship_load:
            state.update_execution_options(populate_existing=True)

    event.listen(session.sync_session, "do_orm_execute", refresh)
    try:
        yield
    finally:
        event.remove(session.sync_session, "do_orm_execute", refresh)
