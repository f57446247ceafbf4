"""PgBouncer in transaction mode in front of a test's database.

Each transaction gets another of its server connections than the one before (`server_round_robin`), so that state which
a session would keep is lost at once.
"""

import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from api.embedded_postgres.binaries import reachable_name, server_account, spawn
from api.postgres_url import parse_database_url
from tests.deploy.support import program
from tests.support import postgres
from tests.support.stack import free_port

SERVER_CONNECTIONS = 4


@contextmanager
def pgbouncer(clone: postgres.Database) -> Iterator[str]:
    """The URL of the pooler for the application's role. It refuses start-up parameters that it does not keep."""
    server = postgres.cluster()
    account = server_account(server.data_dir / "postgres" / "cluster", server.data_dir)
    url = make_url(clone.url)
    (folder, server_port), *_ = parse_database_url(clone.url).hosts
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mc-") as name, tempfile.TemporaryFile() as log:
        home = Path(name)
        (home / "users.txt").write_text(f'"{url.username}" "{url.password}"\n')
        (home / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={reachable_name(Path(folder), account)} port={server_port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {home}/users.txt\n"
            f"pool_mode = transaction\nserver_round_robin = 1\n"
            f"default_pool_size = {SERVER_CONNECTIONS}\nmin_pool_size = {SERVER_CONNECTIONS}\nmax_client_conn = 200\n"
        )
        for path in (home, *home.iterdir()):
            if account is not None:
                os.chown(path, account.uid, account.gid)
        command = [program("pgbouncer"), str(home / "pgbouncer.ini")]
        process = spawn(command, folder=Path(folder), account=account, output=log.fileno())
        try:
            _wait(port)
            yield f"postgresql://{url.username}:{url.password}@127.0.0.1:{port}/{clone.name}"
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _wait(port: int) -> None:
    until = time.monotonic() + 10
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < until, "PgBouncer starts"
        time.sleep(0.02)
