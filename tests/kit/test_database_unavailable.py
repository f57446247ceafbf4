"""R7: an unavailable database is distinguished from an error in a statement."""

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.kit.database import Database
from api.kit.database_unavailable import is_database_unavailable, is_transient
from tests.support.service import Service

KINDS: list[tuple[Exception, bool, bool]] = [
    (asyncpg.ConnectionDoesNotExistError(), True, True),
    (asyncpg.CannotConnectNowError(), True, True),
    (asyncpg.AdminShutdownError(), True, True),
    (asyncpg.TooManyConnectionsError(), True, True),
    (asyncpg.DiskFullError(), True, True),
    (asyncpg.InternalClientError("got result for unknown protocol state 3"), True, True),
    (asyncpg.InterfaceError("connection is closed"), True, True),
    (PoolTimeoutError(), True, True),
    (ConnectionRefusedError(), True, True),
    (TimeoutError(), True, True),
    (asyncpg.DeadlockDetectedError(), False, True),
    (asyncpg.SerializationError(), False, True),
    (asyncpg.LockNotAvailableError(), False, True),
    (asyncpg.QueryCanceledError(), False, True),
    (asyncpg.CheckViolationError(), False, False),
    (asyncpg.CharacterNotInRepertoireError(), False, False),
    (asyncpg.DataError("invalid input for query argument $1"), False, False),
    (ValueError("ours"), False, False),
]


@pytest.mark.parametrize(
    ("error", "unavailable", "transient"), KINDS, ids=[type(error).__name__ for error, *_ in KINDS]
)
def test_errors_are_unavailable_or_transient(error: Exception, unavailable: bool, transient: bool) -> None:
    assert (is_database_unavailable(error), is_transient(error)) == (unavailable, transient)


async def trouble(database: Database, *statements: str, **values: object) -> DBAPIError:
    async def run() -> None:
        async with database.transaction() as session:
            for statement in statements:
                await session.execute(text(statement), values)

    with pytest.raises(DBAPIError) as raised:
        await run()
    return raised.value


async def test_errors_raised_by_sqlalchemy_are_classified_too(service: Service) -> None:
    unsendable = await trouble(service.database, "SELECT CAST(:number AS integer)", number="not a number")
    assert not is_transient(unsendable), "the asker's mistake"
    late = await trouble(service.database, "SET LOCAL statement_timeout = 10", "SELECT pg_sleep(60)")
    assert (is_database_unavailable(late), is_transient(late)) == (False, True)
    refused = await trouble(service.database, "SELECT 1 / 0")
    assert not is_transient(refused)
