"""Fields of families and staff members in requests and imported files. Pure."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from api.directory.rules import SETTABLE_SOURCES, OptInSource
from api.kit.text import SingleLine

Name = Annotated[SingleLine, StringConstraints(min_length=1, max_length=200)]
Short = Annotated[SingleLine, StringConstraints(min_length=1, max_length=60)]
ExternalId = Annotated[SingleLine, StringConstraints(min_length=1, max_length=200)]
Number = Annotated[SingleLine, StringConstraints(min_length=3, max_length=40)]
Email = Annotated[SingleLine, StringConstraints(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
MAX_RECORDS = 50
"""Contacts of a family, and phone records of a contact or staff member."""


def _settable(source: OptInSource) -> OptInSource:
    if source not in SETTABLE_SOURCES:
        raise ValueError("use portal, staff, verbal or import: the others are not for people to set")
    return source


SettableSource = Annotated[OptInSource, AfterValidator(_settable)]
"""How a person or an integration learnt of an opt-in state."""
