"""SQL of `AudienceFilter`: which families and staff members fit it."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, cast, func, literal, select, union
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import InstrumentedAttribute

from api.access.models import StaffMember
from api.directory import search_rules
from api.directory.models import Enrollment, Family, RecordTag, Student, StudioClass
from api.directory.search_rules import DirectoryQuery
from api.directory.types import AudienceFilter
from api.kit.folding import fold_name

Model = type[Family] | type[StaffMember]


def conditions(
    model: Model, organization_id: UUID, given: AudienceFilter, columns: Any, *, with_archived: bool = False
) -> list[ColumnElement[bool]]:
    """All but the text of the search. `columns`: those of the model, or of a subquery that has its key.

    `with_archived`: archived records beside the living ones.
    """
    is_family = model is Family
    result: list[ColumnElement[bool]] = [columns.organization_id == organization_id]
    if given.archived:
        result.append(columns.archived_at.is_not(None))
    elif not with_archived:
        result.append(columns.archived_at.is_(None))
    if given.tag is not None:
        owner = RecordTag.family_id if is_family else RecordTag.staff_member_id
        result.append(columns.id.in_(_tagged(organization_id, owner, fold_name(given.tag))))
    if given.class_id is not None:
        result.append(columns.id.in_(_attending(organization_id, given.class_id)) if is_family else literal(False))
    if given.location is not None:
        result.append(columns.id.in_(_located(model, organization_id, given.location)))
    return result


def found_by(
    model: Model, organization_id: UUID, search: DirectoryQuery, *, columns: Any = None
) -> ColumnElement[bool]:
    """Whether a record is found by the text of a search."""
    columns = model if columns is None else columns
    condition = search_rules.condition(search, organization_id=organization_id)
    if not condition:
        # Signs alone, such as %, are in no word. They are searched literally in the records' own names.
        found: ColumnElement[bool] = columns.name.contains(search.text, autoescape=True)
        return found
    return matches(columns.search, condition)


def matches(column: Any, condition: str) -> ColumnElement[bool]:
    matching: ColumnElement[bool] = column.bool_op("@@")(cast(literal(condition), TSQUERY))
    return matching


def _tagged(organization_id: UUID, owner: InstrumentedAttribute[UUID | None], key: str) -> Select[Any]:
    return select(owner).where(
        RecordTag.organization_id == organization_id, RecordTag.key == cast(key, Text), owner.is_not(None)
    )


def _attending(organization_id: UUID, class_id: UUID) -> Select[Any]:
    return _enrolled(organization_id).where(Enrollment.class_id == class_id)


def _enrolled(organization_id: UUID) -> Select[Any]:
    return (
        select(Student.family_id)
        .join(
            Enrollment,
            (Enrollment.organization_id == Student.organization_id) & (Enrollment.student_id == Student.id),
        )
        .where(Enrollment.organization_id == organization_id)
    )


def _located(model: Model, organization_id: UUID, location: str) -> Any:
    own = select(model.id).where(model.organization_id == organization_id, is_at(model.location, location))
    if model is not Family:
        return own
    in_class = (
        _enrolled(organization_id)
        .join(
            StudioClass,
            (StudioClass.organization_id == Enrollment.organization_id) & (StudioClass.id == Enrollment.class_id),
        )
        .where(StudioClass.archived_at.is_(None), is_at(StudioClass.location, location))
    )
    return union(own, in_class)


def is_at(column: Any, location: str) -> ColumnElement[bool]:
    """As `kit.searchable.location_index` compares locations."""
    at: ColumnElement[bool] = func.lower(column) == func.lower(cast(location, Text))
    return at
