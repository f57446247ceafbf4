"""A PostgreSQL server of a test's own, migrated, which the test may kill, restart or starve."""

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
    """While it is in use its supervisor starts it again, whatever it died of."""

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
        """SIGKILL of the main process: no flush, no farewell. What was committed must be there afterwards."""
        self._signal(signal.SIGKILL)

    def restart(self) -> None:
        """A fast shutdown, as an operator's restart begins: every session is cut off and rolled back."""
        self._signal(signal.SIGINT)

    def _signal(self, number: signal.Signals) -> None:
        # It may be between two lives at this moment; then there is nothing to end.
        until = time.monotonic() + 10
        while time.monotonic() < until:
            pid = self.server.server_pid()
            if pid is not None:
                os.kill(pid, number)
                return
            time.sleep(0.02)


@contextmanager
def own_server(folder: Path) -> Iterator[OwnServer]:
    """`fsync` is off: a process that is killed leaves its writes with the system, only a power cut would lose them."""
    with start(folder, fsync=False) as server:
        migrate(server.owner_url)
        yield OwnServer(server)
