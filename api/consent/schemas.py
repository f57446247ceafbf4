"""Wire models of the consent routes."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.consent.bulk_checks import CheckedEntry
from api.consent.types import OptInCheckOut, RefusalOut
from api.directory.fields import SettableSource
from api.directory.models import PhoneRecord, Refusal
from api.directory.rules import OptInState
from api.directory.types import PhoneRecordOut
from api.kit.published import NULL, exactly_one
from api.kit.request_models import RequestModel
from api.kit.text import Body, Reason

MAX_REPLACED = 50


class PhoneRecordChanged(PhoneRecordOut):
    """The record, and the standing refusals of its number: they block it whatever the record says."""

    model_config = ConfigDict(title="PhoneRecordChanged")

    refusals: list[RefusalOut]
    """The standing refusals of the number."""

    @classmethod
    def after(cls, record: PhoneRecord, number: str, refusals: Sequence[Refusal]) -> "PhoneRecordChanged":
        shown = PhoneRecordOut.of(record.stored(number))
        return cls(**dict(shown), refusals=[RefusalOut.model_validate(each) for each in refusals])


Evidence = Annotated[Body, StringConstraints(max_length=2000)]


class OptInChange(RequestModel):
    """`wording`: what the person was shown or told, if anything.

    Consent replaces the refusals that `replaces_refusals` names. The number's other refusals continue to block it.
    """

    state: OptInState
    """The new state of the record."""
    source: SettableSource
    """How the state is known."""
    wording: Evidence | None = None
    """What the person was shown or told."""
    note: Evidence | None = None
    """A note for colleagues."""
    replaces_refusals: Annotated[list[UUID], Field(max_length=MAX_REPLACED)] = []
    """Refusals of the number that this consent replaces."""


class RefusalLift(RequestModel):
    """Exactly one of both: an administrator's `reason`, or the phone record whose consent replaces the refusal."""

    model_config = ConfigDict(json_schema_extra=exactly_one(reason=NULL, replaced_by=NULL))

    reason: Reason | None = None
    """Why an administrator lifts it."""
    replaced_by: UUID | None = None
    """The phone record whose consent replaces it."""


class OptInChecksIn(RequestModel):
    """Without `line_id`, the oldest line in service."""

    phone_numbers: Annotated[list[Body], Field(max_length=1000)]
    """In E.164, or as dialled in the organization's country."""
    line_id: UUID | None = None
    """The line that would text them."""


class BulkOptInCheck(OptInCheckOut):
    """The check of one entry. Its `phone_number` is the entry's number; of one that cannot be read, its text."""

    model_config = ConfigDict(title="BulkOptInCheck")

    error: str | None
    """Why the entry cannot be read, for people. Null if it was read."""

    @classmethod
    def of_entry(cls, entry: CheckedEntry) -> "BulkOptInCheck":
        return cls.model_validate({**entry.check.as_json(), "error": entry.error})


class OptInChecks(BaseModel):
    """One check for each entry of the request, in its order."""

    items: list[BulkOptInCheck]
    """The checks."""
