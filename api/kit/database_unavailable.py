"""Trouble of the database itself, as against an error in what it was asked to do."""

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

AWAY_CLASSES = ("08", "53", "57P", "58")
"""SQLSTATEs: connection trouble, no resources (disk full among them), operator intervention, system errors."""

PASSING_SQLSTATES = frozenset({"40001", "40P01", "55P03", "57014"})
"""Serialization failure, deadlock, lock not available, statement timeout: the same work may succeed next time."""


def sqlstate(error: BaseException) -> str | None:
    """The five characters with which PostgreSQL named the error, if it was PostgreSQL that did."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state if isinstance(state, str) else None


def is_database_unavailable(error: BaseException) -> bool:
    """Whether the database could not be asked: unreachable, cut off, shutting down, out of room or of connections.

    It says nothing of the work, which is to be done again when the database is back.
    """
    if (sqlstate(error) or "").startswith(AWAY_CLASSES):
        return True
    if isinstance(error, DBAPIError):
        refused_here = isinstance(error.orig, BaseException) and isinstance(error.orig.__cause__, asyncpg.DataError)
        lost = error.connection_invalidated or isinstance(error, InterfaceError | OperationalError)
        return lost and not refused_here
    if isinstance(error, asyncpg.DataError):
        # A value that cannot be sent as what the statement wants: the asker's mistake.
        return False
    # asyncpg says InternalClientError of a connection whose server was killed.
    return isinstance(error, PoolTimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError | OSError)


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed at another time, though nothing in it changes."""
    return is_database_unavailable(error) or sqlstate(error) in PASSING_SQLSTATES
