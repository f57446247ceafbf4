"""Parts of picture messages that are not files, words and layouts; and files that an earlier version stored."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.conversations.message_rules import MAX_WORDS, with_words
from api.media import service as media
from api.media.rules import AVIF, HEIC, M4A, MP4, QUICKTIME, THREE_GP, Kind, is_layout, judge_content, kind_of, words_in
from tests.media.test_media import PARENT, arrives, newest, working
from tests.providers.dialects import DIALECTS
from tests.providers.dialects.dialect import Arriving
from tests.providers.peer import Peer, http
from tests.providers.test_contract_receiving import read
from tests.support.media import PNG, fetch_media
from tests.support.stack import eventually
from tests.support.world import World

SMIL = b'<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head><layout/></head><body/></smil>'


# Words.


async def test_a_text_part_is_the_words_of_its_message(world: World, peer: Peer) -> None:
    peer.answer = http(200, b"Kia ora, is class on? Zebra")
    message = await arrives(world, f"{peer.url}/1", content_type="text/plain; charset=utf-8")
    assert (message["body"], [each["state"] for each in message["media"]]) == ("", ["waiting"])
    assert await fetch_media(world) == 1
    message = await newest(world)
    assert (message["body"], message["media"]) == ("Kia ora, is class on? Zebra", [])
    assert (message["segments"], message["encoding"]) == (1, "GSM-7")
    conversation = await world.conversation(PARENT)
    assert conversation["last_message"]["preview"] == "Kia ora, is class on? Zebra"
    found = await world.daniel.get("/api/v1/messages/search", params={"q": "zebra"})
    assert [each["message"]["id"] for each in found.json()["items"]] == [message["id"]]


async def test_words_of_a_part_follow_the_body_and_pictures_stay(world: World, peer: Peer) -> None:
    peer.answer = http(200, b"and the second part")
    message = await arrives(world, f"{peer.url}/1", body="The first part", content_type="text/plain")
    await fetch_media(world)
    assert (await newest(world))["body"] == "The first part\nand the second part"
    detail = (await world.daniel.get(f"/api/v1/messages/{message['id']}")).json()
    assert detail["media"] == []


async def test_the_same_words_are_not_shown_twice(world: World, peer: Peer) -> None:
    peer.answer = http(200, b"See you at six!\r\n")
    await arrives(world, f"{peer.url}/1", body="See you at six!", content_type="text/plain")
    await fetch_media(world)
    message = await newest(world)
    assert (message["body"], message["media"]) == ("See you at six!", [])


async def test_OPTIN_STOP_a_stop_in_a_text_part_stops_the_number_once(world: World, peer: Peer) -> None:
    await world.family("Smith", PARENT)
    peer.answer = http(200, b"\xef\xbb\xbf STOP \r\n")
    await arrives(world, f"{peer.url}/1", f"{peer.url}/2", content_type="text/plain")
    assert await check(world) == "allowed"
    await fetch_media(world)
    assert await check(world) == "stopped"
    stops = await world.rows("SELECT details->>'source' FROM audit_entries WHERE action = 'phone_number.stopped'")
    assert [source for (source,) in stops] == ["keyword"]


async def test_OPTIN_START_a_stop_that_is_fetched_after_a_start_does_not_undo_it(world: World, peer: Peer) -> None:
    await world.family("Smith", PARENT)
    peer.answer = http(200, b"STOP")
    await arrives(world, f"{peer.url}/1", content_type="text/plain")
    await world.text(PARENT, "START")
    await fetch_media(world)
    assert await check(world) == "allowed"


async def test_OPTIN_START_a_text_part_lifts_no_stop(world: World, peer: Peer) -> None:
    await world.family("Smith", PARENT)
    await world.text(PARENT, "STOP")
    peer.answer = http(200, b"START")
    await arrives(world, f"{peer.url}/1", content_type="text/plain")
    await fetch_media(world)
    assert await check(world) == "stopped"


async def test_OPTIN_PLAIN_WORDS_a_wish_to_stop_in_a_text_part_is_flagged(world: World, peer: Peer) -> None:
    peer.answer = http(200, b"please stop texting me")
    await arrives(world, f"{peer.url}/1", content_type="text/plain")
    await fetch_media(world)
    assert (await newest(world))["asks_to_stop"] is True


async def check(world: World) -> str:
    answer = await world.maria.get("/api/v1/opt-in-checks", params={"phone_number": PARENT})
    reason: str = answer.json()["reason"]
    return reason


async def test_a_very_long_text_part_stays_a_file_to_download(world: World, peer: Peer) -> None:
    peer.answer = http(200, b"long " * MAX_WORDS)
    await arrives(world, f"{peer.url}/1", content_type="text/plain")
    await fetch_media(world)
    message = await newest(world)
    (file,) = message["media"]
    assert (message["body"], file["state"], file["content_type"]) == ("", "kept", "text/plain")
    served = await world.daniel.get(file["url"])
    assert served.headers["content-disposition"] == 'attachment; filename="file-1.txt"'


WORDS = [
    (b"plain", "plain"),
    (b"", ""),
    ("Ā kia ora".encode(), "Ā kia ora"),
    (b"\xef\xbb\xbfmarked", "marked"),
    ("mācron".encode("utf-16"), "mācron"),
    (b"caf\xe9", "café"),
    (b"a\tb\r\nc", "a\tb\r\nc"),
    (b"a\x00b", None),
    (b"\x89PNG\r\n\x1a\n", None),
    ("no mark".encode("utf-16-le"), None),
]


@pytest.mark.parametrize(("content", "words"), WORDS, ids=range(len(WORDS)))
def test_a_text_file_is_decoded_to_its_words(content: bytes, words: str | None) -> None:
    assert words_in(content) == words


@given(st.binary(max_size=200), st.sampled_from(["text/plain", "image/png", "application/smil", ""]))
def test_any_content_under_any_declared_type_is_judged(content: bytes, declared_type: str) -> None:
    judge_content(content, declared_type=declared_type)


@given(st.text(max_size=60), st.text(max_size=60))
def test_words_are_added_once_and_within_bounds(body: str, words: str) -> None:
    once = with_words(body, words)
    assert once is not None
    assert with_words(once, words) == once


async def test_RECV_NOTHING_LOST_words_that_do_not_fit_stay_a_file(world: World, peer: Peer) -> None:
    assert with_words("x" * 100, "y" * (MAX_WORDS - 101)) is not None
    assert with_words("x" * 100, "y" * (MAX_WORDS - 100)) is None
    peer.answer = http(200, b"y" * MAX_WORDS)
    await arrives(world, f"{peer.url}/1", body="Look!", content_type="text/plain")
    await fetch_media(world)
    message = await newest(world)
    assert message["body"] == "Look!"
    assert [(each["state"], each["content_type"]) for each in message["media"]] == [("kept", "text/plain")]


# Layouts.

BY_ADDRESS = ("https://media.example.com/6.SMIL?a=1", "application/octet-stream")


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
def test_a_layout_is_not_a_file_under_any_name(dialect: Any) -> None:
    kinds = ["application/smil", "Application/SMIL; charset=utf-8", "application/smil+xml", "text/smil"]
    parts = [(f"https://media.example.com/{number}.smil", kind) for number, kind in enumerate(kinds)]
    picture = ("https://media.example.com/5.jpg", "image/jpeg")
    message = read(dialect, Arriving(text="", media=[*parts, BY_ADDRESS, picture]))
    assert [(each.url, each.content_type) for each in message.media] == [picture]


@pytest.mark.parametrize("content_type", ["text/plain", "image/jpeg", "application/octet-stream", "text/xml"])
async def test_a_layout_under_another_name_is_not_shown(world: World, peer: Peer, content_type: str) -> None:
    peer.answer = http(200, SMIL)
    await arrives(world, f"{peer.url}/1", body="Look!", content_type=content_type)
    await fetch_media(world)
    message = await newest(world)
    assert (message["body"], message["media"]) == ("Look!", [])
    assert await world.rows("SELECT state, reason FROM message_media") == [("refused", "layout")]


LAYOUTS = [
    SMIL,
    b"<smil>",
    b"<SMIL\n>",
    b"\xef\xbb\xbf  <?xml version='1.0'?>\n<!DOCTYPE smil PUBLIC '-//W3C//DTD SMIL 1.0//EN'><!-- x --><smil/>",
    SMIL.decode().encode("utf-16"),
]


@pytest.mark.parametrize("content", LAYOUTS, ids=range(len(LAYOUTS)))
def test_a_layout_is_known_by_its_bytes(content: bytes) -> None:
    assert is_layout(content)


@pytest.mark.parametrize(
    "content", [b"", b"smil", b"<smiley>", b"<svg/>", b"a <smil>", b"<!--" * 2000, b"<?" * 2000, PNG]
)
def test_nothing_else_is_a_layout(content: bytes) -> None:
    assert not is_layout(content)


# Brands of ISO base media files.


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    brands = b"".join(compatible)
    return (16 + len(brands)).to_bytes(4) + b"ftyp" + major + bytes(4) + brands + b"\x00\x00\x00\x08mdat"


BRANDS: list[tuple[bytes, Kind | None]] = [
    *((ftyp(brand), HEIC) for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")),
    *((ftyp(brand), AVIF) for brand in (b"avif", b"avis")),
    *(
        (ftyp(brand), MP4)
        for brand in (b"isom", b"iso2", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash")
    ),
    *((ftyp(brand), THREE_GP) for brand in (b"3gp4", b"3gp5", b"3gp6", b"3g2a", b"3gr6", b"3gs7")),
    *((ftyp(brand), M4A) for brand in (b"M4A ", b"M4B ", b"M4P ")),
    (ftyp(b"qt  "), QUICKTIME),
    (ftyp(b"mif1", b"mif1", b"avif", b"miaf"), AVIF),
    (ftyp(b"mif1", b"mif1", b"heic"), HEIC),
    (ftyp(b"XYZ0", b"ABCD", b"mp42"), MP4),
    (ftyp(b"XYZ0", b"mif1", b"heic"), HEIC),
    (ftyp(b"XYZ0"), None),
    (ftyp(b"jp2 ", b"jp2 "), None),
    (ftyp(b"crx "), None),
    (b"\xff\xff\xff\xffftypXYZ0", None),
    (b"\x00\x00\x00\x00ftyp", None),
]


@pytest.mark.parametrize(("content", "kind"), BRANDS, ids=[repr(content[8:12]) for content, _ in BRANDS])
def test_a_brand_gives_its_kind_and_an_unknown_brand_gives_none(content: bytes, kind: Kind | None) -> None:
    assert kind_of(content) == kind


# Files that an earlier version stored.


async def taken_in_by_an_older_process(world: World, *urls: str) -> dict[str, Any]:
    """A picture message as code before migration 0005 wrote it."""
    await world.text(PARENT, "Look!")
    stored = json.dumps([{"url": url, "content_type": "image/png"} for url in urls])
    await world.rows(
        "UPDATE messages SET media = CAST(:media AS jsonb) WHERE body = 'Look!' RETURNING id", media=stored
    )
    return await newest(world)


async def test_the_providers_address_is_never_shown_even_before_a_file_is_adopted(world: World, peer: Peer) -> None:
    message = await taken_in_by_an_older_process(world, f"{peer.url}/secret-address")
    (file,) = message["media"]
    assert file["state"] == "waiting"
    assert file["url"] == f"/api/v1/messages/{message['id']}/media/{file['id']}"
    conversation = await world.conversation(PARENT)
    for path in (f"/api/v1/messages/{message['id']}", f"/api/v1/conversations/{conversation['id']}/messages"):
        answer = await world.daniel.get(path)
        assert answer.status_code == 200
        assert "secret-address" not in answer.text
    assert "secret-address" not in (await world.daniel.get("/api/v1/messages/search", params={"q": "look"})).text
    assert (await world.daniel.get(file["url"])).status_code == 404


async def test_a_file_stored_by_an_earlier_version_is_adopted_and_fetched(world: World, peer: Peer) -> None:
    peer.answer = http(200, PNG)
    before = await taken_in_by_an_older_process(world, f"{peer.url}/1", f"{peer.url}/2")

    async def kept() -> bool:
        return {each["state"] for each in (await newest(world))["media"]} == {"kept"}

    async with working(world):
        await eventually(kept, "a worker has adopted and fetched both")
    after = await newest(world)
    assert [each["id"] for each in after["media"]] == [each["id"] for each in before["media"]]
    for each in after["media"]:
        assert (await world.daniel.get(each["url"])).content == PNG
    assert await media.adopt(world.service.database, world.organization_id) == 0


async def test_files_with_and_without_an_id_of_one_message_each_keep_their_place(world: World, peer: Peer) -> None:
    peer.answer = http(200, PNG)
    message = await arrives(world, f"{peer.url}/1", f"{peer.url}/2")
    await fetch_media(world)
    await world.rows(
        "UPDATE messages SET media = jsonb_set(media, '{1}', CAST(:stored AS jsonb)) WHERE media <> '[]' RETURNING id",
        stored=json.dumps({"url": f"{peer.url}/2", "content_type": "image/png"}),
    )
    await world.rows("DELETE FROM message_media WHERE position = 1 RETURNING id")
    assert await media.adopt(world.service.database, world.organization_id) == 1
    assert [each["state"] for each in (await newest(world))["media"]] == ["kept", "waiting"]
    await fetch_media(world)
    shown = (await newest(world))["media"]
    assert [each["state"] for each in shown] == ["kept", "kept"]
    assert shown[0]["id"] == message["media"][0]["id"]
