"""Fixtures: a real PostgreSQL, the service over it, and a carrier to talk to."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import passwords
from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.logging import configure_logging
from api.migrate import migrate
from api.settings import Settings
from tests.support import lock_order, postgres, reliability
from tests.support.business import Business
from tests.support.compiled_statements import share_compiled_statements
from tests.support.service import Service, service_settings
from tests.support.world import World, new_business


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in sorted(reliability.figures):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs() -> None:
    configure_logging(service_settings(".", log_level="error"))


@pytest.fixture(scope="session", autouse=True)
def _cheap_garbage_collection() -> None:
    """Exclude the imported modules from collections."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _compiled_statements() -> None:
    share_compiled_statements()


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hash passwords with cheap parameters: the real ones take 0.2 s of processor time."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_passwords", quick)
        yield


@pytest.fixture(autouse=True)
def _lock_order() -> Iterator[None]:
    """Decision 0006, in each transaction of this process."""
    with lock_order.watched() as wrong:
        yield
    assert not wrong, "\n\n".join(wrong[:3])


@pytest.fixture(scope="session")
def template() -> str:
    """The name of the migrated template database of this run."""
    return postgres.template_database(migrate)


@dataclass(frozen=True)
class BusinessTemplate:
    """A database to clone that holds a business already."""

    database: postgres.Database
    business: Business


@pytest.fixture(scope="session")
def business_template(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusinessTemplate]:
    database = postgres.clone_database(template)

    async def create() -> Business:
        async with Service.running(service_settings(tmp_path_factory.mktemp("template")), database) as service:
            return await new_business(service)

    yield BusinessTemplate(database, asyncio.run(create()))
    postgres.drop_database(database)


@pytest.fixture
def clone(request: pytest.FixtureRequest, template: str) -> Iterator[postgres.Database]:
    """A migrated database for one test: with the business if the test has a `world`, else empty."""
    if "world" in request.fixturenames:
        template = request.getfixturevalue("business_template").database.name
    database = postgres.clone_database(template)
    yield database
    postgres.drop_database(database)


@pytest.fixture
async def database(clone: postgres.Database) -> AsyncIterator[Database]:
    """The service's own view of it, for tests that really commit."""
    database = Database(clone.url, pool_size=8, secrets=SecretBox("a key for tests"))
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
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False, info={"database": database}
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
async def world(service: Service, business_template: BusinessTemplate) -> World:
    """A business with a line, staff of every permission, and the means to act as each of them."""
    return World.of(service, business_template.business)
