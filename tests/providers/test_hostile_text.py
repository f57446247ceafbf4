"""R9: hostile text by every way in: three providers' webhooks, and the composer.

It is kept as it is, or with U+FFFD for what no database can store, or refused with a pointer to what is wrong.
"""

import json
from collections import Counter
from random import Random

import pytest

from tests.providers.dialects import every_dialect
from tests.providers.dialects.dialect import PARENT, Dialect
from tests.providers.peer import Peer
from tests.providers.wire import Wire
from tests.support.reliability import Progress, figure, seed, size
from tests.support.world import World

TEXTS = size(quick=25, full=1_000)
LONGEST_SENT = 1_600

PIECES = (
    *("\x00", "\x07", "\x1b[31m", "\x7f", "\u0085", "\ufeff", "\ufffe", "\u2028", "\r\n", "\t", " "),
    *("\u202e", "\u2066", "\u200f", "שלום", "مرحبا", "e\u0301" * 3, "z" + "\u0323" * 40, "नमस्ते", "你好"),
    *("👩‍👩‍👧", "🏳️‍🌈", "\U0010ffff", "\U000e0067"),
    *(
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "]]>",
        "<!--",
        "&lt;",
        "&#0;",
        "javascript:alert(1)",
    ),
    *('=HYPERLINK("http://evil.test")', "=cmd|' /C calc'!A0", "+1", "@SUM(A1)", "-1"),
    *(
        "'; DROP TABLE messages; --",
        "$1",
        "%s",
        "%00",
        "%ED%A0%80",
        "\\u0000",
        "\\",
        '"',
        "{{7*7}}",
        "${x}",
        "../../etc",
    ),
    *("STOPPED", "a", "Is class on?", "&To=+13125550100", "+", "&amp;Body=x", ";"),
)
HALVES = ("\ud800", "\udfff", "\udc00\ud800")
"""Lone surrogates: a provider cannot spell them in a form, and nobody may in JSON."""


def hostile(chance: Random, *pieces: str) -> str:
    text = "".join(chance.choices(pieces, k=chance.choice([1, 2, 3, 8, 30])))
    return (text * 10_000)[:10_000] if chance.random() < 0.03 else text


def kept(text: str) -> str:
    return "".join("\ufffd" if character == "\x00" else character for character in text)


async def bodies(world: World, conversation_id: str) -> list[str]:
    found: list[str] = []
    while True:
        response = await world.daniel.get(
            f"/api/v1/conversations/{conversation_id}/messages", params={"after_seq": len(found), "limit": 200}
        )
        page = [message["body"] for message in response.json()["items"]]
        if not page:
            return found
        found += page


@pytest.mark.reliability
@every_dialect
async def test_R9_hostile_texts_arrive_as_they_are(dialect: Dialect, world: World, peer: Peer) -> None:
    drawn_from = seed()
    chance = Random(drawn_from)
    wire = await Wire.laid(world, dialect, peer)
    progress = Progress(f"R9 {dialect.name.value}", total=TEXTS)
    texts = [hostile(chance, *PIECES) for _ in range(TEXTS)]
    for number, text in enumerate(texts):
        await wire.arrives(text)
        progress.at(number + 1)

    (row,) = await world.rows("SELECT id FROM conversations")
    assert await bodies(world, row[0]) == [kept(text) for text in texts], f"MESSENGER_SEED={drawn_from}"
    assert await world.rows("SELECT id FROM inbound_events WHERE state <> 'applied'") == []
    figure("R9", way=dialect.name.value, texts=TEXTS, changed=sum(kept(text) != text for text in texts), lost=0)


@pytest.mark.reliability
async def test_R9_hostile_texts_are_sent_as_they_are_or_refused_where_they_stand(world: World) -> None:
    drawn_from = seed()
    chance = Random(drawn_from)
    await world.family("Brown", PARENT)
    started = await world.maria.post("/api/v1/conversations", json={"phone_number": PARENT})
    path = f"/api/v1/conversations/{started.json()['id']}/messages"
    progress = Progress("R9 composer", total=TEXTS)
    accepted: list[str] = []
    answers: Counter[int] = Counter()
    for number in range(TEXTS):
        content = json.dumps({"body": hostile(chance, *PIECES, *HALVES)})
        # Two halves that fit are one character to whoever reads them.
        text: str = json.loads(content)["body"]
        response = await world.maria.post(path, content=content, headers={"Content-Type": "application/json"})
        answers[response.status_code] += 1
        impossible = "\x00" in text or any(half in text for half in "".join(HALVES))
        if impossible or len(text) > LONGEST_SENT or not text.strip():
            assert response.status_code == 422, f"MESSENGER_SEED={drawn_from} {text!r}"
            assert [error["pointer"] for error in response.json()["errors"]] == ["/body"]
        else:
            assert response.status_code == 201, f"MESSENGER_SEED={drawn_from} {text!r}: {response.text}"
            accepted.append(text)
        progress.at(number + 1)

    assert await bodies(world, started.json()["id"]) == accepted, f"MESSENGER_SEED={drawn_from}"
    assert set(answers) == {201, 422}
    figure("R9", way="composer", texts=TEXTS, accepted=answers[201], refused=answers[422])
