"""Classes of the organization: listing, creating and changing them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.errors import PermissionRequired
from api.access.rules import Permission, Principal
from api.audit import service as audit
from api.directory.class_entries import entries_of
from api.directory.list_queries import ClassQuery as ClassQuery
from api.directory.list_queries import ListedClass, listed_class
from api.directory.list_queries import list_changed_classes as list_changed_classes
from api.directory.list_queries import list_classes as list_classes
from api.directory.list_queries import list_locations as list_locations
from api.directory.list_queries import list_tags as list_tags
from api.directory.store_students import write_classes
from api.directory.student_queries import living_class_id, lock_making, require_class, stored_class
from api.directory.student_rules import ClassChanges, Classes, StoredClass
from api.directory.touched import lock_families_attending, touch_families_attending
from api.kit.database import database_time
from api.kit.errors import AlreadyExists, NotFound
from api.kit.ids import new_id
from api.live.service import announce_directory

NO_SUCH_CLASS = "There is no such class."


async def get_class(session: AsyncSession, organization_id: UUID, class_id: UUID) -> ListedClass:
    """Raises `NotFound`."""
    found = await listed_class(session, organization_id, class_id)
    if found is None:
        raise NotFound(NO_SUCH_CLASS)
    return found


async def create_class(session: AsyncSession, principal: Principal, given: Mapping[str, Any]) -> StoredClass:
    """Raises `PermissionRequired` (PERM-DIRECTORY), and `AlreadyExists` if there is such a class."""
    made = _cleared(StoredClass(id=new_id(), archived=False, **given))
    return await _write(session, principal, Classes(), ClassChanges([made], ()))


async def change_class(
    session: AsyncSession, principal: Principal, class_id: UUID, given: Mapping[str, Any]
) -> StoredClass:
    """Change, archive or bring back a class. Raises `NotFound`, and what `create_class` raises."""
    _require_directory(principal)
    await lock_making(session, principal.organization_id)
    await lock_families_attending(session, principal.organization_id, [class_id])
    row = await require_class(session, principal.organization_id, class_id)
    if row is None:
        raise NotFound(NO_SUCH_CLASS)
    before = stored_class(row)
    after = _cleared(replace(before, **given))
    if after == before:
        return before
    return await _write(session, principal, Classes({class_id: before}), ClassChanges((), [after]))


def _require_directory(principal: Principal) -> None:
    if Permission.DIRECTORY not in principal.permissions:
        raise PermissionRequired(Permission.DIRECTORY)


def _cleared(given: StoredClass) -> StoredClass:
    return replace(given, location=given.location or None)


async def _write(session: AsyncSession, principal: Principal, before: Classes, changes: ClassChanges) -> StoredClass:
    _require_directory(principal)
    organization_id = principal.organization_id
    at = await database_time(session)
    try:
        await write_classes(session, organization_id, changes, at=at)
    except IntegrityError as error:
        (written,) = (*changes.new, *changes.changed)
        await session.rollback()
        raise AlreadyExists(
            "There is a class with this name, days, time and location already.",
            existing_id=await living_class_id(session, organization_id, written.key),
            conflicting=["/name", "/weekdays", "/time", "/location"],
        ) from error
    await touch_families_attending(session, organization_id, [each.id for each in changes.changed], at=at)
    await audit.record(session, organization_id, *entries_of(principal.actor, before, changes), at=at)
    announce_directory(session, organization_id)
    (written,) = (*changes.new, *changes.changed)
    row = await require_class(session, organization_id, written.id)
    assert row is not None
    return stored_class(row)
