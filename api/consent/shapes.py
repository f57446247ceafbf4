"""Wire models that other slices embed in their own: a check, its instances, a refusal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.audit.rules import Actor
from api.consent.rules import Instance, OptInCheck, Reason
from api.directory.models import Refusal
from api.directory.rules import OptInSource, OptInState, OwnerKind, RefusalCause
from api.kit.errors import ProblemBody


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
    changed_by: Actor | None
    source: OptInSource | None
    archived: bool
    blocks: bool
    phone_number: str | None
    """The other spelling of the number that the record holds; null where it is the number that was asked about."""
    refusal_id: UUID | None
    removed: RefusalCause | None
    removed_at: datetime | None
    removed_by: Actor | None

    @classmethod
    def of(cls, instance: Instance) -> "OptInInstance":
        return cls.model_validate(instance.as_json())


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
    def of(cls, check: OptInCheck) -> "OptInCheckOut":
        return cls.model_validate(check.as_json())

    @classmethod
    def stored(cls, decision: dict[str, Any]) -> "OptInCheckOut":
        """A decision that was stored with a message. Earlier versions stored fewer fields."""
        instances = [dict.fromkeys(OptInInstance.model_fields) | each for each in decision["instances"]]
        return cls.model_validate({"stopped_as": None} | decision | {"instances": instances})


class RefusalOut(BaseModel):
    """An opt-out that stays with a number (OPTIN-REMOVED), standing or lifted."""

    model_config = ConfigDict(title="Refusal")

    id: UUID
    kind: OwnerKind | None
    owner_id: UUID | None
    owner_name: str
    contact_name: str | None
    changed_at: datetime | None
    changed_by: Actor | None
    source: OptInSource | None
    removed: RefusalCause
    removed_at: datetime
    removed_by: Actor | None
    lifted_at: datetime | None
    lifted_by: Actor | None
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
            changed_by=Actor.stored(refusal.changed_by),
            source=OptInSource(refusal.source) if refusal.source else None,
            removed=RefusalCause(refusal.cause),
            removed_at=refusal.removed_at,
            removed_by=Actor.stored(refusal.removed_by),
            lifted_at=refusal.lifted_at,
            lifted_by=Actor.stored(refusal.lifted_by),
            lift_reason=refusal.lift_reason,
            replaced_by=refusal.replaced_by,
        )


class NotAllowedToTextBody(ProblemBody):
    model_config = ConfigDict(extra="allow", title="NotAllowedToTextProblem")

    check: OptInCheckOut
