"""Bringing a database's schema to this version."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

ROOT = Path(__file__).parent.parent


def alembic_config(owner_url: str) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = owner_url
    return config


def migrate(owner_url: str) -> None:
    """Upgrade to the newest revision. Runs an event loop of its own: call it outside of one."""
    command.upgrade(alembic_config(owner_url), "head")


@cache
def expected_revision() -> str:
    """The newest revision that this version of the code has. Reads the migrations once per process."""
    head = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    assert head is not None, "there is one history"
    return head


def serves_schema(found: str | None, *, expected: str) -> bool:
    """Whether code that expects one revision can serve a database at another.

    A later one too: migrations only add what earlier code does without, so that during an upgrade old processes go on
    while new ones start. Revisions are numbers.
    """
    return found is not None and (found == expected or (found.isdigit() and int(found) > int(expected)))
