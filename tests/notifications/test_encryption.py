"""RFC 8291, Appendix A: the same key, salt and text give the same body."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api.notifications.encryption import MAX_PLAIN_BYTES, RECORD_BYTES, encrypt, encrypt_with
from tests.notifications.browser_half import decrypt

PLAIN = b"When I grow up, I want to be a watermelon"
OUR_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
THEIR_KEY = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
THEIR_POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH_SECRET = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
    "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def decoded(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def private(value: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decoded(value)), ec.SECP256R1())


def test_the_example_of_the_standard() -> None:
    body = encrypt_with(
        PLAIN,
        public_key=decoded(THEIR_POINT),
        auth_secret=decoded(AUTH_SECRET),
        ours=private(OUR_KEY),
        salt=decoded(SALT),
    )
    assert body == decoded(BODY)
    assert decrypt(body, key=private(THEIR_KEY), auth_secret=decoded(AUTH_SECRET)) == PLAIN


def test_the_longest_notification_fills_one_record() -> None:
    options = {"public_key": decoded(THEIR_POINT), "auth_secret": decoded(AUTH_SECRET)}
    longest = encrypt(b"x" * MAX_PLAIN_BYTES, **options)
    assert len(longest) == RECORD_BYTES
    assert decrypt(longest, key=private(THEIR_KEY), auth_secret=decoded(AUTH_SECRET)) == b"x" * MAX_PLAIN_BYTES
    with pytest.raises(ValueError, match="bytes"):
        encrypt(b"x" * (MAX_PLAIN_BYTES + 1), **options)


def test_a_point_that_is_not_on_the_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="EC key"):
        encrypt(PLAIN, public_key=b"\x04" + b"\x01" * 64, auth_secret=decoded(AUTH_SECRET))
