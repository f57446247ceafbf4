"""A SQLite file that follows the carrier's state a fraction of a second behind.

Requests never wait for it: changes are noted in memory and written together, in a thread. A crash can lose
the last quarter second; a stop loses nothing.
"""

import asyncio
import contextlib
import logging
import sqlite3
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from simulator.model import Account, Handset, Line, Message, Profile
from simulator.outgoing import Job
from simulator.state import KeptAnswer, State, StoredMedia

_log = logging.getLogger(__name__)

_WRITE_EVERY = 0.25
_SCHEMA_VERSION = 1

T = TypeVar("T")

_ANYTHING: TypeAdapter[object] = TypeAdapter(object)


class Store:
    def __init__(self, path: Path) -> None:
        """Raises sqlite3.Error or ValueError for a file that is not one of ours, or not of this version."""
        self._changes: dict[tuple[str, str], object] = {}
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        version: int = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _SCHEMA_VERSION):
            self._database.close()
            raise ValueError(f"{path} was written by another version of the simulator; remove it")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS record (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, "
            "PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
        self._database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    def put(self, kind: str, key: str, value: object) -> None:
        self._changes[kind, key] = value

    def remove(self, kind: str, key: str) -> None:
        self._changes[kind, key] = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow(), name="simulator-store")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.flush()
        self.close()

    def close(self) -> None:
        self._database.close()

    async def flush(self) -> None:
        async with self._writing:
            changes, self._changes = self._changes, {}
            if not changes:
                return
            try:
                await asyncio.to_thread(self._write, changes)
            except sqlite3.Error:
                self._changes = changes | self._changes
                raise

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_WRITE_EVERY)
            try:
                # A write that has begun is finished even if the carrier stops meanwhile.
                await asyncio.shield(self.flush())
            except sqlite3.Error:
                _log.exception("the state could not be written; trying again")

    def _write(self, changes: dict[tuple[str, str], object]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for (kind, key), value in changes.items():
                if value is None:
                    self._database.execute("DELETE FROM record WHERE kind = ? AND key = ?", (kind, key))
                else:
                    self._database.execute(
                        "INSERT INTO record VALUES (?, ?, ?) "
                        "ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
                        (kind, key, _ANYTHING.dump_json(value).decode()),
                    )
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    async def forget(self, *kinds: str) -> None:
        """Remove every record of these kinds, noted or written."""
        async with self._writing:
            self._changes = {key: value for key, value in self._changes.items() if key[0] not in kinds}
            for kind in kinds:
                self._database.execute("DELETE FROM record WHERE kind = ?", (kind,))

    def load(self, state: State) -> list[Job]:
        """Fill an empty state. Returns the webhooks that were still to be posted."""
        for account in self._values("account", Account):
            state.put_account(account)
        for line in self._values("line", Line):
            state.put_line(line)
        for profile in self._values("profile", Profile):
            state.put_profile(profile)
        for handset in self._values("handset", Handset):
            state.put_handset(handset)
        for media in self._values("media", StoredMedia):
            state.put_media(media)
        for message in sorted(self._values("message", Message), key=lambda message: message.number):
            state.add(message)
        state.stopped.update((sender, handset) for sender, handset in self._values("stopped", list[str]))
        for answer in self._values("answer", KeptAnswer):
            state.keep_answer(answer)
        # Loading noted every record as a change; none is.
        self._changes = {}
        return self._values("job", Job)

    def _values(self, kind: str, type_: type[T]) -> list[T]:
        adapter = TypeAdapter(type_)
        records = self._database.execute("SELECT value FROM record WHERE kind = ?", (kind,))
        return [adapter.validate_json(value) for (value,) in records]
