"""Identifiers: UUIDv7, made by the application, so that rows sort by when they were made."""

import uuid
from datetime import datetime

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """A new UUIDv7 (RFC 9562): time-ordered, and monotonic within one process."""
    return uuid_utils.compat.uuid7()


def first_id_at(moment: datetime) -> uuid.UUID:
    """The lowest id that could be made at `moment`, to the millisecond."""
    return uuid.UUID(int=max(int(moment.timestamp() * 1000), 0) << 80)
