"""Data folders for the tests of the embedded PostgreSQL, and processes that use them."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.embedded_postgres.cluster import Cluster
from tests.embedded_postgres.users import Begin, User, kill_and_wait, wait_until_guard_ends


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that does not exist yet, near enough to the root for a socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="mc-"))
    yield folder / "data"
    cluster = Cluster(folder / "data")
    if cluster.home.exists():
        wait_until_guard_ends(cluster)
        left = cluster.server_pid()  # Only after a test that failed.
        if left is not None:
            kill_and_wait(left)
    remove(folder)


def remove(folder: Path) -> None:
    """Removes it, although processes that are ending may still open their lock files in it."""
    until = time.monotonic() + 20
    while True:
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)  # Nothing tells that the last of them has ended.
        else:
            return


@pytest.fixture
def begin(data_dir: Path) -> Iterator[Begin]:
    """Begins processes that use the data folder, and kills those that the test has left."""
    users: list[User] = []

    def begin_user(**options: object) -> User:
        user = User.begin(data_dir, **options)  # type: ignore[arg-type]
        users.append(user)
        return user

    yield begin_user
    for user in users:
        user.kill()
