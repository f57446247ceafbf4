"""Audit entries of classes. Pure."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from api.audit.rules import Action, Actor, NewEntry
from api.directory.student_rules import ClassChanges, Classes, StoredClass


def entries_of(
    actor: Actor, before: Classes, changes: ClassChanges, *, import_id: UUID | None = None
) -> list[NewEntry]:
    of_import = {} if import_id is None else {"import_id": str(import_id)}
    created = [
        NewEntry(Action.CLASS_CREATED, actor, details={**_identity(each), "weekdays": list(each.weekdays), **of_import})
        for each in changes.new
    ]
    updated = [
        NewEntry(
            Action.CLASS_UPDATED,
            actor,
            details={**_identity(each), "changes": _changes(before.stored[each.id], each), **of_import},
        )
        for each in changes.changed
    ]
    return created + updated


def _identity(each: StoredClass) -> dict[str, Any]:
    return {"class_id": str(each.id), "name": each.name}


def _changes(before: StoredClass, after: StoredClass) -> dict[str, Any]:
    was, now = _said(before), _said(after)
    return {name: {"from": was[name], "to": now[name]} for name in now if was[name] != now[name]}


def _said(each: StoredClass) -> dict[str, Any]:
    said = {name: value for name, value in asdict(each).items() if name not in {"created_at", "updated_at"}}
    return {**said, "id": str(each.id), "weekdays": list(each.weekdays)}
