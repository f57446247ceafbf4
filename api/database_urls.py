"""URLs of the database: the configured one, or the embedded server of the data folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.embedded_postgres.run import start
from api.settings import Settings


@dataclass(frozen=True)
class DatabaseUrls:
    app: str
    """For the service."""
    owner: str
    """For migrations. On the embedded server the service has a role of its own (AUDIT-APPEND)."""


@contextmanager
def database_urls(settings: Settings) -> Iterator[DatabaseUrls]:
    """Holds the embedded server, if it is used, until the end of the block."""
    if settings.database_url is not None:
        yield DatabaseUrls(app=settings.database_url, owner=settings.database_url)
        return
    with start(settings.data_dir) as postgres:
        yield DatabaseUrls(app=postgres.url, owner=postgres.owner_url)
