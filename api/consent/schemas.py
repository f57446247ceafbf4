"""What crosses the wire in the consent room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.audit.schemas import AuditActor
from api.consent.rules import Instance, OptInCheck, Reason
from api.directory.fields import SettableSource
from api.directory.models import PhoneRecord, Refusal
from api.directory.rules import OptInSource, OptInState, OwnerKind, RefusalCause
from api.directory.types import PhoneRecordOut
from api.kit.errors import Conflict, ProblemBody
from api.kit.phone import NumberOrSender
from api.kit.text import Body, storable

MAX_REPLACED = 50

NumberPath = Annotated[
    NumberOrSender, Path(description="A phone number, as the API returned it or as people write it.")
]


class OptInInstance(BaseModel):
    """A phone record that holds the number; or a refusal that outlived its record (OPTIN-REMOVED).

    A refusal has no `phone_record_id`; its names are those of then. `kind` and `owner_id` are null where nobody knows
    any more whose record it was.
    """

    phone_record_id: UUID | None
    kind: OwnerKind | None
    owner_id: UUID | None
    owner_name: str
    contact_name: str | None
    state: OptInState
    changed_at: datetime | None
    changed_by: AuditActor | None
    source: OptInSource | None
    archived: bool
    blocks: bool
    phone_number: str | None
    """The other spelling of the number that the record holds; null where it is the number that was asked about."""
    refusal_id: UUID | None
    removed: RefusalCause | None
    removed_at: datetime | None
    removed_by: AuditActor | None

    @classmethod
    def of(cls, instance: Instance) -> "OptInInstance":
        removal = instance.removal
        return cls(
            phone_record_id=instance.phone_record_id,
            kind=instance.kind,
            owner_id=instance.owner_id,
            owner_name=instance.owner_name,
            contact_name=instance.contact_name,
            state=instance.state,
            changed_at=instance.changed_at,
            changed_by=_actor(instance.changed_by),
            source=instance.source,
            archived=instance.archived,
            blocks=instance.blocks,
            phone_number=instance.phone_number,
            refusal_id=removal.refusal_id if removal else None,
            removed=removal.cause if removal else None,
            removed_at=removal.at if removal else None,
            removed_by=_actor(removal.by) if removal else None,
        )


def _actor(stored: dict[str, Any] | None) -> AuditActor | None:
    return AuditActor(**stored) if stored else None


class OptInCheckOut(BaseModel):
    model_config = ConfigDict(title="OptInCheck")

    phone_number: str
    allowed: bool
    reason: Reason
    note: str | None
    stopped_at: datetime | None
    stopped_as: str | None
    """The other spelling of the number that was stopped; null where it is the number itself."""
    instances: list[OptInInstance]

    @classmethod
    def stored(cls, decision: dict[str, Any]) -> "OptInCheckOut":
        """A decision as it was stored with a message. An earlier version stored fewer fields."""
        instances = [dict.fromkeys(OptInInstance.model_fields) | each for each in decision["instances"]]
        return cls.model_validate({"stopped_as": None} | decision | {"instances": instances})

    @classmethod
    def of(cls, check: OptInCheck) -> "OptInCheckOut":
        return cls(
            phone_number=check.phone_number,
            allowed=check.allowed,
            reason=check.reason,
            note=check.note,
            stopped_at=check.stopped_at,
            stopped_as=check.stopped_as,
            instances=[OptInInstance.of(each) for each in check.instances],
        )


class RefusalOut(BaseModel):
    """An opt-out that stays with a number (OPTIN-REMOVED), standing or lifted."""

    model_config = ConfigDict(title="Refusal")

    id: UUID
    kind: OwnerKind | None
    owner_id: UUID | None
    owner_name: str
    contact_name: str | None
    changed_at: datetime | None
    changed_by: AuditActor | None
    source: OptInSource | None
    removed: RefusalCause
    removed_at: datetime
    removed_by: AuditActor | None
    lifted_at: datetime | None
    lifted_by: AuditActor | None
    lift_reason: str | None
    replaced_by: UUID | None
    """The phone record whose consent replaced it."""

    @classmethod
    def of(cls, refusal: Refusal) -> "RefusalOut":
        return cls(
            id=refusal.id,
            kind=OwnerKind(refusal.kind) if refusal.kind else None,
            owner_id=refusal.owner_id,
            owner_name=refusal.owner_name,
            contact_name=refusal.contact_name,
            changed_at=refusal.changed_at,
            changed_by=_actor(refusal.changed_by),
            source=OptInSource(refusal.source) if refusal.source else None,
            removed=RefusalCause(refusal.cause),
            removed_at=refusal.removed_at,
            removed_by=_actor(refusal.removed_by),
            lifted_at=refusal.lifted_at,
            lifted_by=_actor(refusal.lifted_by),
            lift_reason=refusal.lift_reason,
            replaced_by=refusal.replaced_by,
        )


class PhoneRecordChanged(PhoneRecordOut):
    """The record, with the refusals that go on blocking its number whatever the record says."""

    model_config = ConfigDict(title="PhoneRecordChanged")

    refusals: list[RefusalOut]

    @classmethod
    def after(cls, record: PhoneRecord, number: str, refusals: Sequence[Refusal]) -> "PhoneRecordChanged":
        shown = PhoneRecordOut.of(record.stored(number))
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


class NotAllowedToTextBody(ProblemBody):
    model_config = ConfigDict(extra="allow", title="NotAllowedToTextProblem")

    check: OptInCheckOut


class NotAllowedToText(Conflict):
    """OPTIN-ALL refused it. The answer carries the check, which names what blocks."""

    type, title = "/problems/not-allowed-to-text", "This number may not be texted"
    body_model = NotAllowedToTextBody
