"""Types on the wire that other slices use too."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from api.audit.rules import Actor
from api.directory.rules import Holder, OptInSource, OptInState, OwnerKind, StoredPhoneRecord


class OptIn(BaseModel):
    state: OptInState
    source: OptInSource | None
    changed_at: datetime | None
    changed_by: Actor | None


class PhoneRecordOut(BaseModel):
    model_config = {"title": "PhoneRecord"}

    id: UUID
    phone_number: str
    label: str | None
    opt_in: OptIn

    @classmethod
    def of(cls, record: StoredPhoneRecord) -> "PhoneRecordOut":
        return cls(
            id=record.id,
            phone_number=record.number,
            label=record.label,
            opt_in=OptIn(
                state=record.state,
                source=record.source,
                changed_at=record.changed_at,
                changed_by=Actor.stored(record.changed_by),
            ),
        )


class HolderOut(BaseModel):
    model_config = {"title": "Holder"}

    kind: OwnerKind
    id: UUID
    name: str
    contact_name: str | None
    phone_record_id: UUID

    @classmethod
    def of(cls, holder: Holder) -> "HolderOut":
        return cls(
            kind=holder.kind,
            id=holder.id,
            name=holder.name,
            contact_name=holder.contact_name,
            phone_record_id=holder.phone_record_id,
        )
