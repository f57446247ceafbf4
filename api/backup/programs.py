"""PostgreSQL's programs `pg_dump` and `pg_restore`: finding one of the right version, and its environment."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url

from api.backup.errors import BackupError
from api.backup.rules import major_version
from api.embedded_postgres.binaries import binary
from api.embedded_postgres.errors import EmbeddedPostgresError

_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
"""Where Debian, Red Hat and Homebrew put the programs of each version."""


@dataclass(frozen=True)
class Program:
    path: str
    major: int


def find_program(name: str, *, at_least: int) -> Program:
    """The installed program of the oldest version that suits. Raises BackupError with what to install."""
    found = [program for path in _installed(name) if (program := _program(path)) is not None]
    suitable = [program for program in found if program.major >= at_least]
    if not suitable:
        raise BackupError(
            f"There is no {name} of PostgreSQL {at_least} or newer here. Install it:"
            f" apt-get install postgresql-client-{at_least} (Debian, Ubuntu),"
            f" dnf install postgresql{at_least} (Red Hat), or pip install 'messenger-center[embedded]'."
        )
    return min(suitable, key=lambda program: program.major)


def _installed(name: str) -> Iterator[str]:
    for pattern in _FOLDERS:
        yield from (str(path) for path in sorted(Path("/").glob(f"{pattern[1:]}/{name}")))
    with suppress(EmbeddedPostgresError):  # The extra may not be installed.
        yield str(binary(name))
    if (on_path := shutil.which(name)) is not None:
        yield on_path


def _program(path: str) -> Program | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=10)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    major = major_version(said.stdout)
    return None if major is None else Program(path, major)


def connection(owner_url: str) -> tuple[str, dict[str, str]]:
    """The database as a libpq URL without its password, and the environment that carries the password.

    Command lines are visible to every user of the machine.
    """
    url = make_url(owner_url)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MESSENGER_")}
    parameters = dict(url.query)
    password = parameters.pop("password", url.password)
    if password is not None:
        kept["PGPASSWORD"] = str(password)
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, parameters)
    return plain.render_as_string(hide_password=False), {**kept, "PGAPPNAME": "messenger backup", "LC_ALL": "C.UTF-8"}
