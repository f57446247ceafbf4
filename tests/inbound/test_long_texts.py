"""RECV-NOTHING-LOST: a text longer than any carrier delivers is stored whole and looked at in part.

What is worked out from a text takes no longer for a million characters than for the first 20,000.
"""

from collections.abc import Callable
from uuid import UUID

import pytest

from api.consent.keywords import keyword
from api.consent.wishes import asks_to_stop
from api.conversations.message_rules import segments
from api.conversations.rules import preview
from api.kit.folding import Fold
from api.kit.lexemes import search_vector
from api.kit.text import MAX_LOOKED_AT
from tests.support.work import calls_of
from tests.support.world import World

PARENT = "+13125550101"
ORGANIZATION = UUID(int=1)

HOSTILE = [
    "a",
    "a ",
    "!",
    "\n",
    "\u00a0",
    "\u0301\u0323",
    "\u200d",
    "\ufdfa",
    "\u4f53",
    "\U0001f600",
    "{",
    "stop ",
    "'",
]

WORKED_OUT: list[Callable[[str], object]] = [
    keyword,
    asks_to_stop,
    segments,
    lambda body: preview(body, media=0),
    lambda body: search_vector(body, organization_id=ORGANIZATION),
]


@pytest.mark.parametrize("work", WORKED_OUT, ids=["keyword", "wish", "segments", "preview", "search words"])
@pytest.mark.parametrize("piece", HOSTILE, ids=ascii)
def test_RECV_NOTHING_LOST_a_million_characters_take_no_more_than_the_first_part(
    work: Callable[[str], object], piece: str
) -> None:
    looked_at = piece * (MAX_LOOKED_AT // len(piece))
    longer = piece * (1_000_000 // len(piece))
    work(looked_at)
    assert calls_of(work, "x " + longer) <= calls_of(work, "x " + looked_at) + 100


def test_RECV_NOTHING_LOST_what_is_worked_out_of_a_long_text_is_that_of_its_beginning() -> None:
    for piece in HOSTILE:
        text = piece * 1_000_000
        assert segments(text) == segments(text[:MAX_LOOKED_AT])
        assert len(preview(text, media=0)) <= 120
    assert preview(" " * 1_000_000 + "Hello", media=0) == "Hello"


def test_RECV_NOTHING_LOST_texts_of_every_character_there_is_fill_no_memory() -> None:
    fold = Fold()
    text = "".join(chr(code) for code in range(0x20, 0x30000) if not 0xD800 <= code <= 0xDFFF)
    once, again = text.translate(fold), text.translate(fold)
    assert len(fold) == Fold.MAX_REMEMBERED
    assert once == again


async def test_RECV_NOTHING_LOST_a_long_text_is_stored_whole_and_found_by_its_beginning(world: World) -> None:
    body = "Trampoline " + "and so on " * 20_000 + "the end"
    await world.text(PARENT, body)

    conversation = await world.conversation(PARENT)
    (message,) = await world.thread(conversation["id"])
    assert message["body"] == body
    assert conversation["last_message"]["preview"] == body[:119] + "…"
    found = (await world.daniel.get("/api/v1/messages/search", params={"q": "trampoline"})).json()
    assert [each["message"]["id"] for each in found["items"]] == [message["id"]]


async def test_OPTIN_STOP_among_more_spaces_than_any_carrier_delivers(world: World) -> None:
    await world.text(PARENT, " " * 100_000 + "STOP" + "\n" * 10_000)

    assert (await world.conversation(PARENT))["opted_out"] is True
    (wording,) = await world.rows("SELECT details->>'wording' FROM audit_entries WHERE action = 'phone_number.stopped'")
    assert wording[0] == "STOP"
