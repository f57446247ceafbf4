"""Days and times of classes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.directory.student_rules import Weekday, class_key, read_time, read_weekday

TIMES = {
    "17:30": "17:30",
    "5:30 pm": "17:30",
    "5.30PM": "17:30",
    "5pm": "17:00",
    "12 am": "00:00",
    "12:15 p.m.": "12:15",
    " 9:05 ": "09:05",
}


def test_times_are_read_as_people_write_them() -> None:
    assert {text: read_time(text) for text in TIMES} == TIMES


@pytest.mark.parametrize("text", ["", "5", "24:00", "13 pm", "0 am", "9:60", "half past five", "17:30 and later"])
def test_a_text_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"17:30 or 5:30 pm"):
        read_time(text)


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        hour, minute = read_time(text).split(":")
    except ValueError:
        return
    assert 0 <= int(hour) < 24
    assert 0 <= int(minute) < 60


def test_days_are_read_whole_or_shortened_and_never_guessed() -> None:
    read = {"Tue": "tuesday", "TUESDAY": "tuesday", "th": "thursday", "sat.": "saturday", "t": "t", "s": "s", "x": "x"}
    assert {text: read_weekday(text) for text in read} == read


def test_a_class_is_the_same_whatever_the_order_of_its_days_and_the_typing_of_its_name() -> None:
    one = class_key("Lével  3", [Weekday.THURSDAY, Weekday.TUESDAY], "17:30", None)
    assert one == class_key("level 3", [Weekday.TUESDAY, Weekday.THURSDAY], "17:30", "")
    assert one != class_key("level 3", [Weekday.TUESDAY], "17:30", None)
