"""Wire models that other slices embed."""

from typing import Annotated

from pydantic import StringConstraints

from api.access.rules import MAX_PASSWORD, MIN_PASSWORD

Password = Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
"""A new password."""
