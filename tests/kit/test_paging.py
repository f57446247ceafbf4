"""Cursors: those of this service decode exactly; anything else is refused with one clear error."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.kit.errors import Invalid
from api.kit.paging import (
    decode_cursor,
    decode_number_cursor,
    encode_cursor,
    page_query,
)

ID = UUID("0195a1b2-0000-7000-8000-000000000001")
TIMES = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # Their zone.
STORABLE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=100)


def forged(value: object) -> str:
    """A cursor in the right encoding with any value inside."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def assert_refused(cursor: str) -> None:
    """Every decoder raises a validation error that points at the cursor."""
    for refuse in (
        lambda: decode_cursor(cursor, str, str, str, int),
        lambda: page_query(cursor=cursor).time_key(),
        lambda: page_query(cursor=cursor).name_key(),
        lambda: page_query(cursor=cursor).id_key(),
        lambda: decode_number_cursor(cursor, maximum=2**63 - 1),
    ):
        with pytest.raises(Invalid) as refused:
            refuse()
        assert refused.value.status == 422
        (error,) = refused.value.fields["errors"]
        assert error["pointer"] == "/query/cursor"


@settings(deadline=None)
@given(TIMES, st.uuids())
def test_a_cursor_over_time_and_id_decodes_exactly(at: datetime, row_id: UUID) -> None:
    assert page_query(cursor=encode_cursor(at, row_id)).time_key() == (at, row_id)


@settings(deadline=None)
@given(STORABLE, st.uuids())
def test_a_cursor_over_name_and_id_decodes_exactly(name: str, row_id: UUID) -> None:
    assert page_query(cursor=encode_cursor(name, row_id)).name_key() == (name, row_id)


@settings(deadline=None)
@given(st.uuids())
def test_a_cursor_over_ids_decodes_exactly(row_id: UUID) -> None:
    assert page_query(cursor=encode_cursor(row_id)).id_key() == row_id


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_a_cursor_over_a_number_decodes_exactly(seq: int) -> None:
    assert decode_number_cursor(encode_cursor(seq), maximum=2**63) == seq


@pytest.mark.parametrize("value", [[True], [False], [-1], [2**31], [10**400], [1.0], ["1"], [None]])
def test_a_number_of_another_type_or_out_of_range_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        decode_number_cursor(forged(value), maximum=2**31 - 1)


def test_a_cursor_keeps_microseconds_and_the_instant_of_another_zone() -> None:
    at = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=13)))
    assert page_query(cursor=encode_cursor(at, ID)).time_key() == (at, ID)


def test_a_cursor_is_safe_in_a_url() -> None:
    cursor = encode_cursor("Ōkāfor & sons?/+=#", ID)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1, max_size=200))
@example("=")
@example("A")
@example("\N{SNOWMAN}")
@example("\ud800")
@example("AAAA\n")
def test_any_text_is_refused_and_never_breaks_anything(cursor: str) -> None:
    assert_refused(cursor)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=100))
def test_any_bytes_in_base64url_are_refused(raw: bytes) -> None:
    assert_refused(base64.urlsafe_b64encode(raw).decode().rstrip("="))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [True],
        [True, True],
        [5, 5],
        ["2026-03-04T12:00:00+00:00", True],
        [20260304, str(ID)],
        [float("nan")],
        [float("inf"), str(ID)],
        5,
        "text",
        {},
        {"0": "x"},
        [],
        [None],
        [[]],
        [1.5],
        [None, None],
        [{}, str(ID)],
        ["2026-03-04T12:00:00+00:00"],
        ["2026-03-04T12:00:00+00:00", str(ID), 1],
        ["2026-03-04T12:00:00+00:00", "no id", 1],
        ["x", "no id"],
        [str(ID)[:-1]],
    ],
)
def test_json_of_another_shape_is_refused(value: object) -> None:
    assert_refused(forged(value))


@pytest.mark.parametrize(
    "at",
    [
        "yesterday",
        "",
        "2026-03-04T12:00:00",  # It has no zone.
        "2026-02-30T12:00:00+00:00",
        "0001-01-01T00:00:00+23:59",  # In UTC it is before the first instant of the calendar.
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+00:00",  # The driver reads the first and last instant as infinity.
        "9999-12-31T23:59:59.999999+00:00",
        "10000-01-01T00:00:00+00:00",
        1234567890,
        True,
    ],
)
def test_an_invalid_time_is_refused(at: object) -> None:
    with pytest.raises(Invalid):
        page_query(cursor=forged([at, str(ID)])).time_key()


@pytest.mark.parametrize("name", ["\x00", "a\x00b", "\ud800", "a\udfff"])
def test_a_name_that_the_database_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        page_query(cursor=forged([name, str(ID)])).name_key()


def test_a_cursor_of_thousands_of_brackets_is_refused() -> None:
    for nested in ("[" * 100_000, "[" * 100_000 + "]" * 100_000, "1" * 100_000, "[" + "9" * 5000 + "]"):
        assert_refused(base64.urlsafe_b64encode(nested.encode()).decode().rstrip("="))


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + "!", lambda c: "*" + c, lambda c: c + "=" * 4])
def test_a_cursor_that_was_changed_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(Invalid):
        page_query(cursor=change(encode_cursor(datetime(2026, 3, 4, tzinfo=UTC), ID))).time_key()


def test_a_page_holds_fifty_by_default() -> None:
    assert page_query().limit == 50
    assert page_query().cursor is None


def test_an_empty_cursor_is_the_first_page() -> None:
    paging = page_query(cursor="")
    assert (paging.id_key(), paging.time_key(), paging.name_key()) == (None, None, None)


def test_a_page_is_cut_at_its_limit_and_its_cursor_is_the_key_of_its_last_row() -> None:
    rows = [UUID(int=number) for number in range(4)]
    paging = page_query(limit=3, cursor=None)
    assert (paging.rows_to_read, paging.id_key(), paging.time_key(), paging.name_key()) == (4, None, None, None)

    shown, next_cursor = paging.cut(rows[: paging.rows_to_read], lambda row: (row,))

    assert (shown, next_cursor) == (rows[:3], encode_cursor(rows[2]))
    assert page_query(limit=3, cursor=next_cursor).id_key() == rows[2]
    assert paging.cut(rows[:3], lambda row: (row,)) == (rows[:3], None), "there is no next page"
