"""Errors of reaching or using the database, in one line that an operator can act on."""

import socket
import ssl

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.kit.database_unavailable import DATABASE_ERRORS, is_database_unavailable, sqlstate
from api.postgres_url import DatabaseUrlError, PostgresUrl, parse_database_url

CONNECTION_ERRORS: tuple[type[Exception], ...] = (*DATABASE_ERRORS, DatabaseUrlError)
"""The classes of what `describe_database_error` describes."""

_BY_SQLSTATE = {
    "28P01": "The database at {place} refuses the password of the user {user!r}",
    "28000": "The database at {place} refuses the user {user!r}: {message}",
    "3D000": "There is no database {database!r} at {place}",
    "57P03": "The database at {place} is not ready: {message}",
    "53300": "The database at {place} has no connection left: {message}",
    "42501": "The database's role {user!r} lacks a right: {message}",
    "3F000": "The database's role {user!r} has no schema to work in: {message}",
    "08P01": "The server at {place} refuses the connection: {message}{hint}",
}

POOLER_HINT = ". If it is a pooler, set MESSENGER_DIRECT_DATABASE_URL to PostgreSQL itself"

_DEFINITE_SQLSTATES = frozenset({"28P01", "28000", "3D000", "42501", "3F000", "08P01"})
"""Waiting does not help."""


def describe_database_error(error: BaseException, url: str) -> str | None:
    """One line, without the password. None if the error is about neither the connection nor the role's rights."""
    try:
        parsed = parse_database_url(url)
    except DatabaseUrlError as refused:
        return f"The database's URL cannot be used: {refused}."
    cause = _cause(error)
    template = _BY_SQLSTATE.get(sqlstate(error) or "")
    if template is not None:
        user, database = parsed.user or "of the system", parsed.database or ""
        message = _message(cause)
        hint = POOLER_HINT if "startup parameter" in message else ""
        line = template.format(place=parsed.place, user=user, database=database, message=message, hint=hint)
    else:
        known = _describe_connection(cause, parsed)
        if known is None and not is_database_unavailable(error):
            return None
        line = known or f"The database at {parsed.place} cannot be used: {_message(cause) or type(cause).__name__}"
    return f"{line.rstrip('.')}."


def is_refusal(error: BaseException) -> bool:
    """Whether the database can be reached and refuses, so that waiting does not help."""
    cause = _cause(error)
    if isinstance(cause, ssl.SSLError | DatabaseUrlError | asyncpg.ClientConfigurationError):
        return True
    return sqlstate(error) in _DEFINITE_SQLSTATES or _refuses_tls(cause)


def _cause(error: BaseException) -> BaseException:
    """The driver's error within SQLAlchemy's."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, BaseException):
        return error.orig.__cause__ or error.orig
    return error


def _message(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _refuses_tls(cause: BaseException) -> bool:
    return isinstance(cause, ConnectionError) and "rejected SSL upgrade" in str(cause)


def _describe_connection(cause: BaseException, parsed: PostgresUrl) -> str | None:
    match cause:
        case DatabaseUrlError() | asyncpg.ClientConfigurationError():
            return f"The database's URL cannot be used: {_message(cause)}"
        case ssl.SSLCertVerificationError():
            return (
                f"The certificate of the database at {parsed.place} is not trusted ({cause.verify_message}):"
                " check sslmode and sslrootcert"
            )
        case ssl.SSLError():
            return f"TLS with the database at {parsed.place} fails: {cause.reason or _message(cause)}"
        case _ if _refuses_tls(cause):
            return f"The database at {parsed.place} does not offer TLS, which sslmode asks for"
        case socket.gaierror():
            return f"The database's host is unknown to the name server: {parsed.place}"
        case asyncpg.TargetServerAttributeNotMatched():
            return f"No database at {parsed.place} fits target_session_attrs={parsed.target_session_attrs}"
        case PoolTimeoutError():
            return "No database connection became free in time"
        case TimeoutError():
            return f"The database at {parsed.place} does not answer in time"
        case ConnectionRefusedError() | FileNotFoundError():
            return f"Nothing listens at {parsed.place}, where the database should be"
        case OSError():
            return f"The database at {parsed.place} cannot be reached: {_message(cause) or type(cause).__name__}"
    return None
