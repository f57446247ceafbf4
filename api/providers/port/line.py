"""The line on whose behalf a provider is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class LineAccess:
    """A line for its adapter: its number and its credentials in clear."""

    line_id: UUID
    phone_number: str
    credentials: Mapping[str, str]
