"""The application's own PostgreSQL server in its data folder, for an install without a database URL.

    with start(Path(".data")) as postgres:
        ...  # postgres.url

The first process that calls `start` makes the cluster if there is none and starts the server; later ones join it.
Every user holds `users.lock` shared. The guard, the server's parent process, waits for that lock exclusively: it gets
it when the last user has released the server, has ended or was killed, and then it stops the server. The guard ends
with its server. Every user waits for that in a thread, and the first to notice starts both again.

There are three roles, each with a SCRAM password of its own, on a Unix socket, never on TCP:

- `messenger_app` runs the application. It owns nothing; the migrations grant it what it needs.
- `messenger_owner` owns the database and runs the migrations.
- `postgres` is the superuser. It is used only here, to make the other two and the database.
"""

import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import asyncpg

from api.embedded_postgres.binaries import reachable_name, server_account, server_environment, usable_binaries
from api.embedded_postgres.cluster import Cluster, Credentials, initialise, refuse_foreign
from api.embedded_postgres.errors import EmbeddedPostgresError
from api.embedded_postgres.locks import EXCLUSIVE, POLL_SECONDS, SHARED, FileLock
from api.kit.connection import on_connection, quoted

OWNER_ROLE = "messenger_owner"
APP_ROLE = "messenger_app"
_SUPERUSER = "postgres"
_PORT = "5432"
"""The number in the socket's name."""
_RECOVERY_SECONDS = 600.0
"""How much longer than the caller's timeout a running server may take to recover."""
_RELEASE_SECONDS = 30.0
_RETRY_SECONDS = 1.0
_PROJECT = Path(__file__).resolve().parent.parent.parent

_SETTINGS = {
    "cluster_name": "messenger-center",
    "listen_addresses": "",
    "port": _PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "default_text_search_config": "pg_catalog.simple",
    "password_encryption": "scram-sha-256",
    # Statements and the details of errors carry texts and phone numbers, which must not be logged.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
"""Options of the command line, not of postgresql.conf, so that a newer application brings its own."""

_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}
"""For tests. A commit still reaches the operating system, so a killed server loses none."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A user's share in the running server. URLs are SQLAlchemy's; `plain_url` makes asyncpg's and psql's."""

    url: str = field(repr=False)
    """As `messenger_app`."""
    owner_url: str = field(repr=False)
    """As `messenger_owner`."""
    admin_url: str = field(repr=False)
    """As the superuser, in the same database."""
    data_dir: Path
    _users: FileLock = field(repr=False, compare=False)

    def release(self) -> None:
        """Waits until the server has stopped, if this was the last user. A second call does nothing."""
        if not self._users.closed:
            self._users.close()
            _wait_for_guard(Cluster(self.data_dir))

    def server_pid(self) -> int | None:
        """The server's main process. None: it does not run at this moment."""
        return Cluster(self.data_dir).server_pid()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def start(
    data_dir: Path, *, database: str = "messenger", fsync: bool = True, timeout: float = 60.0
) -> EmbeddedPostgres:
    """Starts or joins the server of the data folder and makes the database if it is missing. Blocks.

    `fsync=False` is for tests: a crash of the machine, not of a process, may then destroy the cluster.
    Raises EmbeddedPostgresError, whose message is one line.
    """
    cluster = Cluster(Path(os.path.abspath(data_dir)))  # noqa: PTH100 - Path.absolute() keeps `..`.
    deadline = time.monotonic() + timeout
    with _starting(cluster, deadline):
        users = cluster.users_lock()
        try:
            users.acquire(SHARED, deadline=deadline)  # Waits while the guard stops the server.
            credentials = _credentials(cluster, fsync=fsync)
            socket_dir = _ensure_database(cluster, credentials, database=database, fsync=fsync, deadline=deadline)
        except BaseException:
            users.close()
            raise
    threading.Thread(
        target=_keep_running, args=(cluster, users, fsync, timeout), name="embedded-postgres", daemon=True
    ).start()
    return EmbeddedPostgres(
        url=_url(APP_ROLE, credentials.app, database, socket_dir),
        owner_url=_url(OWNER_ROLE, credentials.owner, database, socket_dir),
        admin_url=_url(_SUPERUSER, credentials.superuser, database, socket_dir),
        data_dir=cluster.data_dir,
        _users=users,
    )


@contextmanager
def _starting(cluster: Cluster, deadline: float) -> Iterator[None]:
    """Holds `start.lock`. Raises EmbeddedPostgresError for system errors and timeouts."""
    try:
        cluster.create()
        with cluster.start_lock() as lock:
            lock.acquire(EXCLUSIVE, deadline=deadline)
            yield
    except TimeoutError as error:
        raise EmbeddedPostgresError(
            f"Another process has been starting or stopping PostgreSQL in {cluster.home} for too long."
        ) from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise EmbeddedPostgresError(
            f"The data folder {cluster.data_dir} cannot be used: {error.strerror or error}{where}."
        ) from error


def _credentials(cluster: Cluster, *, fsync: bool) -> Credentials:
    """The cluster's passwords. Makes the cluster if it is missing."""
    refuse_foreign(cluster)
    if cluster.folder.exists():
        return cluster.read_credentials()
    credentials = Credentials(*(secrets.token_urlsafe(24) for _ in range(3)))
    cluster.write_credentials(credentials)
    initialise(cluster, password=credentials.superuser, fsync=fsync)
    return credentials


def _ensure_server(cluster: Cluster, *, fsync: bool, deadline: float) -> Path:
    """Starts the server if it does not run, waits until it is ready, and returns the folder of its socket.

    The caller holds `start.lock`.
    """
    has_spawned = False
    log_start = cluster.log_size()
    while True:
        with cluster.guard_lock() as guard:
            if guard.try_acquire(EXCLUSIVE):
                if has_spawned:
                    error = cluster.last_error(since=log_start)
                    raise EmbeddedPostgresError(f"PostgreSQL did not start in {cluster.home}: {error}")
                log_start = cluster.log_size()
                spawn_guard(cluster, guard, fsync=fsync)
                has_spawned = True
        socket_dir = cluster.ready_socket_dir()
        if socket_dir is not None:
            return socket_dir
        if time.monotonic() >= deadline + (_RECOVERY_SECONDS if cluster.server_pid() else 0):
            error = cluster.last_error(since=log_start)
            raise EmbeddedPostgresError(f"PostgreSQL does not answer in {cluster.home}: {error}")
        time.sleep(POLL_SECONDS)


def spawn_guard(cluster: Cluster, held: FileLock, *, fsync: bool) -> None:
    """Starts the guard and gives it the held guard lock, which is never free in between."""
    account = server_account(cluster.folder, cluster.data_dir)
    settings = {**_SETTINGS, "unix_socket_directories": cluster.make_socket_dir(account)}
    if not fsync:
        settings |= _NOT_DURABLE
    server = [str(usable_binaries(account) / "bin" / "postgres"), "-D", reachable_name(cluster.folder, account)]
    server += [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    ids = ["", ""] if account is None else [str(account.uid), str(account.gid)]
    guard = [sys.executable, "-S", "-m", "api.embedded_postgres.guard", str(cluster.data_dir), str(held.fileno())]
    with cluster.open_log() as log:
        try:
            # The guard forks itself, so this waits for a moment only. It needs no installed package.
            subprocess.run(  # noqa: S603 - our own interpreter and module.
                [*guard, *ids, *server],
                check=True,
                cwd="/",
                env=server_environment() | {"PYTHONPATH": str(_PROJECT)},
                pass_fds=[held.fileno()],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        except subprocess.SubprocessError as error:
            raise EmbeddedPostgresError(f"The guard of PostgreSQL did not start: see {cluster.log}.") from error


def _ensure_database(
    cluster: Cluster, credentials: Credentials, *, database: str, fsync: bool, deadline: float
) -> Path:
    """Starts the server if it does not run, and makes the roles and the database that are missing.

    Returns the folder of the server's socket.
    """
    while True:
        socket_dir = _ensure_server(cluster, fsync=fsync, deadline=deadline)
        url = _url(_SUPERUSER, credentials.superuser, "postgres", socket_dir)
        try:
            durable = on_connection(url, lambda connection: _complete(connection, credentials, database))
        except asyncpg.InvalidPasswordError as error:
            raise EmbeddedPostgresError(
                f"The cluster {cluster.folder} does not accept the password in {cluster.credentials_file}."
            ) from error
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError) as error:
            # The server was killed after it was ready. It starts again with the next pass.
            if time.monotonic() >= deadline:
                message = f"PostgreSQL in {cluster.home} keeps closing connections: {error}"
                raise EmbeddedPostgresError(message) from error
            time.sleep(POLL_SECONDS)
            continue
        if fsync and not durable:
            raise EmbeddedPostgresError(
                f"The server of {cluster.data_dir} runs without fsync, as for tests, and does not suit real data."
            )
        return socket_dir


async def _complete(connection: "asyncpg.Connection[Any]", credentials: Credentials, database: str) -> bool:
    """Makes the roles and the database that are missing. Returns whether the server's writes are durable."""
    present = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    for role, password in ((OWNER_ROLE, credentials.owner), (APP_ROLE, credentials.app)):
        if role not in present:
            await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
        await connection.execute(f"CREATE DATABASE {quoted(database)} OWNER {OWNER_ROLE}")
    if await connection.fetchval("SELECT has_database_privilege('public', $1, 'CONNECT')", database):
        await connection.execute(f"REVOKE ALL ON DATABASE {quoted(database)} FROM PUBLIC")
        await connection.execute(f"GRANT CONNECT ON DATABASE {quoted(database)} TO {APP_ROLE}")
    return bool(await connection.fetchval("SELECT current_setting('fsync')::boolean"))


def _url(role: str, password: str, database: str, socket_dir: Path) -> str:
    host = quote(str(socket_dir), safe="/")
    return f"postgresql+asyncpg://{role}:{password}@/{quote(database, safe='')}?host={host}&port={_PORT}"


def _keep_running(cluster: Cluster, users: FileLock, fsync: bool, timeout: float) -> None:
    """Starts the server again whenever it or its guard has ended, until this user has released it."""
    while not users.closed:
        with cluster.guard_lock() as guard:
            guard.acquire(SHARED)  # Until the guard has ended.
        if users.closed:
            return
        deadline = time.monotonic() + timeout
        try:
            with _starting(cluster, deadline):
                _ensure_server(cluster, fsync=fsync, deadline=deadline)
        except EmbeddedPostgresError as error:
            _log.warning("The embedded PostgreSQL does not start again: %s", error)
            time.sleep(_RETRY_SECONDS)


def _wait_for_guard(cluster: Cluster) -> None:
    """Blocks until the guard has ended, or the cluster has other users."""
    deadline = time.monotonic() + _RELEASE_SECONDS
    while time.monotonic() < deadline:
        with cluster.guard_lock() as guard, cluster.users_lock() as users:
            if guard.try_acquire(SHARED):
                return
            # The guard takes this lock exclusively, users take it shared.
            if not users.try_acquire(EXCLUSIVE) and users.try_acquire(SHARED):
                return
        time.sleep(POLL_SECONDS)
    _log.warning("The embedded PostgreSQL in %s has not stopped yet.", cluster.home)
