"""The schema's history: forward, back and forward again, and nothing in the models that it lacks."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from api.migrate import alembic_config
from tests.support import postgres


@pytest.fixture
def empty_database() -> Iterator[postgres.Database]:
    template = postgres.template_database(lambda owner_url: None, migrations=postgres.PROJECT / "tests" / "support")
    database = postgres.clone_database(template)
    yield database
    postgres.drop_database(database)


def test_migrations_go_up_down_and_up_again_and_the_models_have_nothing_more(
    empty_database: postgres.Database,
) -> None:
    config = alembic_config(empty_database.owner_url)

    command.upgrade(config, "head")
    command.check(config)
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_there_is_one_history() -> None:
    script = ScriptDirectory.from_config(alembic_config("postgresql+asyncpg://unused"))
    assert len(script.get_heads()) == 1
