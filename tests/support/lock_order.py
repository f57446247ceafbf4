"""Watches the order in which the transactions of a test lock rows (decision 0006)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Connection, Engine, event

ORDER = ["staff_members", "phone_numbers", "conversations", "outbox", "audit_chains", "event_counters"]
"""Each transaction locks rows of these tables in this order, and those of one table in the order of their ids."""

_LOCKS = re.compile(
    # An erasure locks the ids of its conversations once more with each of its stages.
    r"^SELECT (?!conversations\.id \n)"
    rf".*?\bFROM ({'|'.join(ORDER)})\b.*\bFOR (?:NO KEY )?UPDATE\b(?! SKIP)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Lock:
    table: str
    statement: str
    parameters: str
    ids: frozenset[UUID]
    """Empty if the rows are not chosen by their ids."""

    def may_follow(self, earlier: "Lock") -> bool:
        rank, before = ORDER.index(self.table), ORDER.index(earlier.table)
        if rank != before:
            return rank > before
        if self.ids and earlier.ids:
            return min(self.ids) > max(earlier.ids)
        # The same rows once more, after missing ones were made, add only rows that nobody else knows.
        return (self.statement, self.parameters) == (earlier.statement, earlier.parameters)


_RAISES = re.compile(r"^WITH counter AS \( INSERT INTO (event_counters) ")
"""Writing events locks their organization's counter without a SELECT."""


def _lock(statement: str, parameters: Any) -> Lock | None:
    found = _LOCKS.match(statement) or _RAISES.match(statement)
    if found is None:
        return None
    flat = [each for value in parameters for each in (value if isinstance(value, list) else [value])]
    by_id = re.search(rf"\b{found[1]}\.id (?:IN|= ANY) \(", statement)
    ids = frozenset(each for each in flat[1:] if isinstance(each, UUID)) if by_id else frozenset()
    return Lock(found[1], statement, repr(parameters), ids)


@contextmanager
def watched() -> Iterator[list[str]]:
    """The list gets a line for each lock that may close a circle with another transaction's."""
    wrong: list[str] = []
    new: WeakSet[Connection] = WeakSet()
    """Connections that make an organization: nobody else knows its rows."""
    held: WeakKeyDictionary[Connection, list[Lock]] = WeakKeyDictionary()

    def forget(connection: Connection, *_: Any) -> None:
        held.pop(connection, None)
        new.discard(connection)

    def look(connection: Connection, _: object, statement: str, parameters: Any, *__: Any) -> None:
        if statement.startswith("INSERT INTO organizations "):
            new.add(connection)
        lock = _lock(statement, parameters)
        if lock is None or connection in new:
            return
        locks = held.setdefault(connection, [])
        known = frozenset[UUID]().union(*(each.ids for each in locks if each.table == lock.table))
        out_of_order = next((each for each in locks if not lock.may_follow(each)), None)
        if out_of_order is not None and not (lock.ids and lock.ids <= known):
            wrong.append(f"{lock}\nis locked after\n{out_of_order}")
        locks.append(lock)

    resets = ("begin", "commit", "rollback", "savepoint", "release_savepoint", "rollback_savepoint")
    event.listen(Engine, "before_cursor_execute", look)
    for name in resets:
        event.listen(Engine, name, forget)
    try:
        yield wrong
    finally:
        event.remove(Engine, "before_cursor_execute", look)
        for name in resets:
            event.remove(Engine, name, forget)
