"""What the document says of texts and of fields that belong together is what the validators do."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter, ValidationError

from api.directory.fields import ClassTime
from api.directory.wanted import StudentClassIn
from api.kit.countries import COUNTRY_NAMES
from api.kit.text import NOT_BLANK, Length, SingleLine
from api.kit.times import Moment
from api.notes.schemas import MentionsRead, NoteBody
from api.prices.schemas import Country
from api.saved_replies.schemas import FillIn

ID = "01a221b5-3d0e-7039-831f-0c88970d6389"


def agree(validated: TypeAdapter[Any], value: object) -> bool:
    """Whether the value is accepted, which the schema and the validator have to say alike."""
    published = Draft202012Validator(validated.json_schema()).is_valid(value)
    try:
        validated.validate_python(value)
    except ValidationError:
        assert not published, value
        return False
    assert published, value
    return True


LINES = [TypeAdapter(Annotated[SingleLine, Length(least, 6)]) for least in range(5)]


@given(st.text("\t\n\x1f \x85\u2028\u3000\xa0a\x00\x7fé", max_size=8), st.sampled_from(LINES))
def test_a_line_is_accepted_as_published(text: str, line: TypeAdapter[str]) -> None:
    agree(line, text)


@given(st.text("\n a\x00é", max_size=4))
def test_a_note_is_accepted_as_published(text: str) -> None:
    assert agree(TypeAdapter(NoteBody), text) == bool(text.strip() and "\x00" not in text), NOT_BLANK


@given(st.from_regex(r"[0-2]?[0-9]([:.][0-6][0-9])?( ?[aApP]\.?[mM]\.?)?", fullmatch=True))
def test_a_time_of_the_day_is_accepted_as_published(text: str) -> None:
    agree(TypeAdapter(ClassTime), text)


def test_a_country_is_accepted_as_published() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    accepted = {one + two for one in letters for two in letters if agree(TypeAdapter(Country), one + two)}
    assert accepted == set(COUNTRY_NAMES)


@pytest.mark.parametrize(
    ("year", "accepted"), [("0000", False), ("0001", False), ("0002", True), ("9998", True), ("9999", False)]
)
def test_a_time_is_accepted_as_published(year: str, accepted: bool) -> None:
    assert agree(TypeAdapter(Moment), f"{year}-06-01T12:00:00Z") is accepted


@pytest.mark.parametrize(
    ("model", "one", "other"),
    [
        (StudentClassIn, {"id": ID}, {"name": "Level 1"}),
        (MentionsRead, {"mention_ids": [ID]}, {"conversation_id": ID}),
        (FillIn, {"conversation_id": ID}, {"phone_number": "+13125550101"}),
    ],
)
def test_one_of_two_fields_is_accepted_as_published(
    model: type[BaseModel], one: dict[str, Any], other: dict[str, Any]
) -> None:
    body = TypeAdapter(model)
    nothing: dict[str, Any] = {name: [] if isinstance(value, list) else None for name, value in one.items()}
    assert [agree(body, each) for each in (one, other, one | dict.fromkeys(other), other | nothing)] == [True] * 4
    assert [agree(body, each) for each in ({}, nothing, one | other)] == [False] * 3
