"""Reactions that phones send as texts are placed on the message that they quote."""

from dataclasses import dataclass
from typing import Any

import pytest

from api.conversations.tapbacks import LONGEST, Tapback, quoted_by, read_tapback, with_reaction
from tests.support.media import CONTACT, upload
from tests.support.world import World

PARENT = "+13125550101"
API = "/api/v1"

READ = [
    ("Liked “See you at 6”", "👍", False),
    ("Loved “See you at 6”", "❤️", False),
    ("Disliked “See you at 6”", "👎", False),
    ("Laughed at “See you at 6”", "😂", False),
    ("Emphasized “See you at 6”", "‼️", False),
    ("Questioned “See you at 6”", "❓", False),
    ('liked "See you at 6"', "👍", False),
    ("Removed a like from “See you at 6”", "👍", True),
    ("Removed a heart from “See you at 6”", "❤️", True),
    ("Removed an exclamation from “See you at 6”", "‼️", True),
    ("Removed a question mark from “See you at 6”", "❓", True),
    ("Reacted 🎉 to “See you at 6”", "🎉", False),
    ("Removed 🎉 from “See you at 6”", "🎉", True),
    ("👍 to “See you at 6”", "👍", False),
    ("\u200a\u200b👍\u200b to “\u200aSee you at 6\u200a”", "👍", False),
    ("👨‍👩‍👧 to “See you at 6”", "👨‍👩‍👧", False),
    ("👍🏽 to “See you at 6”", "👍🏽", False),
    ("‼️ to “See you at 6”", "‼️", False),
    ("🇳🇿 to “See you at 6”", "🇳🇿", False),
    ("Le gustó “See you at 6”", "👍", False),
    ("Le gusto\u0301 “See you at 6”", "👍", False),
    ("Le encantó “See you at 6”", "❤️", False),
    ("Le dio risa “See you at 6”", "😂", False),
    ("Exclamó por “See you at 6”", "‼️", False),
    ("Dudó sobre “See you at 6”", "❓", False),
    ("Reaccionó con 🎉 a “See you at 6”", "🎉", False),
    ("A aimé «\u00a0See you at 6\u00a0»", "👍", False),
    ("A adoré « See you at 6 »", "❤️", False),
    ("N'a pas aimé « See you at 6 »", "👎", False),
    ("A ri de « See you at 6 »", "😂", False),
    ("A réagi avec 🎉 à « See you at 6 »", "🎉", False),
]


@pytest.mark.parametrize(("body", "emoji", "removed"), READ)
def test_a_reaction_is_read_from_the_words_of_phones(body: str, emoji: str, removed: bool) -> None:
    assert read_tapback(body) == Tapback(emoji, removed, "See you at 6")


@pytest.mark.parametrize(
    "body", ["Loved an image", "Le encantó una imagen", "A adoré une image", "Reacted ❤️ to a photo"]
)
def test_a_reaction_to_a_picture_quotes_nothing(body: str) -> None:
    assert read_tapback(body) == Tapback("❤️", False, None)


@pytest.mark.parametrize(
    "body",
    [
        *("See you at 6", "She said “See you at 6”", "Liked it", "Liked “See you at 6” and so do I", "5 to “six”"),
        *("Loved an evening", "", "“", "Liked “", f"Liked “{'x' * LONGEST}”", "a to “b”", "\u200d to “b”"),
    ],
)
def test_any_other_text_is_no_reaction(body: str) -> None:
    assert read_tapback(body) is None


@dataclass
class Text:
    body: str
    has_file: bool = False


def test_a_reaction_is_on_the_newest_message_that_it_quotes() -> None:
    long = Text("The schedule for the summer camp\nis on our site now")
    earlier = [Text("Yes"), Text("See you at  6"), Text("See you at 6"), Text("", has_file=True), long]
    assert quoted_by(Tapback("👍", False, "See you at 6"), earlier) is earlier[1]
    assert quoted_by(Tapback("👍", False, "The schedule for the summer camp is…"), earlier) is long
    assert quoted_by(Tapback("👍", False, None), earlier) is earlier[3]
    for quote in ("Another", "S…", ""):
        assert quoted_by(Tapback("👍", False, quote), earlier) is None, quote


def test_a_reaction_is_there_once_until_it_is_taken_back() -> None:
    like, unlike = Tapback("👍", False, "x"), Tapback("👍", True, "x")
    assert with_reaction(["👍", "❤️"], like) == ["❤️", "👍"]
    assert with_reaction(["👍", "❤️"], unlike) == ["❤️"]


async def messages(world: World) -> list[dict[str, Any]]:
    return await world.thread((await world.conversation(PARENT))["id"])


async def test_a_reaction_is_stored_with_its_message_however_far_back(world: World) -> None:
    await world.text(PARENT, "Is there class?")
    path = f"{API}/conversations/{(await world.conversation(PARENT))['id']}/messages"
    target = (await world.maria.post(path, json={"body": "Yes, see you at 6"})).json()
    for n in range(60):
        await world.text(PARENT, f"Text {n}")
    await world.text(PARENT, "Liked “Yes, see you at 6”")
    await world.text(PARENT, "Le encantó “Yes, see you…”")
    await world.text(PARENT, "Liked “Something else”")
    newest = (await messages(world))[-3:]
    assert [(each["reaction"]["emoji"], each["reaction"]["message_id"]) for each in newest] == [
        ("👍", target["id"]),
        ("❤️", target["id"]),
        ("👍", None),
    ]
    # It is a text like any other: it counts, and is found.
    assert (await world.conversation(PARENT))["last_message"]["preview"] == "Liked “Something else”"
    old = (await world.maria.get(f"{API}/messages/{target['id']}")).json()
    assert (old["reactions"], old["reaction"]) == (["👍", "❤️"], None)
    await world.text(PARENT, "Removed a like from “Yes, see you at 6”")
    assert (await world.maria.get(f"{API}/messages/{target['id']}")).json()["reactions"] == ["❤️"]


async def test_a_reaction_to_a_picture_is_on_the_newest_one_and_erased_with_it(world: World) -> None:
    await world.text(PARENT, "Which leotard?")
    path = f"{API}/conversations/{(await world.conversation(PARENT))['id']}/messages"
    upload_id = (await upload(world.maria, CONTACT)).json()["id"]
    sent = (await world.maria.post(path, json={"attachments": [upload_id]})).json()
    await world.maria.post(path, json={"body": "This one"})
    await world.text(PARENT, "Loved an image")
    assert (await world.maria.get(f"{API}/messages/{sent['id']}")).json()["reactions"] == ["❤️"]
    assert (await messages(world))[-1]["reaction"] == {
        "emoji": "❤️",
        "removed": False,
        "quote": None,
        "message_id": sent["id"],
    }
