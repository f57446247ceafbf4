"""Plans the students of a family: stored and wanted ones in, the rows to write out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from api.directory.matching import match_rows
from api.directory.places import NotPlanned
from api.directory.student_rules import Classes, StoredStudent, WantedClass, WantedStudent
from api.kit.ids import new_id


class StudentRow(NamedTuple):
    id: UUID
    family_id: UUID
    name: str
    position: int


@dataclass(frozen=True)
class StudentPlan:
    new_students: list[StudentRow] = field(default_factory=list)
    students: list[StudentRow] = field(default_factory=list)
    removed_students: list[UUID] = field(default_factory=list)
    enrolled: list[tuple[UUID, UUID]] = field(default_factory=list)
    """(student, class)."""
    left: list[tuple[UUID, UUID]] = field(default_factory=list)
    """(student, class)."""
    classes: list[tuple[UUID, WantedClass]] = field(default_factory=list)
    """Classes that are given by name: their room and coach may be new, or they themselves."""

    @property
    def changes(self) -> dict[str, object]:
        """For the audit log: ids and no names, since students are mostly children."""
        changed = {each.id for each in self.students} | {each for each, _ in (*self.enrolled, *self.left)}
        new = {each.id for each in self.new_students}
        said = {
            "students_added": sorted(map(str, new)),
            "students_changed": sorted(map(str, changed - new)),
            "students_removed": sorted(map(str, self.removed_students)),
        }
        return {name: ids for name, ids in said.items() if ids}


def plan_students(
    family_id: UUID, wanted: Sequence[WantedStudent], stored: Sequence[StoredStudent], classes: Classes
) -> StudentPlan:
    """Make the family's students the wanted ones. Raises `NotPlanned`."""
    plan = StudentPlan()
    by_key = classes.by_key()
    matched = match_rows(stored, wanted, unknown="This is not one of the family's students.")
    kept = {found.id for found in matched if found is not None}
    plan.removed_students.extend(each.id for each in stored if each.id not in kept)
    for position, (given, found) in enumerate(zip(wanted, matched, strict=True)):
        row = StudentRow(found.id if found else new_id(), family_id, given.name, position)
        if found is None:
            plan.new_students.append(row)
        elif (given.name, position) != (found.name, found.position):
            plan.students.append(row)
        if given.classes is not None:
            _enroll(plan, row.id, given.classes, found, classes, by_key)
    return plan


def _enroll(
    plan: StudentPlan,
    student_id: UUID,
    wanted: Sequence[WantedClass],
    found: StoredStudent | None,
    classes: Classes,
    by_key: Mapping[str, UUID],
) -> None:
    attended = {each.id for each in found.classes} if found else set()
    chosen: set[UUID] = set()
    for each in wanted:
        class_id = each.id or by_key[each.key]
        if each.id is not None and (each.id not in classes.stored or classes.stored[each.id].archived):
            raise NotPlanned(each.place, "There is no such class.")
        if each.id is None:
            plan.classes.append((class_id, each))
        chosen.add(class_id)
    plan.enrolled.extend((student_id, each) for each in sorted(chosen - attended))
    plan.left.extend((student_id, each) for each in sorted(attended - chosen))
