"""Byte ranges, which players of sound and video ask for."""

import pytest

from api.media.ranges import Range, Unsatisfiable, read_range
from api.providers.port import FetchedMedia
from tests.support.media import CONTACT, picture_fields, settle_media
from tests.support.world import World

PARENT = "+13125550101"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("lines=0-1", None),
        ("bytes=0-1,3-4", None),
        ("bytes=5-2", None),
        ("bytes=0-1", Range(0, 1)),
        ("bytes=0-", Range(0, 9)),
        ("bytes=4-999", Range(4, 9)),
        ("bytes=-3", Range(7, 9)),
        ("bytes=-99", Range(0, 9)),
        ("bytes=-0", Unsatisfiable()),
        ("bytes=10-", Unsatisfiable()),
        ("bytes=" + "9" * 5000 + "-", None),
    ],
)
def test_one_range_is_read_and_anything_else_is_the_whole_file(given: str | None, expected: object) -> None:
    assert read_range(given, size=10) == expected


async def test_a_player_gets_the_part_that_it_asks_for(world: World) -> None:
    await world.text(PARENT, "", **picture_fields("https://api.twilio.com/contact", content_type="text/vcard"))
    await settle_media(world, FetchedMedia(CONTACT))
    (message,) = await world.thread((await world.conversation(PARENT))["id"])
    url = message["media"][0]["url"]
    whole = await world.daniel.get(url)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    part = await world.daniel.get(url, headers={"Range": "bytes=6-10"})
    assert (part.status_code, part.content) == (206, CONTACT[6:11])
    assert part.headers["content-range"] == f"bytes 6-10/{len(CONTACT)}"
    beyond = await world.daniel.get(url, headers={"Range": "bytes=9999-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(CONTACT)}")
