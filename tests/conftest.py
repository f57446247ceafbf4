"""Fixtures: a real PostgreSQL, the service over it, and a carrier to talk to."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from api.kit.database import Database
from api.kit.logging import configure_logging
from api.migrate import migrate
from api.settings import Settings
from tests.support import postgres
from tests.support.service import Service, service_settings
from tests.support.world import World


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs() -> None:
    configure_logging(service_settings(".", log_level="error"))


@pytest.fixture(scope="session")
def template() -> str:
    """The name of the migrated template database of this run."""
    return postgres.template_database(migrate)


@pytest.fixture
def clone(template: str) -> Iterator[postgres.Database]:
    """A migrated database of the test's own: what it commits stays in it, and goes with it."""
    database = postgres.clone_database(template)
    yield database
    postgres.drop_database(database)


@pytest.fixture
async def database(clone: postgres.Database) -> AsyncIterator[Database]:
    """The service's own view of it, for tests that really commit."""
    database = Database(clone.url, pool_size=8)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def shared_clone(template: str) -> Iterator[postgres.Database]:
    database = postgres.clone_database(template)
    yield database
    postgres.drop_database(database)


@pytest.fixture
async def session(shared_clone: postgres.Database) -> AsyncIterator[AsyncSession]:
    """A session whose every change is rolled back, for tests of one transaction."""
    database = Database(shared_clone.url, pool_size=1)
    async with database.engine.connect() as connection:
        transaction = await connection.begin()
        async with AsyncSession(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            yield session
        await transaction.rollback()
    await database.close()


@pytest.fixture
def settings(tmp_path: object) -> Settings:
    return service_settings(tmp_path)


@pytest.fixture
async def service(clone: postgres.Database, settings: Settings) -> AsyncIterator[Service]:
    """The API over a database of its own, in this process, with its journal and bus running."""
    async with Service.running(settings, clone) as running:
        yield running


@pytest.fixture
async def world(service: Service) -> World:
    """A business with a line, staff of every permission, and the means to act as each of them."""
    return await World.create(service)
