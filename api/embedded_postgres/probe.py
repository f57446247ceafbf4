"""Is there a server, and does it answer? Asked of the socket and of the kernel, never of a pid file alone.

A pid in `postmaster.pid` may have died, be a zombie that nobody collects, or have been given to another process
(a restarted container hands out the same pids again). PostgreSQL itself would refuse to start in the last two cases.
"""

import os
import re
import socket
import struct
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

SOCKET_NAME = ".s.PGSQL.5432"
PORT = 5432
"""The number in the socket's name. Nothing listens on TCP."""

_LONGEST_ADDRESS_BYTES = 100
"""Linux takes 107, macOS 103."""
_PROTOCOL_3 = 196608
_CANNOT_CONNECT_NOW = b"57P03"
_READ_LIMIT = 4096
_STATUS_LINE = 7
"""In postmaster.pid, counted from 0: `starting`, `ready`, `stopping`."""


class Answer(StrEnum):
    READY = "ready"
    BUSY = "busy"
    """It starts, recovers or shuts down."""
    SILENT = "silent"


def takes_socket(folder: Path) -> bool:
    """Whether a socket in the folder has an address that the kernel takes and that a URL and a setting can carry."""
    path = str(folder / SOCKET_NAME)
    return len(os.fsencode(path)) <= _LONGEST_ADDRESS_BYTES and re.fullmatch(r"[A-Za-z0-9/._+-]+", path) is not None


def server_state(cluster: Path, socket_dir: Path) -> Answer:
    """What the server says of itself in its pid file, believed only once the socket confirms it.

    Asking the socket of a server that starts would put a complaint into its log each time.
    """
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return Answer.SILENT
    status = lines[_STATUS_LINE].strip() if len(lines) > _STATUS_LINE else ""
    return probe(socket_dir) if status == "ready" else Answer.BUSY


def probe(socket_dir: Path) -> Answer:
    """Asks for a session as far as the request for a password."""
    body = struct.pack("!i", _PROTOCOL_3) + b"user\0postgres\0database\0postgres\0\0"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2.0)
            connection.connect(str(socket_dir / SOCKET_NAME))
            connection.sendall(struct.pack("!i", len(body) + 4) + body)
            reply = connection.recv(_READ_LIMIT)
    except OSError:
        return Answer.SILENT
    if not reply:
        return Answer.SILENT
    if reply[:1] == b"E" and b"C" + _CANNOT_CONNECT_NOW + b"\0" in reply:
        return Answer.BUSY
    return Answer.READY


def recorded_pid(cluster: Path) -> int | None:
    """The pid in `postmaster.pid`, whoever has it by now."""
    try:
        first_line = (cluster / "postmaster.pid").read_text().partition("\n")[0]
        return int(first_line)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def running_postmaster(cluster: Path) -> int | None:
    """The pid of the live server of this cluster, or None."""
    pid = recorded_pid(cluster)
    if pid is None or pid <= 0:
        return None
    return pid if _is_postmaster_of(pid, cluster) else None


def remove_stale_files(cluster: Path, socket_dir: Path) -> None:
    """Clears what a dead server left. Call it only when `running_postmaster` is None and no other can be starting.

    Orphans of a killed server are no reason to keep the pid file: PostgreSQL finds them by the shared memory that
    is keyed by the cluster's inode, and refuses to start until they have gone.
    """
    for leftover in (cluster / "postmaster.pid", socket_dir / SOCKET_NAME, socket_dir / f"{SOCKET_NAME}.lock"):
        leftover.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """False for a zombie too: it is dead, only not collected."""
    if sys.platform == "linux":
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return status.rpartition(")")[2].split()[0] not in ("Z", "X")
    state = _ps(pid, "stat")
    return bool(state) and not state.startswith("Z")


def _is_postmaster_of(pid: int, cluster: Path) -> bool:
    if not is_alive(pid):
        return False
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cwd").samefile(cluster)
        except OSError:
            return False  # It has just gone, or is another user's: not the server that this user could have started.
    return f"-D {cluster}" in _ps(pid, "command")


def _ps(pid: int, column: str) -> str:
    """One column of the process table where there is no /proc; '' if there is no such process."""
    answer = subprocess.run(  # noqa: S603 - a program of the system, and a number.
        ["/bin/ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()
