"""A PostgreSQL server of the application's own, in its data folder, when no other is configured.

    with start(Path(".data")) as postgres:
        ...  # postgres.url

The first process that calls `start` makes the cluster if there is none and starts the server; the next ones join it;
it stops with the last, whether that one released it, ended or was killed. While there are users, a server that dies
is started again by its supervisor, and a supervisor that dies by the users. The folder is described in
`embedded_postgres_home`, running as root in `embedded_postgres_binaries`, stopping and restarting in
`embedded_postgres_supervisor`.

Three roles, each with a password of its own (SCRAM, never trust), on a Unix socket, never on TCP:

- `messenger_app` runs the application. It owns nothing; the migrations grant it what it needs.
- `messenger_owner` owns the database and runs the migrations.
- `postgres` is the superuser. The application uses it only here, to make the other two and the database.
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

from api.embedded_postgres.binaries import (
    account_for,
    binary,
    initialise_cluster,
    server_environment,
    usable_binaries,
)
from api.embedded_postgres.home import (
    MAJOR_VERSION,
    Credentials,
    EmbeddedPostgresError,
    ForeignClusterError,
    Home,
    Plan,
    ServerFailedError,
    UnusableFolderError,
    is_private_folder,
    make_socket_dir,
)
from api.embedded_postgres.locks import POLL_SECONDS, FileLock
from api.embedded_postgres.probe import (
    PORT,
    Answer,
    running_postmaster,
    server_state,
    takes_socket,
)
from api.kit.connection import on_connection, quoted

__all__ = [
    "APP_ROLE",
    "OWNER_ROLE",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "ForeignClusterError",
    "ServerFailedError",
    "UnusableFolderError",
    "pgbench_path",
    "psql_path",
    "start",
]

OWNER_ROLE = "messenger_owner"
APP_ROLE = "messenger_app"
_SUPERUSER = "postgres"
_RECOVERY_SECONDS = 600.0
"""How long a server that says that it is recovering is waited for, whatever the caller's patience."""
_RELEASE_SECONDS = 30.0
_RETRY_SECONDS = 1.0
_SUPERVISOR_MODULE = "api.embedded_postgres.supervisor"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A share in the running server. URLs are for SQLAlchemy; without `+asyncpg` they are asyncpg's and psql's."""

    url: str = field(repr=False)
    """As `messenger_app`."""
    owner_url: str = field(repr=False)
    """As `messenger_owner`."""
    admin_url: str = field(repr=False)
    """As the superuser, in the same database."""
    data_dir: Path
    _lease: "_Lease" = field(repr=False, compare=False)

    def release(self, *, wait: bool = True) -> None:
        """Gives the share back; once is enough. The last one to do so waits until the server has stopped."""
        self._lease.release(wait=wait)

    def server_pid(self) -> int | None:
        """The server's main process, for those who want to see it die. None: it is not running at this moment."""
        return running_postmaster(Home(self.data_dir).cluster)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def psql_path() -> Path:
    return binary("psql")


def pgbench_path() -> Path:
    return binary("pgbench")


def start(
    data_dir: Path, *, database: str = "messenger", fsync: bool = True, timeout: float = 60.0
) -> EmbeddedPostgres:
    """Starts or joins the server of the data folder and makes the database if it is missing. Blocks.

    `fsync=False` is for tests: a crash of the machine, not of a process, may then destroy the cluster.
    Raises EmbeddedPostgresError, whose message is one line.
    """
    home = Home(Path(os.path.abspath(data_dir)))  # noqa: PTH100 - Path.absolute() keeps `..`.
    deadline = time.monotonic() + timeout
    with _told_in_one_line(home):
        home.create()
        with home.start_lock() as starting:
            starting.wait_exclusive(deadline=deadline)
            users = home.users_lock()
            try:
                # Waits while a supervisor that nobody needed any more stops the server.
                users.wait_shared(deadline=deadline)
                credentials = _prepare_cluster(home, fsync=fsync)
                plan = _ensure_database(home, credentials, database=database, fsync=fsync, deadline=deadline)
            except BaseException:
                users.close()
                raise
    lease = _Lease(home, users=users, fsync=fsync, timeout=timeout)

    def url(role: str, password: str) -> str:
        return _url(role, password, database=database, socket_dir=plan.socket_dir)

    return EmbeddedPostgres(
        url=url(APP_ROLE, credentials.app),
        owner_url=url(OWNER_ROLE, credentials.owner),
        admin_url=url(_SUPERUSER, credentials.superuser),
        data_dir=home.data_dir,
        _lease=lease,
    )


class _Lease:
    """Holds `users.lock` shared, and revives the supervisor if it dies while there are users."""

    def __init__(self, home: Home, *, users: FileLock, fsync: bool, timeout: float) -> None:
        self._home = home
        self._users = users
        self._fsync = fsync
        self._timeout = timeout
        self._released = threading.Event()
        threading.Thread(target=self._keep_supervised, name="embedded-postgres", daemon=True).start()

    def release(self, *, wait: bool) -> None:
        if self._released.is_set() or self._users.closed:
            return
        self._released.set()
        # Only the last user can get the lock exclusively. Asking for it lets go of the shared one, and the supervisor
        # may be quicker; then not even a shared lock is to be had.
        last = self._users.try_exclusive() or not self._users.try_shared()
        self._users.close()
        if wait and last:
            self._wait_for_the_end()

    def _wait_for_the_end(self) -> None:
        """Until no supervisor runs, or others use the server again."""
        deadline = time.monotonic() + _RELEASE_SECONDS
        while time.monotonic() < deadline:
            with self._home.supervisor_lock() as supervisor, self._home.users_lock() as users:
                if supervisor.try_shared():
                    return
                if not users.try_exclusive() and users.try_shared():
                    return
            time.sleep(POLL_SECONDS)
        _log.warning("The embedded PostgreSQL in %s has not stopped yet.", self._home.folder)

    def _keep_supervised(self) -> None:
        while not self._released.is_set():
            with self._home.supervisor_lock() as supervisor:
                supervisor.wait_shared()  # Comes true when the supervisor ends.
            if self._released.is_set():
                return
            deadline = time.monotonic() + self._timeout
            try:
                with _told_in_one_line(self._home), self._home.start_lock() as starting:
                    starting.wait_exclusive(deadline=deadline)
                    _ensure_server(self._home, fsync=self._fsync, deadline=deadline)
            except EmbeddedPostgresError as error:
                _log.warning("The embedded PostgreSQL cannot be kept running: %s", error)
                self._released.wait(_RETRY_SECONDS)


def _prepare_cluster(home: Home, *, fsync: bool) -> Credentials:
    """Makes the cluster where there is none; refuses one that is not ours to run. Under start.lock."""
    if (home.data_dir / "PG_VERSION").exists():
        raise ForeignClusterError(
            f"The data folder {home.data_dir} is itself a PostgreSQL cluster: choose another folder for the data."
        )
    account = account_for(home)
    if not home.cluster.exists():
        credentials = Credentials(*(secrets.token_urlsafe(24) for _ in range(3)))
        home.write_credentials(credentials)
        binaries = usable_binaries(account)
        initialise_cluster(home, binaries=binaries, account=account, password=credentials.superuser, fsync=fsync)
        return credentials
    version_file = home.cluster / "PG_VERSION"
    version = version_file.read_text().strip() if version_file.exists() else ""
    if version != str(MAJOR_VERSION):
        found = f"a PostgreSQL {version} cluster" if version else "no PostgreSQL cluster"
        raise ForeignClusterError(
            f"The folder {home.cluster} holds {found}, but this application runs PostgreSQL {MAJOR_VERSION}:"
            " move the folder away, or carry its data over with pg_dump and psql."
        )
    return home.read_credentials()


def _ensure_server(home: Home, *, fsync: bool, deadline: float) -> Plan:
    """Returns when the server answers. Under start.lock."""
    spawned = False
    log_start = home.log_size()
    recovery_deadline = deadline + _RECOVERY_SECONDS
    while True:
        with home.supervisor_lock() as supervisor:
            if supervisor.try_exclusive():
                if spawned:
                    raise ServerFailedError(
                        f"PostgreSQL did not start in {home.folder}:"
                        f" {home.last_complaint(since=log_start) or 'it left no word in its log'}"
                    )
                _make_plan(home, fsync=fsync)
                log_start = home.log_size()
                _spawn_supervisor(home, supervisor)
                spawned = True
        plan = home.read_plan()
        state = Answer.SILENT if plan is None else server_state(home.cluster, plan.socket_dir)
        if plan is not None and state is Answer.READY:
            return plan
        if time.monotonic() >= (recovery_deadline if state is Answer.BUSY else deadline):
            raise ServerFailedError(
                f"PostgreSQL does not answer in {home.folder}:"
                f" {home.last_complaint(since=log_start) or f'see {home.log}'}"
            )
        time.sleep(POLL_SECONDS)


def _make_plan(home: Home, *, fsync: bool) -> None:
    """Keeps the plan of a server that runs without its supervisor; else makes a new one."""
    old = home.read_plan()
    running = running_postmaster(home.cluster)
    if running is not None:
        if old is None:
            raise UnusableFolderError(
                f"The cluster {home.cluster} is in use by another PostgreSQL server (process {running})."
            )
        return
    account = account_for(home)
    binaries = usable_binaries(account, known=None if old is None else old.binaries)
    if takes_socket(home.cluster):
        socket_dir = home.cluster
    elif old is not None and old.socket_dir != home.cluster and is_private_folder(old.socket_dir, account):
        socket_dir = old.socket_dir
    else:
        socket_dir = make_socket_dir(account)
    home.write_plan(Plan(binaries=binaries, socket_dir=socket_dir, account=account, fsync=fsync))


def _spawn_supervisor(home: Home, held: FileLock) -> None:
    """Starts the supervisor and hands it the held supervisor.lock, so that at no moment neither of the two holds it."""
    project = Path(__file__).resolve().parent.parent.parent
    log = home.open_log()
    try:
        # It detaches itself: what is waited for here is only its short-lived parent. It needs no installed package.
        subprocess.run(  # noqa: S603 - our own interpreter and module.
            [sys.executable, "-S", "-m", _SUPERVISOR_MODULE, str(home.data_dir), str(held.descriptor)],
            check=True,
            cwd="/",
            env=server_environment() | {"PYTHONPATH": str(project)},
            pass_fds=[held.descriptor],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    except subprocess.SubprocessError as error:
        raise ServerFailedError(f"The supervisor of PostgreSQL did not start: see {home.log}.") from error
    finally:
        os.close(log)


def _ensure_database(home: Home, credentials: Credentials, *, database: str, fsync: bool, deadline: float) -> Plan:
    """Starts the server, then makes what is missing of the roles and the database. Under start.lock."""
    while True:
        plan = _ensure_server(home, fsync=fsync, deadline=deadline)
        url = _url(_SUPERUSER, credentials.superuser, database="postgres", socket_dir=plan.socket_dir)
        try:
            durable = on_connection(url, lambda connection: _complete(connection, credentials, database))
        except asyncpg.InvalidPasswordError as error:
            raise ForeignClusterError(
                f"The cluster {home.cluster} does not accept the password in {home.credentials_file}."
            ) from error
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError) as error:
            # The server was killed after it had answered; its supervisor is about to start it again.
            if time.monotonic() >= deadline:
                raise ServerFailedError(f"PostgreSQL in {home.folder} keeps going away: {error}") from error
            continue
        if fsync and not durable:
            raise UnusableFolderError(
                f"The server of {home.data_dir} runs without fsync, as for tests, and does not suit real data."
            )
        return plan


async def _complete(connection: "asyncpg.Connection[Any]", credentials: Credentials, database: str) -> bool:
    """Makes the roles and the database where they are missing. Returns whether the server's writes are durable."""
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


def _url(role: str, password: str, *, database: str, socket_dir: Path) -> str:
    host = quote(str(socket_dir), safe="/")
    return f"postgresql+asyncpg://{role}:{password}@/{quote(database, safe='')}?host={host}&port={PORT}"


@contextmanager
def _told_in_one_line(home: Home) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise ServerFailedError(
            f"Another process has been starting or stopping PostgreSQL in {home.folder} for too long."
        ) from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise UnusableFolderError(
            f"The data folder {home.data_dir} cannot be used: {error.strerror or error}{where}."
        ) from error
