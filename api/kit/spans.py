"""Spans around the work that traces show. Without tracing (`api.tracing`) they cost a comparison."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

Attributes = dict[str, str | int]
SpanMaker = Callable[[str, Attributes], AbstractContextManager[Any]]

_nothing: AbstractContextManager[None] = nullcontext()
_make: SpanMaker | None = None
_trace_id: Callable[[], str | None] | None = None


def span(name: str, **attributes: str | int | None) -> AbstractContextManager[Any]:
    """A span of the current trace, or of a new one. Attributes are ids and counts, never content; None is left out."""
    if _make is None:
        return _nothing
    return _make(name, {f"messenger.{key}": value for key, value in attributes.items() if value is not None})


def current_trace_id() -> str | None:
    """The id of the trace that this code works in, in hexadecimal. None: in none."""
    return None if _trace_id is None else _trace_id()


def make_spans_with(maker: SpanMaker, *, trace_id: Callable[[], str | None]) -> None:
    global _make, _trace_id
    _make, _trace_id = maker, trace_id


def make_no_spans() -> None:
    global _make, _trace_id
    _make = _trace_id = None
