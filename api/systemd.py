"""systemd's protocols for a service: state messages (`sd_notify`), the watchdog, and sockets that systemd has opened.

Outside systemd the variables are unset, and everything here does nothing.
"""

import contextlib
import os
import socket
import time

NOTIFY_VARIABLE = "NOTIFY_SOCKET"
WATCHDOG_VARIABLES = ("WATCHDOG_USEC", "WATCHDOG_PID")
LISTEN_VARIABLES = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
FIRST_DESCRIPTOR = 3

WATCHDOG = "WATCHDOG=1"

PATIENCE_SECONDS = 2.0
"""How long a message about the state waits if systemd has many others to read."""


def notify(*assignments: str, patience: float = PATIENCE_SECONDS) -> None:
    """Sends assignments such as `READY=1`."""
    address = os.environ.get(NOTIFY_VARIABLE)
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    # The service goes on if systemd does not listen: its watchdog judges that.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(OSError):
        sender.settimeout(patience)
        sender.sendto("\n".join(assignments).encode(), address)


def notify_ready(status: str) -> None:
    notify("READY=1", f"STATUS={status}")


def notify_reloading(status: str) -> None:
    """`READY=1` ends the reload. systemd needs the time of the clock that it uses (`Type=notify-reload`)."""
    microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notify("RELOADING=1", f"MONOTONIC_USEC={microseconds}", f"STATUS={status}")


def notify_stopping(status: str) -> None:
    notify("STOPPING=1", f"STATUS={status}")


def notify_watchdog() -> None:
    """The process is alive. It does not wait for systemd: the next message is due soon."""
    notify(WATCHDOG, patience=0)


def expects_watchdog() -> bool:
    """Whether systemd restarts this process if it sends no `WATCHDOG=1` for a while."""
    if NOTIFY_VARIABLE not in os.environ or "WATCHDOG_USEC" not in os.environ:
        return False
    return os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())


def activated_sockets() -> list[socket.socket]:
    """The listening sockets that systemd has opened for this process. No child inherits them, nor the variables."""
    given = {name: os.environ.pop(name, "") for name in LISTEN_VARIABLES}
    if given["LISTEN_PID"] != str(os.getpid()) or not given["LISTEN_FDS"].isdigit():
        return []
    last = FIRST_DESCRIPTOR + int(given["LISTEN_FDS"])
    sockets = [socket.socket(fileno=descriptor) for descriptor in range(FIRST_DESCRIPTOR, last)]
    for each in sockets:
        each.set_inheritable(False)
    return sockets
