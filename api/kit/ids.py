"""Identifiers: UUIDv7, made by the application, so that rows sort by when they were made."""

import uuid

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """A new UUIDv7 (RFC 9562): time-ordered, and monotonic within one process."""
    return uuid_utils.compat.uuid7()
