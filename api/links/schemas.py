"""Bodies and answers of the routes of links."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.kit.published import Published
from api.kit.request_models import RequestModel
from api.kit.text import Length, SingleLine
from api.links.rules import HTTPS_ADDRESS, MAX_LINKS, MAX_TEMPLATE, template_problem


def _allowed(template: str) -> str:
    problem = template_problem(template)
    if problem is not None:
        raise ValueError(problem)
    return template


Label = Annotated[SingleLine, Length(1, 40)]
UrlTemplate = Annotated[
    SingleLine,
    Length(1, MAX_TEMPLATE),
    AfterValidator(_allowed),
    Published(HTTPS_ADDRESS),
    Field(
        description="An https address. {external_id}, {family_id}, {staff_member_id}, {name} and {phone_number} become "
        "the record's, percent-encoded. A link is left out for a record without the value."
    ),
]


class LinkTemplateModel(RequestModel):
    model_config = ConfigDict(title="LinkTemplate", from_attributes=True)

    label: Label
    """The name that staff see."""
    url_template: UrlTemplate


class LinksIn(RequestModel):
    links: Annotated[list[LinkTemplateModel], Field(max_length=MAX_LINKS)]
    """All links of the organization, in their order. Others are removed."""


class LinkTemplateOut(BaseModel):
    model_config = ConfigDict(title="StoredLinkTemplate", from_attributes=True)

    label: str
    """The name that staff see."""
    url_template: str
    """The address, with fields in braces."""


class LinksOut(BaseModel):
    links: list[LinkTemplateOut]
    """All links of the organization, in their order."""
