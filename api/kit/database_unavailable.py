"""Errors of the database itself, apart from errors in a statement or its values."""

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

UNAVAILABLE_CLASSES = ("08", "53", "57P", "58")
"""SQLSTATE classes: connection errors, no resources (disk full included), operator intervention, system errors."""

TRANSIENT_SQLSTATES = frozenset({"40001", "40P01", "55P03", "57014"})
"""Serialization failure, deadlock, lock not available, statement timeout: the same work may succeed next time."""


def sqlstate(error: BaseException) -> str | None:
    """The error's SQLSTATE; None if it is not from PostgreSQL."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state if isinstance(state, str) else None


def is_database_unavailable(error: BaseException) -> bool:
    """Whether the database cannot be used: unreachable, cut off, shutting down, out of space or of connections.

    The same work can be done again when the database is back.
    """
    if (sqlstate(error) or "").startswith(UNAVAILABLE_CLASSES):
        return True
    if isinstance(error, DBAPIError):
        refused_here = isinstance(error.orig, BaseException) and isinstance(error.orig.__cause__, asyncpg.DataError)
        lost = error.connection_invalidated or isinstance(error, InterfaceError | OperationalError)
        return lost and not refused_here
    if isinstance(error, asyncpg.DataError):
        # A value that does not fit its parameter: an error of the caller.
        return False
    # asyncpg raises InternalClientError on a connection whose server was killed.
    return isinstance(error, PoolTimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError | OSError)


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed at another time."""
    return is_database_unavailable(error) or sqlstate(error) in TRANSIENT_SQLSTATES
