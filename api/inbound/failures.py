"""Says why an event could not be applied, without its content."""

import traceback
from pathlib import Path

from sqlalchemy.exc import DBAPIError

API = Path(__file__).resolve().parent.parent


def in_words(error: Exception) -> str:
    """For administrators and for the log. A database's own message quotes the row, so it is not repeated."""
    if isinstance(error, DBAPIError):
        cause = error.orig.__cause__ if error.orig is not None else None
        refusal = type(cause or error).__name__
        constraint = getattr(cause, "constraint_name", None)
        return f"The database refused it ({refusal}{f', {constraint}' if constraint else ''})."
    return f"An unforeseen error stopped it ({type(error).__name__})."


def place(error: Exception) -> str:
    """Where in our own code it was raised, for the log."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(API)]
    return f"{Path(own[-1].filename).relative_to(API)}:{own[-1].lineno}" if own else "unknown"
