"""PostgreSQL's programs `pg_dump` and `pg_restore`: finding one of the right version, and its environment."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from api.backup.errors import BackupError
from api.backup.rules import major_version
from api.embedded_postgres.binaries import binary
from api.embedded_postgres.errors import EmbeddedPostgresError
from api.postgres_url import plain_url

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
    rest = plain_url(owner_url).partition("://")[2]
    end = re.search("[/?]", rest)
    authority, tail = (rest, "") if end is None else (rest[: end.start()], rest[end.start() :])
    userinfo, at, hosts = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    path, mark, query = tail.partition("?")
    parameters = query.split("&") if mark else []
    given = [each.partition("=")[2] for each in parameters if each.startswith("password=")]
    password = unquote((given or [password])[-1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MESSENGER_")}
    if password:
        kept["PGPASSWORD"] = password
    left = "&".join(each for each in parameters if not each.startswith("password="))
    url = f"postgresql://{user}{at}{hosts}{path}{mark and '?'}{left}"
    return url, {**kept, "PGAPPNAME": "messenger backup", "LC_ALL": "C.UTF-8"}
