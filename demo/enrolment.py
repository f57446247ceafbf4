"""The rows of the demo gym's classes, students and tags."""

from datetime import datetime
from uuid import UUID

from api.directory.class_entries import entries_of
from api.directory.models import Enrollment, Family, RecordTag, Student, StudioClass
from api.directory.student_rules import ClassChanges, Classes, StoredClass, class_search
from api.kit.folding import fold_name
from api.kit.ids import new_id
from demo.business import Business
from demo.school import CLASSES, STUDENTS, tags_of


def open_classes(business: Business, *, by: str, at: datetime) -> dict[str, UUID]:
    """The id of each class by its key in `CLASSES`."""
    ids: dict[str, UUID] = {}
    for key, each in CLASSES.items():
        stored = StoredClass(
            id=new_id(),
            name=each.name,
            weekdays=each.weekdays,
            time=each.time,
            room=each.room,
            coach=each.coach,
            location=each.location,
            archived=False,
        )
        business.add(
            StudioClass,
            id=stored.id,
            name=stored.name,
            weekdays=[day.value for day in stored.weekdays],
            time=stored.time,
            room=stored.room,
            coach=stored.coach,
            location=stored.location,
            key=stored.key,
            search=class_search(stored.name, stored.weekdays, stored.room, stored.coach),
            created_at=at,
            updated_at=at,
        )
        business.record(at, *entries_of(business.actor(by), Classes(), ClassChanges([stored], ())))
        ids[key] = stored.id
    return ids


def enrol_students(business: Business, classes: dict[str, UUID]) -> None:
    for family in [row for row in business.rows if isinstance(row, Family)]:
        for position, (name, attended) in enumerate(STUDENTS.get(family.name, {}).items()):
            student = business.add(Student, family_id=family.id, name=name, position=position)
            for key in attended:
                row = Enrollment(organization_id=business.id, student_id=student.id, class_id=classes[key])
                business.rows.append(row)
        _tag(business, family.name, family_id=family.id)


def tag_staff(business: Business) -> None:
    for key, member in business.staff.items():
        _tag(business, key, staff_member_id=member.id)


def _tag(business: Business, name: str, **owner: UUID) -> None:
    for tag in tags_of(name):
        business.add(RecordTag, name=tag, key=fold_name(tag), **owner)
