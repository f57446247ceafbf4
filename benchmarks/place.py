"""Where a benchmark takes place: a database and a service of its own, as processes, on free ports."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID

import httpx
from pydantic import SecretStr

from api.embedded_postgres.run import EmbeddedPostgres, start
from api.kit.secrets import SecretBox
from api.migrate import migrate
from api.providers.simulator.control import SimulatedAccount, SimulatedLine, register_with_simulator
from api.settings import Settings
from tests.support.business import ACCOUNT_SID, AUTH_TOKEN, LINE_NUMBER
from tests.support.stack import free_port

SECRET_KEY = "a key for benchmarks"


@contextmanager
def database() -> Iterator[tuple[EmbeddedPostgres, Path]]:
    """A migrated database that syncs to disk, and a folder; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="messenger-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with start(folder / "database") as server:
            migrate(server.owner_url)
            yield server, folder


def settings(server: EmbeddedPostgres, folder: Path) -> Settings:
    """Over that database, on free ports, whatever the environment says."""
    return Settings(
        _env_file=None,
        database_url=server.url,
        data_dir=folder,
        port=free_port(),
        simulator_port=free_port(),
        secret_key=SecretStr(SECRET_KEY),
    )


def environment(settings: Settings) -> dict[str, str]:
    """What a `messenger` process with these settings is started with."""
    assert settings.database_url is not None
    return {
        **os.environ,
        "MESSENGER_DATABASE_URL": settings.database_url,
        "MESSENGER_DATA_DIR": str(settings.data_dir),
        "MESSENGER_PORT": str(settings.port),
        "MESSENGER_PUBLIC_URL": settings.public_base_url,
        "MESSENGER_SIMULATOR_PORT": str(settings.simulator_port),
        "MESSENGER_SECRET_KEY": SECRET_KEY,
        "MESSENGER_LOG_LEVEL": "error",
        # One person and one key ask for everything here.
        "MESSENGER_REQUESTS_PER_MINUTE_PER_PERSON": "0",
        "MESSENGER_REQUESTS_PER_MINUTE_PER_KEY": "0",
        "MESSENGER_STREAMS_PER_PERSON": "1000",
    }


def secrets() -> SecretBox:
    return SecretBox(SECRET_KEY)


async def register_line(settings: Settings, line_id: UUID) -> None:
    """Tell the simulator of the line that `create_business` has made."""
    webhooks = f"{settings.public_base_url}/webhooks/simulator/{line_id}"
    line = SimulatedLine(
        phone_number=LINE_NUMBER,
        account_sid=ACCOUNT_SID,
        label="Front desk",
        country="US",
        kind="long_code",
        inbound_url=f"{webhooks}/inbound",
        status_url=f"{webhooks}/status",
    )
    accounts = [SimulatedAccount(ACCOUNT_SID, AUTH_TOKEN)]
    await register_with_simulator(simulator_url=settings.simulator_url, accounts=accounts, lines=[line], handsets=[])


@contextmanager
def running(command: Sequence[str], *, env: dict[str, str]) -> Iterator[int]:
    """A process, ended at the end. Gives its pid."""
    process = subprocess.Popen(command, env=env)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def process(command: Sequence[str], *, ready_at: str, env: dict[str, str]) -> AsyncIterator[int]:
    """A server process, from its first 200 at `ready_at` to its end. Gives its pid."""
    with running(command, env=env) as pid:
        async with httpx.AsyncClient(timeout=2) as client:
            for _ in range(600):
                try:
                    if (await client.get(ready_at)).status_code == 200:
                        break
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)
            else:
                raise TimeoutError(f"{command} is not ready.")
        yield pid


def cpu_seconds(pid: int) -> float:
    """What a process has used of its processor so far, in user and system mode. From /proc: Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def sync_seconds(folder: Path, *, writes: int = 200) -> float:
    """How long the disk takes to make 8 kB durable, as a commit asks of it: the median."""
    taken: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(8192 * writes))
        file.flush()
        os.fsync(file.fileno())
        for number in range(writes):
            started = time.perf_counter()
            os.pwrite(file.fileno(), bytes(8192), 8192 * number)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    return sorted(taken)[writes // 2]


MESSENGER = str(Path(sys.executable).parent / "messenger")
PYTHON = sys.executable
