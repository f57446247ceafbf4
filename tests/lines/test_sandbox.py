"""Sandbox lines: what they may be, whom they text, and what they leave alone (decision 0053)."""

from typing import Any

import pytest

from api.access.rules import Permission
from api.lines.choice_rules import Candidate, Candidates, choose_line
from api.providers.sandbox.numbers import BEHAVIORS, OWN_NUMBERS
from tests.lines.test_choice import DESK, OLD
from tests.support.business import LINE_NUMBER
from tests.support.sandbox import sandbox_body, sandbox_line
from tests.support.world import World

API = "/api/v1"
DELIVERED, REPLIES_STOP = "+17855550100", "+17855550116"
REAL = "+13125550101"


async def check(world: World, number: str, line_id: object = None) -> tuple[str, str | None]:
    asked = {"phone_number": number} | ({"line_id": str(line_id)} if line_id else {})
    answer = await world.daniel.get(f"{API}/opt-in-checks", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["reason"], answer.json()["note"]


async def test_a_sandbox_line_is_a_number_of_nobodys_and_says_that_it_is_for_tests(world: World) -> None:
    line = await sandbox_line(world.admin)
    assert line["sandbox"] is True
    assert line["settings"]["answers_keywords"] is True
    real = (await world.daniel.get(f"{API}/lines/{world.line_id}")).json()
    assert real["sandbox"] is False
    (described,) = [each for each in (await world.daniel.get(f"{API}/providers")).json() if each["id"] == "sandbox"]
    assert described["own_numbers"] == list(OWN_NUMBERS)
    assert [(each["phone_number"], each["name"]) for each in described["test_numbers"]] == [
        (each.phone_number, each.name) for each in BEHAVIORS
    ]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"phone_number": "+13125550188"}, "/phone_number"),
        ({"phone_number": DELIVERED}, "/phone_number"),
        ({"country": "NZ"}, "/country"),
        ({"kind": "toll_free"}, "/kind"),
        ({"credentials": {"auth_token": "x"}}, "/credentials/auth_token"),
    ],
)
async def test_a_sandbox_line_has_no_other_number_and_no_credentials(
    world: World, wrong: dict[str, Any], pointer: str
) -> None:
    refused = await world.admin.post(f"{API}/lines", json=sandbox_body(**wrong))
    assert refused.status_code == 422, refused.text
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]


@pytest.mark.parametrize("default", [{"default": True}, {"default_for": ["US"]}])
async def test_LINE_CHOICE_a_sandbox_line_is_never_a_default(world: World, default: dict[str, Any]) -> None:
    line = await sandbox_line(world.admin)
    refused = await world.admin.patch(f"{API}/lines/{line['id']}", json=default)
    assert refused.status_code == 422, refused.text
    kept = await world.admin.patch(f"{API}/lines/{line['id']}", json={"default": False, "label": "Tests"})
    assert kept.status_code == 200, kept.text


def test_LINE_CHOICE_takes_sandbox_lines_for_test_numbers_and_for_no_others() -> None:
    real = Candidate(OLD, "US", None, enabled=True)
    sandbox = Candidate(DESK, "US", None, enabled=True, is_sandbox=True)

    def chosen(number: str, *lines: Candidate, newest: Any = None) -> Any:
        choice = choose_line(number, Candidates(lines, {None: OLD, "US": OLD}), newest=newest)
        return choice and choice.line_id

    for lines in ([real, sandbox], [sandbox, real]):
        assert chosen(REAL, *lines) == OLD
        assert chosen(REAL, *lines, newest=DESK) == OLD
        assert chosen(DELIVERED, *lines) == DESK
        assert chosen(DELIVERED, *lines, newest=OLD) == DESK
    # The opt-in check of the only line says why.
    assert choose_line(REAL, Candidates([sandbox], {}), newest=None) is not None
    off = Candidate(OLD, "US", None, enabled=False)
    out_of_service = choose_line(REAL, Candidates([sandbox, off], {}), newest=None)
    assert out_of_service is not None
    assert out_of_service.line_id == OLD


async def test_OPTIN_EXPLAIN_each_sort_of_line_texts_its_own_numbers_only(world: World) -> None:
    line = await sandbox_line(world.admin)
    assert await check(world, DELIVERED, line["id"]) == ("no_record", None), "the law holds on it too"
    await world.family("Test", DELIVERED)
    await world.family("Smith", REAL)
    assert await check(world, DELIVERED, line["id"]) == ("allowed", None)
    assert await check(world, REAL, line["id"]) == ("line_blocked", "sandbox_line")
    assert await check(world, DELIVERED, world.line_id) == ("line_blocked", "test_number")
    assert await check(world, REAL) == ("allowed", None), "without a line it is not the sandbox"

    refused = await world.maria.post(
        f"{API}/messages", json={"phone_number": REAL, "line_id": line["id"], "body": "Hi"}
    )
    assert refused.status_code == 409, refused.text
    assert refused.json()["detail"] == "A sandbox line texts only its test numbers."
    refused = await world.maria.post(
        f"{API}/messages", json={"phone_number": DELIVERED, "line_id": str(world.line_id), "body": "Hi"}
    )
    assert refused.status_code == 409, refused.text
    assert refused.json()["detail"] == "This is a test number: only a sandbox line texts it."
    # Nobody has to name the line.
    sent = await world.maria.post(f"{API}/messages", json={"phone_number": DELIVERED, "body": "Hi"})
    assert sent.status_code == 201, sent.text
    assert (await world.conversation(DELIVERED))["line"] == {"id": line["id"], "label": "Sandbox", "sandbox": True}


async def test_a_received_test_text_goes_through_the_journal_and_acts_like_any_other(world: World) -> None:
    line = await sandbox_line(world.admin)
    key = await world.api_key(Permission.SMS_LOGS, Permission.MASS_TEXT)
    path = f"{API}/lines/{line['id']}/sandbox-texts"

    async def texts(body: str, **headers: str) -> dict[str, Any]:
        given = {"phone_number": "(785) 555-0100", "body": body}
        made = await key.post(path, json=given, headers=headers)
        assert made.status_code == 202, made.text
        event: dict[str, Any] = made.json()
        return event

    event = await texts("Is class on?")
    assert (event["provider"], event["state"], event["source"]) == ("sandbox", "pending", "webhook")
    again = [await texts("Hello?", **{"Idempotency-Key": "1"}) for _ in range(2)]
    assert again[0]["id"] == again[1]["id"]
    await world.settled()
    conversation = await world.conversation(DELIVERED)
    assert conversation["status"] == "unread"
    thread = await world.thread(conversation["id"])
    assert [each["body"] for each in thread] == ["Is class on?", "Hello?"]
    assert await check(world, DELIVERED, line["id"]) == ("allowed", "consumer_initiated")
    await texts("STOP")
    await world.settled()
    assert (await check(world, DELIVERED, line["id"]))[0] == "stopped"
    await texts("START")
    await world.settled()
    assert (await check(world, DELIVERED, line["id"]))[0] == "allowed"


async def test_PERM_TENANT_and_only_test_numbers_text_only_sandbox_lines(world: World) -> None:
    other_world = await World.create(world.service)
    line = await sandbox_line(world.admin)
    path = f"{API}/lines/{line['id']}/sandbox-texts"
    given = {"phone_number": DELIVERED, "body": "Hello?"}
    refused = await world.admin.post(f"{API}/lines/{world.line_id}/sandbox-texts", json=given)
    assert refused.status_code == 409, refused.text
    assert (await other_world.admin.post(path, json=given)).status_code == 404
    assert (await world.daniel.post(path, json=given)).status_code == 403
    for number in (REAL, LINE_NUMBER, OWN_NUMBERS[0], "STOP"):
        refused = await world.maria.post(path, json={**given, "phone_number": number})
        assert refused.status_code == 422, refused.text
        assert [each["pointer"] for each in refused.json()["errors"]] == ["/phone_number"]
    # A forged webhook is nobody's.
    webhook = line["webhook_urls"]["inbound"]
    posted = await world.other_client().post(webhook[webhook.index("/webhooks") :], json={"id": "1"})
    assert posted.status_code == 403
    assert await world.rows("SELECT 1 FROM inbound_events") == []


async def test_COST_a_sandbox_line_costs_nothing_and_is_no_part_of_the_usage(world: World) -> None:
    line = await sandbox_line(world.admin)
    await world.family("Test", DELIVERED)
    prices = {"currency": "USD", "prices": [{"country": None, "text": "0.01", "picture": "0.02"}]}
    refused = await world.admin.put(f"{API}/lines/{line['id']}/prices", json=prices, headers={"If-Match": "*"})
    assert refused.status_code == 409, refused.text
    assert (
        await world.admin.put(f"{API}/lines/{world.line_id}/prices", json=prices, headers={"If-Match": "*"})
    ).status_code == 200
    on = await world.admin.put(f"{API}/credits", json={"is_on": True, "currency": "USD", "low_below": None})
    assert on.status_code == 200, "the sandbox line needs no prices"
    # The balance is empty, and the text leaves all the same.
    sent = await world.maria.post(f"{API}/messages", json={"phone_number": DELIVERED, "body": "Hi"})
    assert sent.status_code == 201, sent.text
    (claim,) = await world.claims()
    assert claim.message.to == DELIVERED
    await world.settle_as(str(claim.message_id), "delivered")
    usage = (await world.admin.get(f"{API}/usage")).json()
    assert usage["rows"] == []
    named = (await world.admin.get(f"{API}/usage", params={"line_id": line["id"]})).json()
    assert named["total"]["texts"] == 1
    assert (await world.admin.get(f"{API}/credits")).json()["balance"] == "0.00"


async def test_MASS_PREVIEW_a_mass_text_over_the_sandbox_leaves_real_numbers_out(world: World) -> None:
    line = await sandbox_line(world.admin)
    await world.family("Test", DELIVERED)
    await world.family("Smith", REAL)
    body = {"name": "Snow", "body": "Closed.", "audience": {"numbers": [DELIVERED, REAL]}}

    async def preview(**chosen: Any) -> tuple[int, dict[str, int], list[str]]:
        made = await world.admin.post(f"{API}/broadcasts", json={**body, **chosen})
        assert made.status_code == 201, made.text
        seen = await world.admin.post(f"{API}/broadcasts/{made.json()['id']}/preview")
        assert seen.status_code == 200, seen.text
        found = seen.json()
        left_out = {each["reason"]: each["count"] for each in found["left_out"]}
        return found["recipients"], left_out, [each["label"] for each in found["lines"]]

    assert await preview(line_id=line["id"]) == (1, {"line_blocked": 1}, ["Sandbox"])
    assert await preview(line_id=str(world.line_id)) == (1, {"line_blocked": 1}, ["Front desk"])
    recipients, left_out, lines = await preview()
    assert (recipients, left_out, sorted(lines)) == (2, {}, ["Front desk", "Sandbox"])


async def test_ERASE_a_test_number_is_erased_like_any_other(world: World) -> None:
    line = await sandbox_line(world.admin)
    path = f"{API}/lines/{line['id']}/sandbox-texts"
    made = await world.maria.post(path, json={"phone_number": REPLIES_STOP, "body": "A secret."})
    assert made.status_code == 202, made.text
    await world.settled()
    erased = await world.admin.post(f"{API}/phone-numbers/{REPLIES_STOP}/erase", json={"reason": "A test."})
    assert erased.status_code == 200, erased.text
    assert (erased.json()["counts"]["texts"], erased.json()["counts"]["raw_events"]) == (1, 1)
    kept = await world.rows("SELECT 1 FROM messages WHERE body LIKE '%secret%'")
    kept += await world.rows("SELECT 1 FROM inbound_events WHERE convert_from(body, 'UTF8') LIKE '%secret%'")
    assert kept == []
