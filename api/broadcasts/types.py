"""Wire models of audiences. A mass text and a saved audience store them as they came."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.broadcasts.rules import MAX_GIVEN, Contacts
from api.directory.types import AudienceFilter
from api.kit.phone import MAX_TYPED
from api.kit.published import NO_ITEMS, NULL, not_all_empty
from api.kit.request_models import RequestModel
from api.kit.text import Body

MAX_AUDIENCES = 20

GivenNumber = Annotated[Body, StringConstraints(min_length=1, max_length=MAX_TYPED)]
GivenExternalId = Annotated[Body, StringConstraints(min_length=1, max_length=200)]


class SavedAudienceDescription(RequestModel):
    """Families and staff by filter, and numbers and external ids one by one: everybody who fits one of these."""

    model_config = ConfigDict(
        json_schema_extra=not_all_empty(families=NULL, staff_members=NULL, numbers=NO_ITEMS, external_ids=NO_ITEMS)
    )

    families: AudienceFilter | None = None
    """Families that fit. Null: none by filter; an empty filter: all."""
    staff_members: AudienceFilter | None = None
    """Staff members that fit. Null: none by filter; an empty filter: all."""
    numbers: Annotated[list[GivenNumber], Field(max_length=MAX_GIVEN)] = []
    """As people write them."""
    external_ids: Annotated[list[GivenExternalId], Field(max_length=MAX_GIVEN)] = []
    """Of families and staff members."""
    contacts: Contacts = Contacts.ALL
    """Whom of a family it reaches: every number, or the first that may be texted."""


class AudienceDescription(SavedAudienceDescription):
    """With saved audiences: these count as if their descriptions were given here, but for `contacts`."""

    model_config = ConfigDict(
        title="AudienceDescription",
        json_schema_extra=not_all_empty(
            families=NULL, staff_members=NULL, numbers=NO_ITEMS, external_ids=NO_ITEMS, audience_ids=NO_ITEMS
        ),
    )

    audience_ids: Annotated[list[UUID], Field(max_length=MAX_AUDIENCES)] = []
    """Ids of saved audiences."""

    def parts(self, saved: Sequence[SavedAudienceDescription]) -> Sequence[SavedAudienceDescription]:
        return (self, *saved)

    @property
    def is_empty(self) -> bool:
        filters = (self.families, self.staff_members)
        return all(each is None for each in filters) and not (self.numbers or self.external_ids or self.audience_ids)


class AudienceFilterOut(BaseModel):
    """As `AudienceFilter`, with every field."""

    q: str | None
    """Words of names, or a phone number or part of it."""
    tag: str | None
    """Records with this tag."""
    class_id: UUID | None
    location: str | None
    """Records of this location."""
    archived: bool
    """Archived records instead of living ones."""


class SavedAudienceOut(BaseModel):
    """As `SavedAudienceDescription`, with every field. The numbers are in their one spelling."""

    families: AudienceFilterOut | None
    """Families that fit. Null: none by filter."""
    staff_members: AudienceFilterOut | None
    """Staff members that fit. Null: none by filter."""
    numbers: list[str]
    """Numbers given one by one, in E.164."""
    external_ids: list[str]
    """External ids of families and staff members."""
    contacts: Contacts
    """Whom of a family it reaches: every number, or the first that may be texted."""

    @classmethod
    def stored(cls, audience: Mapping[str, Any]) -> Self:
        """A field that is younger than the stored audience has its default."""
        model = AudienceDescription if "audience_ids" in cls.model_fields else SavedAudienceDescription
        return cls.model_validate(model.model_validate(audience).model_dump())


class AudienceDescriptionOut(SavedAudienceOut):
    """As `AudienceDescription`, with every field."""

    audience_ids: list[UUID]
    """Ids of saved audiences."""
