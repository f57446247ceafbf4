"""PostgreSQL for the tests: one server for a test run and all its workers, a migrated template, clones of it.

The server is the application's own embedded one, with `fsync` off: a crash of the machine may destroy the cluster,
which is then made again. A killed test run or server loses no commit.

The cluster lies in memory (`/dev/shm`) if that has space, else in the temporary folder, and is kept for the next
run: one per user and checkout. It is made again when the machine has been restarted or the code that makes it changed.

Measured with 25 empty tables of three indexes each (9 MB), 30 clones, PostgreSQL 18.4 on a machine of two cores, median
of `CREATE DATABASE … TEMPLATE` timed around the statement: in memory 11 ms with `STRATEGY FILE_COPY`, 15 ms with
`WAL_LOG` (25 and 32 ms with four clients at once), and 5 ms for `DROP DATABASE`. On ext4, both strategies took 20 ms at
first and 200 to 350 ms after some dozens of clones had been dropped, for it is slow to reuse the inodes of files that
have just been deleted. `file_copy_method = clone` changed nothing.
"""

import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import make_url

from api.embedded_postgres.cluster import Cluster
from api.embedded_postgres.locks import EXCLUSIVE, FileLock
from api.embedded_postgres.run import APP_ROLE, OWNER_ROLE, EmbeddedPostgres, start
from api.kit.connection import quoted
from tests.support.processes import is_alive
from tests.support.statements import execute, fetch_value

PROJECT = Path(__file__).resolve().parent.parent.parent
MIGRATIONS = PROJECT / "migrations"

_MEMORY = Path("/dev/shm")
_NEEDED_BYTES = 2_000_000_000
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Database:
    """One database of the test server, with the URL of each role (see `EmbeddedPostgres`)."""

    name: str
    url: str
    owner_url: str
    admin_url: str


@cache
def cluster() -> EmbeddedPostgres:
    """The server of this test run. A process joins it once and holds it until it ends; the last one's end stops it."""
    with _locked():
        folder = _folder()
        marker = folder / "made-by"
        is_current = marker.exists() and marker.read_text() == _origin()
        # A test run of other code may be using it at this moment; then it is good enough for this one too.
        if not is_current and not _is_in_use(folder):
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir(mode=0o700)
            marker.write_text(_origin())
        server = start(folder / "data", fsync=False)
        _drop_leftovers(server)
        return server


def template_database(migrate: Callable[[str], object], *, migrations: Path = MIGRATIONS) -> str:
    """The name of the template of these migrations. The first worker makes it.

    `migrate` gets the owner's URL of an empty database and leaves it migrated. It must not be called from a running
    event loop if it starts one of its own.
    """
    server = cluster()
    family = f"template_{hashlib.sha256(os.fsencode(migrations)).hexdigest()[:8]}_"
    name = family + _digest(migrations)
    with _locked():
        if _exists(server, name):
            return name
        for earlier in _names(server, family):
            drop_template(earlier)
        unfinished = _database(server, f"unfinished_{name}")
        execute(
            server.admin_url,
            f"DROP DATABASE IF EXISTS {unfinished.name} WITH (FORCE)",
            f"CREATE DATABASE {unfinished.name} OWNER {OWNER_ROLE}",
            f"REVOKE ALL ON DATABASE {unfinished.name} FROM PUBLIC",
        )
        migrate(unfinished.owner_url)
        execute(
            server.admin_url,
            # Nobody may be connected to a template that is being cloned.
            f"ALTER DATABASE {unfinished.name} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true",
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{unfinished.name}'",
            f"ALTER DATABASE {unfinished.name} RENAME TO {name}",
        )
    return name


def clone_database(template: str) -> Database:
    """A copy of the template. Takes about 11 ms; see above."""
    server = cluster()
    # By the pid, later runs recognise and drop the clones of a killed one.
    database = _database(server, f"clone_{os.getpid()}_{next(_numbers)}")
    execute(
        server.admin_url,
        f"CREATE DATABASE {database.name} TEMPLATE {template} OWNER {OWNER_ROLE} STRATEGY FILE_COPY",
        f"REVOKE ALL ON DATABASE {database.name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database.name} TO {APP_ROLE}",
    )
    return database


def drop_database(database: Database) -> None:
    """Cuts off open connections."""
    execute(cluster().admin_url, f"DROP DATABASE {database.name} WITH (FORCE)")


def drop_template(name: str) -> None:
    execute(
        cluster().admin_url,
        f"ALTER DATABASE {quoted(name)} WITH IS_TEMPLATE false",
        f"DROP DATABASE {quoted(name)} WITH (FORCE)",
    )


def _database(server: EmbeddedPostgres, name: str) -> Database:
    def in_database(url: str) -> str:
        return make_url(url).set(database=name).render_as_string(hide_password=False)

    return Database(
        name=name,
        url=in_database(server.url),
        owner_url=in_database(server.owner_url),
        admin_url=in_database(server.admin_url),
    )


def _exists(server: EmbeddedPostgres, name: str) -> bool:
    query = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
    return bool(fetch_value(server.admin_url, query, name))


def _names(server: EmbeddedPostgres, prefix: str) -> list[str]:
    query = "SELECT array_agg(datname::text) FROM pg_database WHERE starts_with(datname, $1)"
    return list(fetch_value(server.admin_url, query, prefix) or [])


def _drop_leftovers(server: EmbeddedPostgres) -> None:
    """Drops the clones of processes that have ended without dropping them."""
    for name in _names(server, "clone_"):
        if not is_alive(int(name.split("_")[1])):
            execute(server.admin_url, f"DROP DATABASE {quoted(name)} WITH (FORCE)")


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@cache
def _origin() -> str:
    """What the cluster depends on: this start of the machine, and the code that makes and runs it."""
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    code = hashlib.sha256()
    for path in sorted((PROJECT / "api" / "embedded_postgres").glob("*.py")):
        code.update(path.read_bytes())
    return f"{boot} {code.hexdigest()}"


@cache
def _folder() -> Path:
    checkout = hashlib.sha256(os.fsencode(PROJECT)).hexdigest()[:8]
    name = f"messenger-tests-{os.geteuid()}-{checkout}"
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK):
        in_memory = _MEMORY / name
        # If one process has chosen it, the others follow, although less space is left then.
        if in_memory.exists() or shutil.disk_usage(_MEMORY).free > _NEEDED_BYTES:
            return in_memory
    return Path(tempfile.gettempdir()) / name


@contextmanager
def _locked() -> Iterator[None]:
    """One worker at a time."""
    path = _folder().with_name(f"{_folder().name}.lock")
    path.touch(mode=0o600)
    if path.lstat().st_uid != os.geteuid():
        raise PermissionError(f"{path} is somebody else's.")
    with FileLock(path) as lock:
        lock.acquire(EXCLUSIVE)
        yield


def _is_in_use(folder: Path) -> bool:
    cluster = Cluster(folder / "data")
    if not cluster.home.exists():
        return False
    cluster.create()
    with cluster.guard_lock() as guard:
        return not guard.try_acquire(EXCLUSIVE)
