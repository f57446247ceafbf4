"""Fields that were added to the body of a creating request.

A request that is repeated under its `Idempotency-Key` after an upgrade is the same request: a field that it does not
know must not change its fingerprint (`kit.idempotency`). So such a field is left out where it has its default.
"""

from typing import Any

from pydantic import Field


def added(default: Any) -> Any:
    """The `Field` of one, with its default."""
    return Field(default=default, exclude_if=lambda value: value == default)
