"""Bringing a database's schema to this version."""

from pathlib import Path

from alembic import command
from alembic.config import Config

ROOT = Path(__file__).parent.parent


def alembic_config(owner_url: str) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = owner_url
    return config


def migrate(owner_url: str) -> None:
    """Upgrade to the newest revision. Runs an event loop of its own: call it outside of one."""
    command.upgrade(alembic_config(owner_url), "head")
