"""Types on the wire that other slices use too."""

from pydantic import BaseModel, ConfigDict


class LinkOut(BaseModel):
    model_config = ConfigDict(title="Link", from_attributes=True)

    label: str
    """The name that staff see."""
    url: str
    """The address for this record."""
