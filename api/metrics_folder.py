"""A folder in which several processes of one machine keep their metrics, so that one scrape counts all.

Each process has files of its own, and holds a lock for as long as it lives. What an ended process counted is added to
the files `…_ended.db`; its gauges, such as its open streams, are deleted. So counts stay exact when processes are
killed and replaced, and the folder stays small however often that happens.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile, rmtree
from typing import IO

from prometheus_client import CollectorRegistry, values
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.kit.ids import new_id
from api.kit.metrics import REGISTRY, open_files
from api.settings import Settings, SettingsError

FOLDER_VARIABLE = "MESSENGER_METRICS_DIR"
CLIENT_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The Prometheus client's own name of it."""

ALIVE = ".alive"
"""The ending of the file that a living process has locked."""

ENDED = "ended"
ADDED_UP = ("counter", "histogram")

_held: dict[Path, IO[bytes]] = {}
"""This process's locked file in each folder that it has joined."""


def make_folder(settings: Settings) -> str | None:
    """A private folder for this process and those that it starts. None: `metrics_dir` names one for them."""
    if settings.metrics_dir is not None:
        return None
    folder = os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="messenger-metrics-")
    return folder


def remove_folder(folder: str | None) -> None:
    if folder is not None:
        os.environ.pop(FOLDER_VARIABLE, None)
        rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_folder(settings: Settings) -> Iterator[None]:
    """Gives the processes that start within the block a folder, as `make_folder` does."""
    folder = make_folder(settings)
    try:
        yield
    finally:
        remove_folder(folder)


def join_folder(settings: Settings) -> Path | None:
    """From now on this process keeps its metrics in the folder of the settings. None if there is none.

    Called before anything is measured. Raises `SettingsError` if the folder cannot be used.
    """
    folder = settings.metrics_dir or (Path(os.environ[FOLDER_VARIABLE]) if os.environ.get(FOLDER_VARIABLE) else None)
    if folder is None:
        return None
    identity = new_id().hex
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder):
            _held[folder] = _alive = (folder / f"{identity}{ALIVE}").open("wb")
            fcntl.flock(_alive, fcntl.LOCK_EX)
    except OSError as error:
        raise SettingsError(f"{FOLDER_VARIABLE}: {folder} cannot be used: {error.strerror}.") from None
    os.environ[CLIENT_VARIABLE] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: identity)  # type: ignore[no-untyped-call]
    open_files()
    return folder


def registry_of(folder: Path | None) -> CollectorRegistry:
    """The metrics of all processes of the folder; without one those of this process. Blocks while it reads."""
    if folder is None:
        return REGISTRY
    together = CollectorRegistry()
    with _locked(folder):
        _add_up_ended(folder)
        found = MultiProcessCollector(None, path=str(folder)).collect()  # type: ignore[no-untyped-call]
    together.register(_Read(list(found)))
    return together


class _Read(Collector):
    """Metrics that have been read already."""

    def __init__(self, found: Sequence[Metric]) -> None:
        self._found = found

    def collect(self) -> Sequence[Metric]:
        return self._found


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time joins the folder, or reads and tidies it."""
    with (folder / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _add_up_ended(folder: Path) -> None:
    own = _held.get(folder)
    for alive in folder.glob(f"*{ALIVE}"):
        if own is not None and alive == Path(own.name):
            continue
        with alive.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _add_up(folder, alive.stem)
            alive.unlink()


def _add_up(folder: Path, identity: str) -> None:
    for kind in ADDED_UP:
        counted = folder / f"{kind}_{identity}.db"
        if not counted.exists():
            continue
        total, new = folder / f"{kind}_{ENDED}.db", folder / f"{kind}_{ENDED}.new"
        if total.exists():
            copyfile(total, new)
        sums = MmapedDict(str(new))  # type: ignore[no-untyped-call]
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(counted)):  # type: ignore[no-untyped-call]
            sums.write_value(key, sums.read_value(key)[0] + value, 0.0)  # type: ignore[no-untyped-call]
        sums.close()  # type: ignore[no-untyped-call]
        new.replace(total)
        counted.unlink()
    for gauge in folder.glob(f"gauge_*_{identity}.db"):
        gauge.unlink()
