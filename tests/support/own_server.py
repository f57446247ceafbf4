"""A migrated PostgreSQL server for one test, which may kill it, restart it or fill its disk."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.embedded_postgres.run import EmbeddedPostgres, start
from api.migrate import migrate
from tests.support import postgres


@dataclass(frozen=True)
class OwnServer:
    """The server of one test. The test process, its user, starts it again whenever it ends."""

    server: EmbeddedPostgres

    @property
    def database(self) -> postgres.Database:
        return postgres.Database(
            name="messenger",
            url=self.server.url,
            owner_url=self.server.owner_url,
            admin_url=self.server.admin_url,
        )

    def kill(self) -> None:
        """SIGKILL of the main process. Commits must be there afterwards."""
        self._signal(signal.SIGKILL)

    def restart(self) -> None:
        """A fast shutdown, as in a restart by an operator: every session is cut off and rolled back."""
        self._signal(signal.SIGINT)

    def _signal(self, number: signal.Signals) -> None:
        # At this moment it may be between its end and its next start.
        until = time.monotonic() + 10
        while time.monotonic() < until:
            pid = self.server.server_pid()
            if pid is not None:
                os.kill(pid, number)
                return
            time.sleep(0.02)


@contextmanager
def own_server(folder: Path) -> Iterator[OwnServer]:
    """`fsync` is off: the operating system keeps the writes of a killed process."""
    with start(folder, fsync=False) as server:
        migrate(server.owner_url)
        yield OwnServer(server)
