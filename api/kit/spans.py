"""Spans around the work that traces show. Without tracing (`api.tracing`) they cost a comparison."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

Attributes = dict[str, str | int]
SpanMaker = Callable[[str, Attributes], AbstractContextManager[Any]]

_nothing: AbstractContextManager[None] = nullcontext()
_make: SpanMaker | None = None


def span(name: str, **attributes: str | int | None) -> AbstractContextManager[Any]:
    """A span of the current trace, or of a new one. Attributes are ids and counts, never content; None is left out."""
    if _make is None:
        return _nothing
    return _make(name, {f"messenger.{key}": value for key, value in attributes.items() if value is not None})


def make_spans_with(maker: SpanMaker | None) -> None:
    global _make
    _make = maker
