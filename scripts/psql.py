"""Open psql as the owner of the database: MESSENGER_DATABASE_URL, else the embedded server of the data folder."""

import subprocess
import sys

from api.database_urls import database_urls
from api.embedded_postgres.binaries import binary
from api.kit.connection import plain_url
from api.settings import get_settings


def main() -> int:
    with database_urls(get_settings()) as urls:
        return subprocess.run([str(binary("psql")), plain_url(urls.owner)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
