"""What the embedded PostgreSQL keeps in the data folder, and the one-line errors about it.

```
<data folder>/postgres/       0700
  cluster/                    the cluster, 0700, owned by the account that runs the server; its socket, unless too deep
  start.lock                  exclusive while somebody starts or joins the server
  users.lock                  shared by every process that uses the server
  supervisor.lock             exclusive for the life of the supervisor
  credentials.json            0600: the passwords of the three roles
  plan.json                   how the running server was started: binaries, socket folder, account, fsync
  postgres.log                what the server and its supervisor had to say; the one before is postgres.log.1
```

This module and all that it imports belong to the standard library, for the supervisor stays small.
"""

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from api.embedded_postgres.locks import FileLock

MAJOR_VERSION = 18
_LOG_LIMIT_BYTES = 5_000_000
_SERIOUS = ("PANIC:", "FATAL:", "error:", "ERROR:")
_UNTELLING = "the database system is "
"""What a server tells early clients while it starts or stops."""


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be had. The message is one line for the person who started the application."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class UnusableFolderError(EmbeddedPostgresError):
    """The data folder cannot be written, or belongs to somebody else."""


class ForeignClusterError(EmbeddedPostgresError):
    """The data folder holds a cluster that this server must not touch, such as one of another major version."""


class ServerFailedError(EmbeddedPostgresError):
    """The server did not start, or does not answer."""


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged account that the server runs as when the application runs as root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """Passwords. They are made of URL-safe characters, so they need no quoting in SQL or in a URL."""

    superuser: str
    owner: str
    app: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How to run the server. Written by whoever starts the supervisor, read by the supervisor and by later users."""

    binaries: Path
    """The folder with `bin`, `lib` and `share`."""
    socket_dir: Path
    """Where clients find the socket."""
    account: Account | None
    """None: the server runs as the application's own user."""
    fsync: bool


@dataclass(frozen=True, slots=True)
class Home:
    """The folder `postgres` in an application's data folder."""

    data_dir: Path

    @property
    def folder(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def cluster(self) -> Path:
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def credentials_file(self) -> Path:
        return self.folder / "credentials.json"

    @property
    def plan_file(self) -> Path:
        return self.folder / "plan.json"

    def start_lock(self) -> FileLock:
        return FileLock(self.folder / "start.lock")

    def users_lock(self) -> FileLock:
        return FileLock(self.folder / "users.lock")

    def supervisor_lock(self) -> FileLock:
        return FileLock(self.folder / "supervisor.lock")

    def create(self) -> None:
        """Makes the folders and the lock files where they are missing. Raises OSError."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._give_to_owner(os.open(self.folder, os.O_RDONLY | os.O_NOFOLLOW))
        for name in ("start.lock", "users.lock", "supervisor.lock"):
            if not (self.folder / name).exists():
                self._give_to_owner(self._open_for_writing(self.folder / name))

    def write_credentials(self, credentials: Credentials) -> None:
        self._replace(self.credentials_file, json.dumps(asdict(credentials)))

    def read_credentials(self) -> Credentials:
        """Raises ForeignClusterError if the passwords of the cluster are gone."""
        try:
            stored = json.loads(self.credentials_file.read_text())
            return Credentials(superuser=stored["superuser"], owner=stored["owner"], app=stored["app"])
        except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
            raise ForeignClusterError(
                f"The data folder {self.data_dir} holds a PostgreSQL cluster without its passwords:"
                f" {self.credentials_file} is missing or damaged."
            ) from error

    def write_plan(self, plan: Plan) -> None:
        fields = {
            "binaries": str(plan.binaries),
            "socket_dir": str(plan.socket_dir),
            "account": None if plan.account is None else [plan.account.uid, plan.account.gid],
            "fsync": plan.fsync,
        }
        self._replace(self.plan_file, json.dumps(fields))

    def read_plan(self) -> Plan | None:
        """None if there is none that can be read."""
        try:
            stored = json.loads(self.plan_file.read_text())
            return Plan(
                binaries=Path(stored["binaries"]),
                socket_dir=Path(stored["socket_dir"]),
                account=None if stored["account"] is None else Account(*stored["account"]),
                fsync=bool(stored["fsync"]),
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def open_log(self) -> int:
        """A descriptor to append to. A log that has grown large is put aside first."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_name("postgres.log.1"))
        descriptor = self._open_for_writing(self.log, os.O_APPEND)
        self._give_to_owner(os.dup(descriptor))
        return descriptor

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def last_complaint(self, *, since: int = 0) -> str:
        """The last serious line of the log after byte `since`, without its time; else its last line; else ''."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(since)
            written = log.read().decode(errors="replace").splitlines()
        lines = [line for line in written if line.strip() and _UNTELLING not in line]
        for line in reversed(lines):
            for mark in _SERIOUS:
                if mark in line:
                    return line[line.index(mark) :]
        return lines[-1] if lines else ""

    def _open_for_writing(self, path: Path, flags: int = 0) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)

    def _give_to_owner(self, descriptor: int) -> None:
        """Closes the descriptor. What root makes in somebody's data folder is that person's, who may start it next."""
        try:
            if os.geteuid() == 0:
                owner = self.data_dir.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
        finally:
            os.close(descriptor)

    def _replace(self, path: Path, text: str) -> None:
        """Writes a private file so that a crash leaves the old one or the new one."""
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        descriptor = self._open_for_writing(temporary, os.O_EXCL)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            self._give_to_owner(os.dup(file.fileno()))
        temporary.replace(path)
        sync_folder(self.folder)


def sync_folder(folder: Path) -> None:
    """Makes a rename in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_socket_dir(account: Account | None) -> Path:
    """A short private folder for a socket whose data folder is too deep for a socket's address."""
    base = Path(tempfile.gettempdir())
    if len(os.fsencode(base)) > 60:
        base = Path("/tmp")  # noqa: S108 - mkdtemp makes a private folder in it.
    folder = Path(tempfile.mkdtemp(prefix="messenger-pg-", dir=base))
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def is_private_folder(folder: Path, account: Account | None) -> bool:
    """Whether it is a folder, no link, that nobody but the server's account can enter."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    owner = os.geteuid() if account is None else account.uid
    return folder.is_dir() and not folder.is_symlink() and status.st_uid == owner and not status.st_mode & 0o077
