"""Secrets at rest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.kit.secrets import SecretBox, UnreadableSecretError, equal, hash_token, new_token

CREDENTIALS = {"account_sid": "AC1", "auth_token": "t0ken-that-nobody-may-read"}


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=20), st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=4))
def test_a_sealed_value_opens_unchanged(key: str, value: dict[str, str]) -> None:
    sealed = SecretBox(key.encode("utf-8", "replace").decode()).seal(value)
    assert SecretBox(key.encode("utf-8", "replace").decode()).open(sealed) == value


def test_a_sealed_value_is_not_readable() -> None:
    sealed = SecretBox("key").seal(CREDENTIALS)
    for part in (*CREDENTIALS, *CREDENTIALS.values()):
        assert part.encode() not in sealed
    assert SecretBox("key").seal(CREDENTIALS) != sealed, "the same credentials are never sealed to the same bytes"


def test_another_key_fails_and_names_the_setting() -> None:
    sealed = SecretBox("key").seal(CREDENTIALS)
    with pytest.raises(UnreadableSecretError, match="MESSENGER_SECRET_KEY") as refused:
        SecretBox("Key").open(sealed)
    assert "t0ken" not in str(refused.value)


@pytest.mark.parametrize("position", [0, 1, 9, 25, 60, -1])
def test_an_altered_byte_fails(position: int) -> None:
    sealed = bytearray(SecretBox("key").seal(CREDENTIALS))
    sealed[position] = ord("A") if sealed[position] != ord("A") else ord("B")
    with pytest.raises(UnreadableSecretError):
        SecretBox("key").open(bytes(sealed))


@pytest.mark.parametrize("garbage", [b"", b"x", b"\x00\xff", b"=" * 100, b"gAAAAA"])
def test_any_other_bytes_fail(garbage: bytes) -> None:
    with pytest.raises(UnreadableSecretError):
        SecretBox("key").open(garbage)


def test_tokens_are_long_distinct_and_url_safe() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)


def test_a_token_s_hash_is_sha_256() -> None:
    """Stored hashes must match for ever."""
    assert hash_token("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("a", "a", True),
        ("a", b"a", True),
        (b"a", b"a", True),
        ("ā", "ā".encode(), True),
        ("a", "b", False),
        ("a", "aa", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_comparison_is_by_content(left: str | bytes, right: str | bytes, same: bool) -> None:
    assert equal(left, right) is same
