"""OPTIN-CONFIRM: a line that answers STOP, START and HELP itself does so once, past the gate, without advertising."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.consent.keywords import Keyword
from api.delivery.settle import settle
from api.inbound.rules import MAX_CONFIRMATIONS, may_confirm
from api.providers.port import Accepted, MessageStatus
from tests.support.business import ACCOUNT_SID, AUTH_TOKEN, LINE_NUMBER
from tests.support.world import World

PARENT = "+13125550101"
SECOND_NUMBER = "+13125550177"


@pytest.fixture
async def answering(world: World) -> World:
    """The business, its line answering keywords."""
    response = await world.admin.patch(
        f"/api/v1/lines/{world.line_id}",
        json={"settings": {"answers_keywords": True, "business_name": "Tumble", "help_text": "Call 312 555 0100."}},
    )
    assert response.status_code == 200, response.text
    return world


async def claimed_bodies(world: World) -> list[str]:
    """What a worker posts now; the provider takes all of it."""
    claims = await world.claims()
    for claim in claims:
        outcome = Accepted(provider_message_id=f"SM{claim.message_id.hex}", status=MessageStatus.SENT)
        await settle(world.service.database, claim, outcome)
    return [claim.message.body for claim in claims]


async def test_STOP_is_confirmed_once_although_the_number_is_stopped(answering: World) -> None:
    sid = await answering.text(PARENT, "Stop.")
    await answering.text(PARENT, "Stop.", sid=sid)

    assert await claimed_bodies(answering) == [
        "Tumble: You will get no more texts from us. Reply START to get them again."
    ]
    conversation = await answering.conversation(PARENT)
    assert conversation["opted_out"] is True
    assert conversation["status"] == "unread", "the confirmation is nobody's reply"
    assert conversation["unread_messages"] == 1


async def test_a_second_STOP_is_not_confirmed_again(answering: World) -> None:
    await answering.text(PARENT, "STOP")
    await claimed_bodies(answering)

    await answering.text(PARENT, "STOP")

    assert await claimed_bodies(answering) == []


async def test_nothing_else_passes_the_gate_after_STOP(answering: World) -> None:
    await answering.family("Smith", PARENT)
    started = (await answering.maria.post("/api/v1/conversations", json={"phone_number": PARENT})).json()
    sent = await answering.maria.post(f"/api/v1/conversations/{started['id']}/messages", json={"body": "Hello!"})
    assert sent.status_code == 201

    await answering.text(PARENT, "STOP")

    # In the order of the conversation: the waiting reply fails first, then the confirmation leaves.
    assert await claimed_bodies(answering) == []
    assert await claimed_bodies(answering) == [
        "Tumble: You will get no more texts from us. Reply START to get them again."
    ]
    message = (await answering.maria.get(f"/api/v1/messages/{sent.json()['id']}")).json()
    assert message["status"] == "failed"
    assert "STOP" in message["error"]["title"]


async def test_START_is_confirmed_and_lifts_the_stop(answering: World) -> None:
    await answering.text(PARENT, "STOP")
    await claimed_bodies(answering)

    await answering.text(PARENT, "start")

    assert await claimed_bodies(answering) == [
        "Tumble: You will get texts from us again. Reply HELP for help, STOP to stop."
    ]


async def test_HELP_gets_the_name_a_contact_and_how_to_stop(answering: World) -> None:
    await answering.text(PARENT, "HELP")

    assert await claimed_bodies(answering) == ["Tumble: Call 312 555 0100. Reply STOP to stop."]


async def test_a_line_whose_provider_answers_says_nothing(world: World) -> None:
    for word in ("STOP", "START", "HELP"):
        await world.text(PARENT, word)

    assert await claimed_bodies(world) == []


# It has a limit, and ends what machines would go on with.


async def answers(world: World, number: str = PARENT) -> list[str]:
    """The keywords that the line has answered to a number, in order."""
    found = await world.rows(
        "SELECT answers FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        " JOIN phone_numbers n ON n.id = c.phone_number_id"
        " WHERE m.organization_id = :id AND n.number = :number AND m.answers IS NOT NULL ORDER BY m.created_at, m.seq",
        id=world.organization_id,
        number=number,
    )
    return [row[0] for row in found]


async def test_OPTIN_CONFIRM_HELP_is_answered_three_times_a_day_and_STOP_is_confirmed_all_the_same(
    answering: World,
) -> None:
    for _ in range(10):
        await answering.text(PARENT, "HELP")
    await answering.text(PARENT, "STOP")

    assert await answers(answering) == ["help", "help", "help", "stop"]


async def test_OPTIN_CONFIRM_STOP_and_START_in_turn_come_to_an_end_and_still_take_effect(answering: World) -> None:
    for _ in range(10):
        await answering.text(PARENT, "STOP")
        await answering.text(PARENT, "START")
    await answering.text(PARENT, "STOP")

    assert await answers(answering) == ["stop", "start", "stop"]
    assert (await answering.conversation(PARENT))["opted_out"] is True
    assert (await answering.audited()).count("phone_number.stopped") == 11


async def test_OPTIN_CONFIRM_a_hundred_keywords_that_are_applied_at_once_have_the_same_limit(answering: World) -> None:
    for index in range(100):
        fields = {"From": PARENT, "To": LINE_NUMBER, "Body": ("HELP", "STOP", "START")[index % 3], "NumMedia": "0"}
        response = await answering.post_webhook("inbound", {"MessageSid": f"SM{index:032}", **fields})
        assert response.status_code == 200
    await answering.settled()

    assert await answers(answering) == ["help", "stop", "start"]


async def test_OPTIN_CONFIRM_all_lines_of_a_business_have_one_limit_for_a_number(answering: World) -> None:
    response = await answering.admin.post(
        "/api/v1/lines",
        json={
            "label": "Second",
            "phone_number": SECOND_NUMBER,
            "country": "US",
            "kind": "long_code",
            "provider": "simulator",
            "settings": {"answers_keywords": True, "business_name": "Tumble"},
            "credentials": {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN},
        },
    )
    assert response.status_code == 201, response.text
    for _ in range(2):
        await answering.text(PARENT, "HELP")
    second = replace(answering, line_id=UUID(response.json()["id"]))
    for _ in range(5):
        await second.text(PARENT, "HELP", To=SECOND_NUMBER)

    assert await answers(answering) == ["help"] * 3


async def test_OPTIN_CONFIRM_the_next_day_counts_anew(answering: World) -> None:
    for _ in range(4):
        await answering.text(PARENT, "HELP")
    await answering.rows("UPDATE messages SET created_at = created_at - interval '24 hours' RETURNING id")

    await answering.text(PARENT, "HELP")

    assert len(await answers(answering)) == 4


@pytest.mark.parametrize("sender", [LINE_NUMBER, SECOND_NUMBER])
async def test_OPTIN_CONFIRM_a_line_answers_neither_itself_nor_another_line_of_the_business(
    answering: World, sender: str
) -> None:
    await answering.rows(
        "INSERT INTO lines (organization_id, id, label, phone_number, kind, country, provider, sealed_credentials)"
        " SELECT organization_id, gen_random_uuid(), 'Second', :number, kind, country, provider, sealed_credentials"
        " FROM lines WHERE id = :id RETURNING id",
        id=answering.line_id,
        number=SECOND_NUMBER,
    )
    for word in ("HELP", "STOP", "START"):
        await answering.text(sender, word)

    assert await answers(answering, sender) == []


@pytest.mark.parametrize("sender", ["72345", "GYMTEAM", "desk@example.com"])
async def test_OPTIN_CONFIRM_what_is_no_phone_number_is_not_answered(answering: World, sender: str) -> None:
    await answering.text(sender, "HELP")

    assert await answering.rows("SELECT id FROM messages WHERE direction = 'outbound'") == []


@settings(max_examples=200)
@given(st.lists(st.sampled_from(Keyword), max_size=60))
def test_OPTIN_CONFIRM_whatever_is_asked_the_first_stop_is_confirmed_and_few_others(words: list[Keyword]) -> None:
    sent: Counter[Keyword] = Counter()
    for word in words:
        if may_confirm(word, sent=sent):
            sent[word] += 1

    assert sent.total() <= MAX_CONFIRMATIONS + 1
    assert bool(sent[Keyword.STOP]) is (Keyword.STOP in words)
    assert sent.total() >= min(len(words), MAX_CONFIRMATIONS)


async def test_nobody_texts_a_line_from_itself(world: World) -> None:
    started = await world.maria.post("/api/v1/conversations", json={"phone_number": LINE_NUMBER})
    assert started.status_code == 422
    assert started.json()["errors"][0]["pointer"] == "/phone_number"

    await world.text(LINE_NUMBER, "Hello me")
    conversation = await world.conversation(LINE_NUMBER)
    sent = await world.maria.post(f"/api/v1/conversations/{conversation['id']}/messages", json={"body": "Hello!"})

    assert sent.status_code == 409
    assert "itself" in sent.json()["detail"]
