"""The database's clock in the test's hands: it stands still until it is set.

PostgreSQL looks into `pg_catalog` first unless the search path names it later. In the database of such a test the path
begins with a schema whose `clock_timestamp()` reads a row, so the service's own statements ask the test for the time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text as sql

from api.embedded_postgres.run import APP_ROLE
from api.kit.database import Database
from tests.support import postgres
from tests.support.statements import execute

AHEAD = timedelta(days=30)
"""The hands start ahead of the real clock, whose time the columns' defaults still have."""


def stop_clock(clone: postgres.Database) -> datetime:
    """To be called before the service connects. Returns the time at which it stands."""
    start = datetime.now(UTC) + AHEAD
    execute(
        clone.owner_url,
        "CREATE SCHEMA clock",
        "CREATE TABLE clock.hands (at timestamptz NOT NULL)",
        f"INSERT INTO clock.hands VALUES ('{start.isoformat()}')",
        "CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE"
        " AS 'SELECT at FROM clock.hands'",
        f"GRANT USAGE ON SCHEMA clock TO {APP_ROLE}",
        f"GRANT SELECT, UPDATE ON clock.hands TO {APP_ROLE}",
        f"ALTER DATABASE {clone.name} SET search_path = clock, public, pg_catalog",
    )
    return start


@dataclass
class Clock:
    database: Database
    now: datetime

    async def step(self, seconds: float) -> None:
        """Forward, or back."""
        self.now += timedelta(seconds=seconds)
        async with self.database.transaction() as session:
            await session.execute(sql("UPDATE clock.hands SET at = :at"), {"at": self.now})
