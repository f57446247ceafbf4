"""Where the database is: the configured one, or the embedded server of the data folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.embedded_postgres.run import start
from api.settings import Settings


@dataclass(frozen=True)
class DatabaseUrls:
    app: str
    """What the service connects with."""
    owner: str
    """What migrations connect with. The embedded server has a role apart for the service; see AUDIT-APPEND."""


@contextmanager
def database_urls(settings: Settings) -> Iterator[DatabaseUrls]:
    """The database's addresses, for as long as they are needed: the embedded server stops with its last user."""
    if settings.database_url is not None:
        yield DatabaseUrls(app=settings.database_url, owner=settings.database_url)
        return
    with start(settings.data_dir) as postgres:
        yield DatabaseUrls(app=postgres.url, owner=postgres.owner_url)
