"""URLs of the database: the configured one, or the embedded server of the data folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.embedded_postgres.run import start
from api.postgres_url import pooled_url
from api.settings import Settings


@dataclass(frozen=True)
class DatabaseUrls:
    app: str
    """For the service's transactions. It may lead through a pooler (decision 0032)."""
    owner: str
    """For migrations. On the embedded server the service has a role of its own (AUDIT-APPEND)."""
    listening: str
    """For notifications: never through a pooler."""


@contextmanager
def database_urls(settings: Settings) -> Iterator[DatabaseUrls]:
    """Holds the embedded server, if it is used, until the end of the block."""
    if settings.database_url is not None:
        direct = settings.direct_database_url
        if direct is None:
            yield DatabaseUrls(settings.database_url, owner=settings.database_url, listening=settings.database_url)
        else:
            yield DatabaseUrls(pooled_url(settings.database_url), owner=direct, listening=direct)
        return
    with start(settings.data_dir) as postgres:
        yield DatabaseUrls(postgres.url, owner=postgres.owner_url, listening=postgres.url)
