"""Removes what log lines and error reports must not hold: phone numbers, texts, passwords in URLs."""

import re
import traceback
from collections.abc import Iterator

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

MAX_MESSAGE_CHARACTERS = 500
MAX_CHAIN = 10

_PHONE_NUMBER = re.compile(r"(?:\+|%2[Bb])\d{5,13}(\d\d)")
_PASSWORD = re.compile(r"(://[^\s:/@]{0,64}):[^\s/@]{1,256}@")


def scrub(text: str) -> str:
    """The text with the last two digits of each phone number only, and without passwords in URLs."""
    if "+" in text or "%2" in text:
        text = _PHONE_NUMBER.sub(r"+…\1", text)
    return _PASSWORD.sub(r"\1:…@", text) if "://" in text else text


def message_of(error: BaseException) -> str:
    """An error's message without values. What the database and pydantic say quotes rows and input."""
    if isinstance(error, ValidationError):
        kinds = ", ".join(sorted({each["type"] for each in error.errors(include_input=False, include_context=False)}))
        return f"{error.error_count()} errors in {error.title} ({kinds})"
    if _is_of_database(error):
        return _database_error(error)
    return scrub(str(error)[:MAX_MESSAGE_CHARACTERS])


def _is_of_database(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) or type(error).__module__.startswith(("asyncpg", "sqlalchemy.dialects"))


def _database_error(error: BaseException) -> str:
    """The driver's error by its type, state and constraint. Its message quotes values."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    while not type(error).__module__.startswith("asyncpg") and error.__cause__ is not None:
        error = error.__cause__
    said = {name: getattr(error, name, None) for name in ("sqlstate", "table_name", "column_name", "constraint_name")}
    return ", ".join([type(error).__name__, *(f"{name} {value}" for name, value in said.items() if value)])


def traceback_of(error: BaseException) -> str:
    """The stack trace of an error and of its causes, with scrubbed messages and no local variables."""
    return "\n".join(reversed(list(_traces(error))))


def _traces(error: BaseException | None) -> Iterator[str]:
    """The newest first."""
    for _ in range(MAX_CHAIN):
        if error is None:
            return
        frames = "".join(traceback.format_tb(error.__traceback__))
        name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        yield f"Traceback (most recent call last):\n{frames}{name}: {message_of(error)}"
        if isinstance(error, BaseExceptionGroup):
            yield from (trace for each in error.exceptions[:MAX_CHAIN] for trace in _traces(each))
        if _is_of_database(error):
            return
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
