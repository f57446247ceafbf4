"""The cluster in the data folder: its files, passwords, log and account, and how it is made.

```
<data folder>/postgres/       0700
  cluster/                    the cluster, 0700, owned by the account that runs the server; its socket, unless too deep
  start.lock                  exclusive while a user starts or joins the server
  users.lock                  shared by every process that uses the server; exclusive while the guard stops it
  supervisor.lock             exclusive for the life of the guard (its name before version 0.2, which it keeps out)
  server.lock                 exclusive for the life of the server's processes, which inherit it
  credentials.json            0600: the passwords of the three roles
  postgres.log                output of the server and its guard; the log before this one is postgres.log.1
```

This module and its imports are in the standard library, which keeps the guard small.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from api.embedded_postgres.binaries import (
    MAJOR_VERSION,
    Account,
    reachable_name,
    server_account,
    spawn,
    usable_binaries,
)
from api.embedded_postgres.errors import EmbeddedPostgresError
from api.embedded_postgres.locks import FileLock, open_private

_CTYPE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
"""Which characters are letters, for full-text search: with plain `C`, "café—thanks" would be one word. (Case and
sorting come from PostgreSQL's own Unicode tables, the same everywhere.) Older macOS has no `C.UTF-8`."""
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_BYTES = 100
"""Linux takes 107, macOS 103."""
_PID_FILE_SOCKET_DIR, _PID_FILE_STATUS = 4, 7
"""Lines of postmaster.pid, counted from 0 (`miscadmin.h` of PostgreSQL, LOCK_FILE_LINE_…)."""
_LOG_LIMIT_BYTES = 5_000_000
_SERIOUS = re.compile(r"(PANIC|FATAL|ERROR|[Ee]rror):.*")
_NOT_READY = "the database system is "
"""The server's answer to clients while it starts or stops. It explains no failure."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Passwords, in URL-safe characters, so that neither SQL nor a URL needs to quote them."""

    superuser: str
    owner: str
    app: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """The folder `postgres` in a data folder."""

    data_dir: Path

    @property
    def home(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def folder(self) -> Path:
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def credentials_file(self) -> Path:
        return self.home / "credentials.json"

    def start_lock(self) -> FileLock:
        return FileLock(self.home / "start.lock")

    def users_lock(self) -> FileLock:
        return FileLock(self.home / "users.lock")

    def guard_lock(self) -> FileLock:
        return FileLock(self.home / "supervisor.lock")

    def server_lock(self) -> FileLock:
        return FileLock(self.home / "server.lock")

    def create(self) -> None:
        """Makes the folders where they are missing. A folder that root makes belongs to its parent's owner.

        Raises OSError.
        """
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.home.exists():
            self.home.mkdir(mode=0o700, exist_ok=True)
            if os.geteuid() == 0:
                owner = self.data_dir.stat()
                os.chown(self.home, owner.st_uid, owner.st_gid, follow_symlinks=False)

    # Passwords.

    def write_credentials(self, credentials: Credentials) -> None:
        """Writes a private file. A crash may leave it unfinished: its cluster is made only afterwards."""
        self.credentials_file.unlink(missing_ok=True)
        with os.fdopen(open_private(self.credentials_file, os.O_EXCL), "w") as file:
            json.dump(asdict(credentials), file)
            file.flush()
            os.fsync(file)
        _sync_folder(self.home)

    def read_credentials(self) -> Credentials:
        """Raises EmbeddedPostgresError if the passwords of the cluster are gone."""
        try:
            return Credentials(**json.loads(self.credentials_file.read_text()))
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise EmbeddedPostgresError(
                f"The data folder {self.data_dir} holds a PostgreSQL cluster without its passwords:"
                f" {self.credentials_file} is missing or damaged."
            ) from error

    # The running server.

    def server_pid(self) -> int | None:
        """The pid of the server's main process, or None if it does not run.

        A killed server leaves its pid file, whose pid may belong to a zombie or to another process by now: the server
        is the process that works in the cluster's folder. Without /proc (macOS) the pid is believed.
        """
        try:
            pid = int(self._pid_file()[0])
            if pid <= 0 or (sys.platform == "linux" and not Path(f"/proc/{pid}/cwd").samefile(self.folder)):
                return None
        except (OSError, ValueError, IndexError):
            return None
        return pid

    def ready_socket_dir(self) -> Path | None:
        """The folder of the running server's socket, or None if it is not ready for connections."""
        lines = self._pid_file()
        if len(lines) <= _PID_FILE_STATUS or lines[_PID_FILE_STATUS].strip() != "ready":
            return None
        return self.folder / lines[_PID_FILE_SOCKET_DIR]  # "." in the cluster's own folder, else absolute.

    def _pid_file(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove_stale_files(self) -> None:
        """Removes the files of a server that was killed. The caller holds `server.lock`.

        PostgreSQL would refuse to start if the pid in them belongs to another process. It has a second protection:
        it refuses to start while a process is attached to the shared memory that is keyed by the folder's inode.
        """
        socket = self._socket_dir() / _SOCKET_NAME
        for stale in (self.folder / "postmaster.pid", socket, socket.with_name(f"{_SOCKET_NAME}.lock")):
            stale.unlink(missing_ok=True)

    # The socket.

    def _socket_dir(self) -> Path:
        """The cluster's folder, or a short one where its path does not fit a socket's address, a URL or a setting."""
        path = str(self.folder / _SOCKET_NAME)
        if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES and re.fullmatch(r"[A-Za-z0-9/._+-]+", path):
            return self.folder
        base = Path(tempfile.gettempdir())
        if len(os.fsencode(base)) > 60:
            base = Path("/tmp")  # noqa: S108 - `make_socket_dir` checks its owner and mode.
        return base / f"messenger-pg-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]}"

    def make_socket_dir(self, account: Account | None) -> str:
        """The setting `unix_socket_directories`; a relative one starts from the cluster's folder.

        Raises EmbeddedPostgresError if another account could enter the folder.
        """
        folder = self._socket_dir()
        if folder == self.folder:
            return "."
        uid, gid = (os.geteuid(), os.getegid()) if account is None else (account.uid, account.gid)
        try:
            folder.mkdir(mode=0o700)
            os.chown(folder, uid, gid)
        except FileExistsError:
            status = folder.lstat()
            if folder.is_symlink() or status.st_uid != uid or status.st_mode & 0o077:
                raise EmbeddedPostgresError(f"The folder {folder} is not private to the user id {uid}.") from None
        return str(folder)

    def remove_socket_dir(self) -> None:
        if self._socket_dir() != self.folder:
            self._socket_dir().rmdir()

    # The log.

    def open_log(self) -> BinaryIO:
        """Opens the log to append to. A large one is renamed first."""
        if self.log_size() > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_name("postgres.log.1"))
        return os.fdopen(open_private(self.log, os.O_APPEND), "ab")

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def last_error(self, *, since: int) -> str:
        """The last error in the log after byte `since`, without its time; else the last line; else the log's path."""
        written = self.log.read_bytes()[since:] if self.log.exists() else b""
        lines = [line for line in written.decode(errors="replace").splitlines() if line.strip()]
        for line in reversed(lines):
            found = _SERIOUS.search(line)
            if found and _NOT_READY not in line:
                return found[0]
        return lines[-1] if lines else f"see {self.log}"


def initialise(cluster: Cluster, *, password: str, fsync: bool) -> None:
    """Runs initdb in a temporary folder, then renames it, so that `cluster` is never unfinished.

    Raises EmbeddedPostgresError.
    """
    account = server_account(cluster.folder, cluster.data_dir)
    binaries = usable_binaries(account)
    for leftover in cluster.home.glob("cluster.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)  # An orphaned initdb may still write; the next start removes it.
    folder = cluster.home / f"cluster.new-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    command = [
        str(binaries / "bin" / "initdb"),
        f"--pgdata={reachable_name(folder, account)}",
        "--username=postgres",
        "--pwfile=/dev/stdin",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        f"--lc-ctype={_CTYPE}",
        "--no-instructions",
        *([] if fsync else ["--no-sync"]),
    ]
    log_start = cluster.log_size()
    with tempfile.TemporaryFile() as secret, cluster.open_log() as log:
        secret.write(f"{password}\n".encode())
        secret.seek(0)
        if account is not None:
            os.fchown(secret.fileno(), account.uid, account.gid)
        status = spawn(command, folder=folder, account=account, stdin=secret, output=log.fileno()).wait()
    if status != 0:
        shutil.rmtree(folder)
        error = cluster.last_error(since=log_start)
        raise EmbeddedPostgresError(f"PostgreSQL could not make its cluster in {cluster.home}: {error}")
    folder.rename(cluster.folder)
    _sync_folder(cluster.home)


def refuse_foreign(cluster: Cluster) -> None:
    """Raises EmbeddedPostgresError if the data folder holds a cluster that this server must not touch."""
    if (cluster.data_dir / "PG_VERSION").exists():
        raise EmbeddedPostgresError(
            f"The data folder {cluster.data_dir} is itself a PostgreSQL cluster: choose another folder for the data."
        )
    if not cluster.folder.exists():
        return
    version_file = cluster.folder / "PG_VERSION"
    version = version_file.read_text().strip() if version_file.exists() else ""
    if version != str(MAJOR_VERSION):
        found = f"a PostgreSQL {version} cluster" if version else "no PostgreSQL cluster"
        raise EmbeddedPostgresError(
            f"The folder {cluster.folder} holds {found}, but this application runs PostgreSQL {MAJOR_VERSION}:"
            " move the folder away, or carry its data over with pg_dump and psql."
        )


def _sync_folder(folder: Path) -> None:
    """Makes a rename in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
