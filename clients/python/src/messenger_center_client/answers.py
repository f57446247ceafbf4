"""What the generated methods make of answers and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from .errors import UnexpectedAnswer

if TYPE_CHECKING:
    from .generated.types import Response, Unset

Answer = TypeVar("Answer")


def parsed(response: Response[Answer]) -> Answer:
    """What a good answer holds. Raises `UnexpectedAnswer` for a status that the document does not have."""
    if response.parsed is None:
        raise UnexpectedAnswer(f"The service answered {int(response.status_code)}, which is not in its document.")
    return response.parsed


def given_key(key: str | Unset | None) -> str:
    """The caller's key, or a new one: the repetitions of one call have the same."""
    return key if isinstance(key, str) else str(uuid4())
