"""A PostgreSQL server as an operator runs one: on TCP, with TLS in front of it, and on a Unix socket."""

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import chown
from pathlib import Path
from urllib.parse import quote

import asyncpg

from api.embedded_postgres.binaries import reachable_name, server_account, spawn, usable_binaries
from api.embedded_postgres.cluster import Cluster, initialise
from api.kit.connection import on_connection
from tests.support.certificates import Authority
from tests.support.stack import free_port
from tests.support.tls_front import TlsFront, tls_front

MAX_CONNECTIONS = 20
PASSWORD = "p@ss/word?"


@dataclass(frozen=True)
class TcpServer:
    port: int
    """Without TLS. It refuses all databases but `postgres` and `gym`, which does not exist."""
    front: TlsFront
    socket_folder: Path
    authority: Path
    """The certificate of the authority that has signed the server's, which is of `localhost`."""
    stranger: Path
    """The certificate of another authority."""

    def url(
        self,
        query: str = "",
        *,
        user: str = "postgres",
        password: str = PASSWORD,
        host: str = "localhost",
        database: str = "postgres",
        port: int | None = None,
    ) -> str:
        at = "" if "," in host or ":" in host else f":{self.port if port is None else port}"
        credentials = f"{user}:{quote(password, safe='')}"
        return f"postgresql://{credentials}@{host}{at}/{database}{query and '?'}{query}"


@contextmanager
def tcp_server(folder: Path) -> Iterator[TcpServer]:
    cluster = Cluster(folder)
    cluster.create()
    initialise(cluster, password=PASSWORD, fsync=False)
    account = server_account(cluster.folder, folder)
    ours, theirs = Authority(folder / "ours.pem"), Authority(folder / "theirs.pem")
    certificate = ours.server_certificate("localhost", folder / "server")
    # Another database has no entry without TLS, as at managed databases.
    (cluster.folder / "pg_hba.conf").write_text(
        "local all all scram-sha-256\nhost postgres,gym all all scram-sha-256\n"
    )
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mc-") as sockets, (folder / "log").open("wb") as log:
        if account is not None:
            chown(sockets, account.uid, account.gid)
        Path(sockets).chmod(0o755)
        settings = {
            "listen_addresses": "localhost",
            "port": str(port),
            "unix_socket_directories": sockets,
            "max_connections": str(MAX_CONNECTIONS),
            "superuser_reserved_connections": "0",
            **{"fsync": "off", "shared_buffers": "16MB"},
        }
        command = [str(usable_binaries(account) / "bin" / "postgres")]
        command += ["-D", reachable_name(cluster.folder, account)]
        command += [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        process = spawn(command, folder=cluster.folder, account=account, output=log.fileno())
        try:
            with tls_front(*certificate, backend_port=port) as front:
                server = TcpServer(port, front, Path(sockets), ours.file, theirs.file)
                _wait(server.url())
                yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def _wait(url: str) -> None:
    async def nothing(_: object) -> None: ...

    until = time.monotonic() + 20
    while True:
        try:
            on_connection(url, nothing)
        except (OSError, asyncpg.CannotConnectNowError):
            assert time.monotonic() < until, "the server starts"
            time.sleep(0.05)
        else:
            return
