"""The kind of a file, whether it is kept, and how it is shown: pure decisions."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.media.rules import (
    KINDS,
    MAX_ATTEMPTS,
    WORDS,
    Keep,
    Reason,
    Refuse,
    TryAgain,
    disposition,
    judge_content,
    judge_failure,
    kind_of,
)
from tests.support.media import PNG

FILES = {
    b"\xff\xd8\xff\xe0\x00\x10JFIF": "image/jpeg",
    PNG: "image/png",
    b"GIF87a\x01\x00": "image/gif",
    b"GIF89a<script>alert(1)</script>": "image/gif",
    b"RIFF\x24\x00\x00\x00WEBPVP8 ": "image/webp",
    b"RIFF\x24\x00\x00\x00WAVEfmt ": "audio/wav",
    b"\x00\x00\x00\x18ftypheic": "image/heic",
    b"\x00\x00\x00\x18ftypmp42": "video/mp4",
    b"\x00\x00\x00\x18ftypisom": "video/mp4",
    b"\x00\x00\x00\x18ftyp3gp5": "video/3gpp",
    b"\x00\x00\x00\x18ftypqt  ": "video/quicktime",
    b"\x00\x00\x00\x18ftypM4A ": "audio/mp4",
    b"ID3\x03": "audio/mpeg",
    b"#!AMR\n": "audio/amr",
    b"OggS\x00": "audio/ogg",
    b"%PDF-1.7": "application/pdf",
    b"BEGIN:VCARD\r\nVERSION:3.0": "text/vcard",
    b"\xef\xbb\xbfbegin:vcard\n": "text/vcard",
}


@pytest.mark.parametrize(("content", "content_type"), FILES.items(), ids=FILES.values())
def test_the_first_bytes_give_the_kind_of_a_file(content: bytes, content_type: str) -> None:
    assert judge_content(content) == Keep(content_type)


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<html>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b" \n<script>",
        b"alert(1)",
        b"MZ\x90\x00",
        b"\x7fELF",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"RIFF\x24\x00\x00\x00AVI ",
        b"BEGIN:VCALENDAR",
        b"BEGIN:VCARDISH",
        b"\x89PN",
        b"BM\x00\x00",
    ],
)
def test_files_that_could_run_and_unknown_files_are_refused(content: bytes) -> None:
    assert judge_content(content) == Refuse(Reason.KIND)


def test_an_empty_file_is_refused() -> None:
    assert judge_content(b"") == Refuse(Reason.EMPTY)


@given(st.binary(max_size=64))
def test_any_content_is_judged_and_a_kept_file_has_a_known_type(content: bytes) -> None:
    kind = kind_of(content)
    if kind is not None:
        assert KINDS[kind.content_type] is kind


@pytest.mark.parametrize("content_type", KINDS)
def test_only_raster_pictures_that_browsers_know_are_shown_in_place(content_type: str) -> None:
    inline = content_type in {"image/jpeg", "image/png", "image/gif", "image/webp"}
    assert disposition(content_type, position=1).startswith("inline; " if inline else "attachment; ")


def test_a_file_is_saved_under_a_name_that_we_give() -> None:
    assert disposition("image/jpeg", position=0) == 'inline; filename="picture-1.jpg"'
    assert disposition("application/pdf", position=2) == 'attachment; filename="file-3.pdf"'


def test_waits_grow_and_end() -> None:
    waits = [judge_failure(attempts) for attempts in range(1, MAX_ATTEMPTS)]
    seconds = [each.wait.total_seconds() for each in waits if isinstance(each, TryAgain)]
    assert seconds == sorted(seconds)
    assert len(seconds) == MAX_ATTEMPTS - 1
    assert timedelta(hours=5) < timedelta(seconds=sum(seconds)) < timedelta(hours=12)
    assert judge_failure(MAX_ATTEMPTS) == Refuse(Reason.NOT_FETCHED)


def test_every_reason_has_its_words() -> None:
    assert set(WORDS) == set(Reason)
