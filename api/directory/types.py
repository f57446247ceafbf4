"""Types on the wire that other slices use too."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.audit.rules import Actor
from api.directory.rules import Holder, OptInSource, OptInState, OwnerKind, StoredPhoneRecord
from api.directory.student_rules import Weekday


class OptIn(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    state: OptInState
    source: OptInSource | None
    changed_at: datetime | None
    changed_by: Actor | None


class PhoneRecordOut(BaseModel):
    model_config = ConfigDict(title="PhoneRecord", from_attributes=True)

    id: UUID
    phone_number: str
    label: str | None
    opt_in: OptIn

    @classmethod
    def of(cls, record: StoredPhoneRecord) -> "PhoneRecordOut":
        return PhoneRecordOut.model_validate(record)


class HolderOut(BaseModel):
    model_config = ConfigDict(title="Holder", from_attributes=True)

    kind: OwnerKind
    id: UUID
    name: str
    contact_name: str | None
    phone_record_id: UUID

    @classmethod
    def of(cls, holder: Holder) -> Self:
        return cls.model_validate(holder)


class ClassOut(BaseModel):
    """`time`: when it begins, `HH:MM` in the business's zone."""

    model_config = ConfigDict(title="Class", from_attributes=True)

    id: UUID
    name: str
    weekdays: list[Weekday]
    time: str | None
    room: str | None
    coach: str | None
    location: str | None
    archived: bool


class StudentOut(BaseModel):
    model_config = ConfigDict(title="Student", from_attributes=True)

    id: UUID
    name: str
    classes: list[ClassOut]
