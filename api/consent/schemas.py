"""Wire models of the consent routes."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.consent.rules import NewOptIn
from api.consent.shapes import OptInCheckOut, RefusalOut
from api.directory.models import PhoneRecord, Refusal
from api.directory.rules import OptInState
from api.directory.schemas import PhoneRecordOut, SettableSource
from api.kit.phone import NumberOrSender
from api.kit.text import Body, storable

MAX_REPLACED = 50


class PhoneRecordChanged(PhoneRecordOut):
    """The record, with the refusals that go on blocking its number whatever the record says."""

    model_config = ConfigDict(title="PhoneRecordChanged")

    refusals: list[RefusalOut]

    @classmethod
    def after(cls, record: PhoneRecord, number: str, refusals: Sequence[Refusal]) -> "PhoneRecordChanged":
        shown = PhoneRecordOut.of(record, number)
        return cls(**dict(shown), refusals=[RefusalOut.of(each) for each in refusals])


Evidence = Annotated[Body, StringConstraints(max_length=2000)]


class OptInChange(BaseModel):
    """`wording` is what the person was shown or told, if anything.

    Consent may replace refusals that stayed with the number: `replaces_refusals` names each of them. Those that it does
    not name go on blocking.
    """

    state: OptInState
    source: SettableSource
    wording: Evidence | None = None
    note: Evidence | None = None
    replaces_refusals: Annotated[list[UUID], Field(max_length=MAX_REPLACED)] = []

    def wanted(self) -> NewOptIn:
        return NewOptIn(
            state=self.state,
            source=self.source,
            wording=self.wording,
            note=self.note,
            replaces_refusals=self.replaces_refusals,
        )


LiftReason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(storable)
]


class RefusalLift(BaseModel):
    """Exactly one of both: an administrator's `reason`, or the phone record whose consent replaces the refusal."""

    reason: LiftReason | None = None
    replaced_by: UUID | None = None


class OptInChecksIn(BaseModel):
    """Without `line_id`, the oldest line in service."""

    phone_numbers: Annotated[list[NumberOrSender], Field(max_length=1000)]
    line_id: UUID | None = None


class OptInChecks(BaseModel):
    """One check for each number asked about, in that order."""

    items: list[OptInCheckOut]
