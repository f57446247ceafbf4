"""What the generated methods make of answers and keys."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from .errors import UnexpectedAnswer

if TYPE_CHECKING:
    from .generated.types import Response, Unset

Answer = TypeVar("Answer")

_etags: dict[int, tuple[weakref.ref[object], str]] = {}
"""By the id of a record that is alive. Records are compared by their fields, so they cannot be keys themselves."""


@contextmanager
def reading() -> Iterator[None]:
    """Raises `UnexpectedAnswer` for an answer that cannot be read: something else than the service has written it."""
    try:
        yield
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError) as error:
        raise UnexpectedAnswer(f"The answer is not what the document says. Is `base_url` right? {error!r}") from error


def parsed(response: Response[Answer]) -> Answer:
    """What a good answer holds. Raises `UnexpectedAnswer` for a status that the document does not have."""
    if response.parsed is None:
        raise UnexpectedAnswer(f"The service answered {int(response.status_code)}, which is not in its document.")
    tag = response.headers.get("ETag")
    if tag is not None:
        _remember(response.parsed, tag)
    return response.parsed


def _remember(record: object, tag: str) -> None:
    key = id(record)
    try:
        _etags[key] = (weakref.ref(record, lambda _: _etags.pop(key, None)), tag)
    except TypeError:  # A list, which no change goes back to.
        return


def etag(record: object) -> str | None:
    """The `ETag` of a record as a call has returned it, for `if_match` and `if_none_match`. None if it has none."""
    reference, tag = _etags.get(id(record), (None, None))
    return tag if reference is not None and reference() is record else None


def given_key(key: str | Unset | None) -> str:
    """The caller's key, or a new one: the repetitions of one call have the same."""
    return key if isinstance(key, str) else str(uuid4())
