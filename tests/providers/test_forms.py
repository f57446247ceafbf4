"""Forms are read as the standard library reads them, whatever they hold."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.providers.form_fields import MAX_FIELDS, form_fields

PIECES = st.sampled_from(
    [*"&=+%a; \x00", "%4", "%41", "%2B", "%26", "%3D", "%00", "%ED%A0%80", "%C3", "%A9", "é", "👍"]
)
FORMS = st.lists(PIECES | st.text(max_size=3).filter(lambda text: text.isascii() or text.isprintable()), max_size=30)


@given(FORMS)
def test_a_form_is_read_as_the_standard_library_reads_it(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert list(form_fields(text.encode())) == parse_qsl(text, keep_blank_values=True)


@given(st.binary(max_size=60))
def test_bytes_that_are_not_UTF_8_are_refused(body: bytes) -> None:
    try:
        expected = parse_qsl(body.decode(), keep_blank_values=True)
    except UnicodeDecodeError:
        with pytest.raises(ValueError, match="decode"):
            form_fields(body)
    else:
        assert list(form_fields(body)) == expected


def test_as_many_fields_as_the_limit_and_no_more() -> None:
    for letter in ("a", "é"):
        assert len(form_fields("&".join([letter] * MAX_FIELDS).encode())) == MAX_FIELDS
        with pytest.raises(ValueError, match="fields"):
            form_fields("&".join([letter] * (MAX_FIELDS + 1)).encode())
