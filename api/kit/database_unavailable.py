"""Distinguishes an unavailable database from an error in a statement. `api.error_answers` turns it into a 503."""

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

UNAVAILABLE_CLASSES = ("08", "53", "57P", "58")
"""Classes of SQLSTATEs: connection errors, no resources (such as a full disk), operator intervention, system errors."""

TRANSIENT_SQLSTATES = frozenset({"40001", "40P01", "55P03", "57014"})
"""Serialization failure, deadlock, lock not available, statement timeout: the same work may succeed next time."""


DATABASE_ERRORS: tuple[type[Exception], ...] = (
    DBAPIError,
    PoolTimeoutError,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""The classes of all errors for which `is_transient` may be true."""


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five-character code of the error; None if the error does not come from PostgreSQL."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state if isinstance(state, str) else None


def is_database_unavailable(error: BaseException) -> bool:
    """Whether the database could not be reached, or had no connection, memory or disk left.

    The statement is not at fault: the same work can be done when the database is available again.
    """
    if (sqlstate(error) or "").startswith(UNAVAILABLE_CLASSES):
        return True
    if isinstance(error, DBAPIError):
        refused_here = isinstance(error.orig, BaseException) and isinstance(error.orig.__cause__, asyncpg.DataError)
        lost = error.connection_invalidated or isinstance(error, InterfaceError | OperationalError)
        return lost and not refused_here
    if isinstance(error, asyncpg.DataError):
        # The value does not fit the parameter's type: the caller's mistake.
        return False
    # asyncpg raises InternalClientError on a connection whose server was killed.
    return isinstance(error, PoolTimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError | OSError)


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed later, unchanged."""
    return is_database_unavailable(error) or sqlstate(error) in TRANSIENT_SQLSTATES
