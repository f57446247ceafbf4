"""One cache of compiled SQL statements for all engines of this process.

SQLAlchemy keeps one for each engine. Every test has a database and an engine of its own, and would compile the same
statements again: a quarter of the processor time of a test that uses the service.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.util import LRUCache

STATEMENTS = 2_000


def share_compiled_statements() -> None:
    """Give every connection from now on the shared cache."""
    cache: LRUCache[Any, Any] = LRUCache(STATEMENTS)

    @event.listens_for(Engine, "engine_connect")
    def use_shared_cache(connection: Connection) -> None:
        connection.execution_options(compiled_cache=cache)

    # The key of a statement has the dialect in it, which each engine makes for itself. They do not differ: there is one
    # server and one driver.
    PGDialect_asyncpg.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
    PGDialect_asyncpg.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
