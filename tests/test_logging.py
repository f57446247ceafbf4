"""One log format for every line, ours and the libraries', without phone numbers, texts or passwords."""

import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.kit.connection import plain_url
from api.kit.database import Database
from api.kit.request_context import working_for
from api.logging import configure_logging
from api.scrubbing import message_of, scrub, traceback_of
from api.settings import Environment, LogFormat
from tests.support import postgres
from tests.support.service import service_settings

PARENT, BODY = "+13125550101", "Is Mia in the 4 pm class?"
URL = "https://user:pass@host/"


class Written:
    """The lines on standard error."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def lines(self) -> list[dict[str, Any]]:
        """Those since the last call."""
        return [json.loads(line) for line in self._captured.readouterr().err.splitlines()]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Written]:
    configure_logging(service_settings(tmp_path, log_level="info", log_format="json"))
    for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logging.getLogger(name).setLevel(logging.NOTSET)  # A server of another test may have set it.
    yield Written(capsys)
    configure_logging(service_settings(tmp_path, log_level="error"))


def test_lines_of_the_service_of_libraries_and_of_python_have_one_format(written: Written) -> None:
    with working_for("request-1"):
        structlog.get_logger("api.test").info("delivery.posted", message_id="1")
        for name in ("uvicorn.error", "asyncio", "sqlalchemy.pool", "alembic.runtime.migration"):
            logging.getLogger(name).warning("%s of %d", "text", 2)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)  # pytest has put its own way of showing warnings in the place of ours.
        logging.captureWarnings(True)
        warnings.warn("It is old.", stacklevel=1)
        logging.captureWarnings(False)
    own, *foreign, warning = written.lines()
    assert (own["event"], own["message_id"], own["level"]) == ("delivery.posted", "1", "info")
    assert {each["event"] for each in foreign} == {"text of 2"}
    assert [each["logger"] for each in foreign] == [
        "uvicorn.error",
        "asyncio",
        "sqlalchemy.pool",
        "alembic.runtime.migration",
    ]
    assert "It is old." in warning["event"]
    for line in (own, *foreign):
        assert line["timestamp"].endswith("Z")
        assert line["request_id"] == "request-1"
    for line in foreign:
        assert line["level"] == "warning"


def test_libraries_write_nothing_below_a_warning(written: Written) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://api.example/?To=%s", PARENT)
    assert written.lines() == []


def test_an_error_is_logged_with_its_causes_and_without_values(written: Written) -> None:
    secret = BODY  # A local variable must not be printed either.
    try:
        try:
            raise ValueError(f"no answer from {PARENT} at {URL}")
        except ValueError as error:
            raise RuntimeError("outer") from error
    except RuntimeError:
        structlog.get_logger("api.test").exception("worker.step_failed")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    lines = written.lines()
    assert len(lines) == 2
    for line in lines:
        assert line["level"] == "error"
        assert line["exception"].index("ValueError") < line["exception"].index("RuntimeError: outer")
        assert "test_logging.py" in line["exception"]
    everything = str(lines)
    assert PARENT not in everything
    assert "+…01" in everything
    assert "pass@" not in everything
    assert secret not in everything


async def test_what_the_database_says_of_a_row_is_not_logged(clone: postgres.Database, database: Database) -> None:
    """PostgreSQL's errors quote rows, and SQLAlchemy's quote those."""
    statement = text("SELECT CAST(:body AS uuid)")
    with pytest.raises(DBAPIError) as refused:
        async with database.transaction() as session:
            await session.execute(statement, {"body": BODY})
    shown = traceback_of(refused.value) + message_of(refused.value)
    assert "DataError" in shown
    assert BODY not in shown
    owner = await asyncpg.connect(plain_url(clone.owner_url))
    await owner.execute("CREATE TEMPORARY TABLE one (number text PRIMARY KEY)")
    await owner.execute("INSERT INTO one VALUES ($1)", PARENT)
    with pytest.raises(asyncpg.UniqueViolationError) as refused_number:
        await owner.execute("INSERT INTO one VALUES ($1)", PARENT)
    await owner.close()
    assert PARENT in str(refused_number.value), "This is what must not be logged."
    shown = traceback_of(refused_number.value)
    assert PARENT not in shown
    assert PARENT[-10:] not in shown
    assert "constraint_name one_pkey" in shown


def test_what_pydantic_says_of_an_input_is_not_logged() -> None:
    class Model(BaseModel):
        count: int

    with pytest.raises(ValidationError) as refused:
        Model.model_validate({"count": BODY})
    assert BODY in str(refused.value)
    assert message_of(refused.value) == "1 errors in Model (int_parsing)"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (f"/phone-numbers/{PARENT}", "/phone-numbers/+…01"),
        ("?phone_number=%2B13125550101&x=1", "?phone_number=+…01&x=1"),
        ("postgresql://gym:secret@db/x", "postgresql://gym:…@db/x"),
        ("1+2 and c++ at 2026-11-27T12:00:00+00:00", "1+2 and c++ at 2026-11-27T12:00:00+00:00"),
    ],
)
def test_phone_numbers_and_passwords_are_scrubbed(given: str, shown: str) -> None:
    assert scrub(given) == shown


def test_the_format_is_json_in_production_and_text_in_development(tmp_path: Path) -> None:
    production = {"environment": "production", "secret_key": "k" * 32, "trusted_proxies": "none"}
    assert service_settings(tmp_path).log_format is LogFormat.CONSOLE
    assert service_settings(tmp_path, **production).log_format is LogFormat.JSON
    settings = service_settings(tmp_path, **production, log_format="console")
    assert (settings.environment, settings.log_format) == (Environment.PRODUCTION, LogFormat.CONSOLE)


def test_a_text_that_is_not_unicode_is_logged_too(written: Written) -> None:
    structlog.get_logger("api.test").info("media.refused", name="\ud800")
    assert written.lines()[0]["name"] == "\ud800"
