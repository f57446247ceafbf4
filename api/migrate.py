"""Migrates a database to this version's schema."""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from api.bundled import bundled


def alembic_config(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(bundled("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["database_url"] = owner_url
    return config


def migrate(owner_url: str) -> None:
    """Upgrade to the newest revision. Runs its own event loop, so no other may be running."""
    command.upgrade(alembic_config(owner_url), "head")


@cache
def expected_revision() -> str:
    """The newest revision of this version of the code. The first call reads the migrations."""
    head = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    assert head is not None, "there is one history"
    return head


def serves_schema(found: str | None, *, expected: str) -> bool:
    """Whether code that expects one revision can serve a database at the revision `found`.

    Later revisions are served too: migrations only add, so that old processes keep running during an upgrade.
    Revisions are numbers.
    """
    return found is not None and (found == expected or (found.isdigit() and int(found) > int(expected)))
