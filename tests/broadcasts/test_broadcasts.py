"""Mass texts through the API, a worker's rounds, and claims."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.access.rules import Permission
from api.audit.rules import Action
from api.away.rules import WEEKDAYS
from api.broadcasts.loop import run_broadcasts
from api.delivery.claim import Claim
from api.delivery.settle import Settlement, settle_many
from api.kit.database import Database
from api.providers.port import Accepted, MessageStatus, Rejected, SendOutcome
from tests.support.broadcasts import BROADCASTS, a_broadcast, new_broadcast
from tests.support.world import World

API = "/api/v1"
ANY_HOUR = {"any_hour_reason": "The pool is closed."}
"""So that a test does not depend on the time of day."""
MOM, DAD, GRANDMA, COACH, NEIGHBOUR = (f"+131255501{n:02}" for n in range(1, 6))


async def nobody_held(_: Database) -> frozenset[Any]:
    return frozenset()


async def work(world: World) -> None:
    """What a worker does for mass texts until there is nothing more to do at once."""
    while await run_broadcasts(world.service.database, nobody_held):
        pass


async def confirm(world: World, broadcast_id: str, **more: Any) -> dict[str, Any]:
    sent = await world.admin.post(f"{BROADCASTS}/{broadcast_id}/send", json={**ANY_HOUR, **more})
    assert sent.status_code == 200, sent.text
    shown: dict[str, Any] = sent.json()
    return shown


async def do(world: World, broadcast_id: str, deed: str, *, status: int = 200) -> dict[str, Any]:
    answer = await world.admin.post(f"{BROADCASTS}/{broadcast_id}/{deed}")
    assert answer.status_code == status, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def shown(world: World, broadcast_id: str) -> dict[str, Any]:
    answer = await world.maria.get(f"{BROADCASTS}/{broadcast_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def recipients(world: World, broadcast_id: str, **params: str) -> dict[str | None, tuple[str, str | None]]:
    """(state, reason) of each number."""
    answer = await world.maria.get(f"{BROADCASTS}/{broadcast_id}/recipients", params={"limit": "200", **params})
    assert answer.status_code == 200, answer.text
    return {each["phone_number"]: (each["state"], each["reason"]) for each in answer.json()["items"]}


async def settle(world: World, claims: Sequence[Claim], outcome: SendOutcome | None = None) -> None:
    settlements = [
        Settlement(each, outcome or Accepted(provider_message_id=f"SM{each.message_id}", status=MessageStatus.SENT))
        for each in claims
    ]
    if settlements:
        await settle_many(world.service.database, world.organization_id, settlements)


async def claim_all(world: World) -> list[Claim]:
    claims: list[Claim] = []
    while some := await world.claims():
        claims += some
    return claims


async def queued_again(world: World, but: Sequence[Claim]) -> None:
    """Every other claimed text waits again, as after a refused connection."""
    ids = [claim.message_id for claim in but]
    statement = "UPDATE outbox SET state = 'queued', lease_token = NULL, due_at = now() WHERE id <> ALL (:ids)"
    await world.rows(f"{statement} RETURNING id", ids=ids)
    await world.rows(
        "UPDATE messages SET status = 'queued' WHERE status = 'sending' AND id <> ALL (:ids) RETURNING id", ids=ids
    )


def record(number: str, state: str = "opted_in") -> dict[str, Any]:
    return {"phone_number": number, "opt_in": {"state": state, "source": "portal"} if state != "unknown" else None}


def contact(name: str, *records: dict[str, Any]) -> dict[str, Any]:
    cleaned = [{key: value for key, value in each.items() if value is not None} for each in records]
    return {"name": name, "phone_records": cleaned}


async def family(world: World, name: str, *contacts: dict[str, Any], **more: Any) -> str:
    made = await world.admin.post(f"{API}/families", json={"name": name, "contacts": list(contacts), **more})
    assert made.status_code == 201, made.text
    family_id: str = made.json()["id"]
    return family_id


@pytest.fixture
async def two(world: World) -> World:
    """Two families that may be texted."""
    await family(world, "Rivera", contact("Rosa Rivera", record(MOM)))
    await family(world, "Chen", contact("Li Chen", record(DAD)))
    return world


EVERYBODY: dict[str, Any] = {"families": {}, "staff_members": {}}


# Audience and preview.


async def test_MASS_PREVIEW_says_who_gets_it_and_who_is_left_out_and_why(world: World) -> None:
    await family(world, "Rivera", contact("Rosa Rivera", record(MOM)), contact("Ben Rivera", record(DAD)))
    # The number is shared: of the two records that hold it, one never opted in.
    await family(world, "Okafor", contact("Ada Okafor", record(GRANDMA)))
    await family(world, "Obi", contact("Chi Obi", record(GRANDMA, "unknown"), record(MOM)))
    await family(world, "Ito", contact("Ken Ito", record(COACH, "opted_out")), contact("Yui Ito"))
    await family(world, "Nobody", contact("No Number"))
    await family(world, "Stopped", contact("Sam Stopped", record(NEIGHBOUR)))
    await world.text(NEIGHBOUR, "STOP")
    given = ["+13125550190", "(312) 555-0102", "not a number"]
    audience = {**EVERYBODY, "numbers": given, "external_ids": ["nobody's"]}
    broadcast_id = await new_broadcast(world.maria, audience=audience)

    preview = await do(world, broadcast_id, "preview")

    left_out = {each["reason"]: each["count"] for each in preview["left_out"]}
    assert preview["recipients"] == 2
    assert left_out == {
        "duplicate": 3,  # Obi's other numbers: GRANDMA and MOM are decided; and DAD is given once more.
        "not_opted_in": 1,
        "opted_out": 1,
        "stopped": 1,
        "no_record": 1,
        "unknown": 2,
        "no_number": 1 + len(world.staff_ids),
    }
    assert preview["considered"] == preview["recipients"] + sum(left_out.values())
    assert preview["unknown"] == ["not a number", "nobody's"]
    assert (preview["segments"]["least"], preview["segments"]["total"]) == (1, 2)
    assert preview["examples"][0]["text"] == "Closed for snow.\nReply STOP to opt out."
    listed = f"{BROADCASTS}/{broadcast_id}/preview/left-out"
    people = (await world.maria.get(listed)).json()
    assert people["is_whole"]
    known = {reason: count for reason, count in left_out.items() if reason != "unknown"}
    assert Counter(each["reason"] for each in people["items"]) == known
    [out] = (await world.maria.get(listed, params={"reason": "opted_out"})).json()["items"]
    assert (out["phone_number"], out["name"], out["record"]["name"]) == (COACH, "Ken Ito", "Ito")
    first = (await world.maria.get(listed, params={"reason": "duplicate", "limit": "2"})).json()
    assert (len(first["items"]), first["is_whole"]) == (2, False)
    # What the set-based statement says of a number is what the opt-in check says of it (OPTIN-ALL).
    confirmed = await confirm(world, broadcast_id)
    assert confirmed["recipients"] == 2
    for number, (_, reason) in (await recipients(world, broadcast_id)).items():
        if number is not None:
            check = (await world.maria.get(f"{API}/opt-in-checks", params={"phone_number": number})).json()
            assert (number, reason or "allowed") == (number, check["reason"])


async def test_MASS_WHO_of_a_family_the_first_who_may_be_texted(world: World) -> None:
    await family(
        world, "Rivera", contact("Rosa", record(MOM, "opted_out")), contact("Ben", record(DAD), record(GRANDMA))
    )
    first = await new_broadcast(world.maria, audience={"families": {}, "contacts": "first"})
    preview = await do(world, first, "preview")
    assert preview["recipients"] == 1
    assert {each["reason"]: each["count"] for each in preview["left_out"]} == {"opted_out": 1, "another_contact": 1}
    await confirm(world, first)
    assert await recipients(world, first) == {MOM: ("skipped", "opted_out"), DAD: ("waiting", None)}


async def test_MASS_WHO_by_class_tag_and_saved_audience(two: World) -> None:
    students = [{"name": "Mia Rivera", "classes": [{"name": "Level 3"}]}]
    await family(two, "Ito", contact("Ken Ito", record(COACH)), students=students, tags=["Team"])
    (level,) = (await two.admin.get(f"{API}/classes")).json()["items"]
    for audience in ({"families": {"class_id": level["id"]}}, {"families": {"tag": "team"}}):
        saved = await two.maria.post(f"{API}/audiences", json={"name": str(audience), "audience": audience})
        assert saved.status_code == 201, saved.text
        for given in (audience, {"audience_ids": [saved.json()["id"]]}):
            body = "Hi {first_name}, see {student_first_names} in {class}"
            broadcast_id = await new_broadcast(two.maria, body=body, footer="", audience=given)
            preview = await do(two, broadcast_id, "preview")
            assert [each["text"] for each in preview["examples"]] == ["Hi Ken, see Mia in Level 3"]


async def test_a_recipient_without_a_field_is_left_out_or_gets_the_fallback(two: World) -> None:
    for fallbacks, expected in (({}, 0), ({"class": "class"}, 2)):
        draft = {"body": "See you in {class}", "audience": {"families": {}}, "fallbacks": fallbacks}
        preview = await do(two, await new_broadcast(two.maria, **draft), "preview")
        assert preview["recipients"] == expected
        assert {each["reason"] for each in preview["left_out"]} == ({"missing_field"} if not expected else set())


# Confirming.


async def test_MASS_PREVIEW_many_recipients_are_confirmed_by_their_number(two: World) -> None:
    assert (
        await two.admin.patch(f"{API}/organization/mass-text", json={"confirm_above": 1}, headers={"If-Match": "*"})
    ).status_code == 200
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    send = f"{BROADCASTS}/{broadcast_id}/send"
    for confirmed in (None, 1, 3):
        refused = await two.admin.post(send, json={"confirmed_recipients": confirmed})
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/confirmation-required")
        assert refused.json()["recipients"] == 2
    assert (await shown(two, broadcast_id))["state"] == "draft"
    key = {"Idempotency-Key": "snow-1"}
    first = await two.admin.post(send, json={"confirmed_recipients": 2, **ANY_HOUR}, headers=key)
    again = await two.admin.post(send, json={"confirmed_recipients": 2, **ANY_HOUR}, headers=key)
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (200, 200, "true")
    assert (await two.admin.post(send, json={"confirmed_recipients": 2})).status_code == 409
    assert len(await recipients(two, broadcast_id)) == 2


async def test_a_second_administrator_has_to_agree_where_the_business_wants_it(two: World) -> None:
    settings = {"confirm_above": 1, "needs_approval": True}
    assert (
        await two.admin.patch(f"{API}/organization/mass-text", json=settings, headers={"If-Match": "*"})
    ).status_code == 200
    second = {"permissions": [], "is_admin": True}
    assert (await two.admin.patch(f"{API}/staff-members/{two.staff_ids['noah']}", json=second)).status_code == 200
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    send = f"{BROADCASTS}/{broadcast_id}/send"

    refused = await two.maria.post(send, json={"confirmed_recipients": 2})
    assert (refused.json()["type"], refused.json()["missing"]) == ("/problems/approval-required", 2)
    assert (await two.maria.post(f"{BROADCASTS}/{broadcast_id}/approve")).status_code == 403
    await do(two, broadcast_id, "approve")
    await do(two, broadcast_id, "approve")
    assert (await two.maria.post(send, json={"confirmed_recipients": 2})).json()["missing"] == 1
    # A change needs their consent anew.
    assert (await two.noah.post(f"{BROADCASTS}/{broadcast_id}/approve")).status_code == 200
    await two.maria.patch(f"{BROADCASTS}/{broadcast_id}", json={"body": "Closed today."})
    assert (await two.maria.post(send, json={"confirmed_recipients": 2})).json()["missing"] == 2
    await do(two, broadcast_id, "approve")
    assert (await two.noah.post(f"{BROADCASTS}/{broadcast_id}/approve")).status_code == 200
    assert (await two.maria.post(send, json={"confirmed_recipients": 2})).status_code == 200


async def test_MASS_STATES_a_scheduled_one_that_is_changed_has_to_be_confirmed_again(two: World) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}}, send_at=later)
    assert (await confirm(two, broadcast_id))["state"] == "scheduled"
    await work(two)
    assert await two.claims() == []
    changed = await two.maria.patch(f"{BROADCASTS}/{broadcast_id}", json={"body": "Open again!", "send_at": None})
    assert (changed.json()["state"], await recipients(two, broadcast_id)) == ("draft", {})
    assert (await confirm(two, broadcast_id))["state"] == "sending"
    await work(two)
    assert {claim.message.body for claim in await claim_all(two)} == {"Open again!\nReply STOP to opt out."}


async def test_MASS_STATES_a_scheduled_one_begins_at_its_time(two: World) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}}, send_at=later)
    await confirm(two, broadcast_id)
    await two.rows("UPDATE broadcasts SET send_at = now() WHERE id = :id RETURNING id", id=broadcast_id)
    await two.rows(
        "UPDATE broadcast_recipients SET due_at = now() WHERE broadcast_id = :id RETURNING id", id=broadcast_id
    )
    await work(two)
    assert (await shown(two, broadcast_id))["state"] == "sending"
    assert Action.BROADCAST_STARTED.value in await two.audited()
    assert len(await claim_all(two)) == 2


# Sending.


async def test_MASS_STATUS_a_mass_text_leaves_the_conversations_as_they_are(two: World) -> None:
    await two.text(MOM, "Is it open?")
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}}, name="Snow day")
    await confirm(two, broadcast_id)
    await work(two)
    await settle(two, await claim_all(two))
    await work(two)

    assert ((await two.conversation(MOM))["status"], (await two.conversation(DAD))["status"]) == ("unread", "closed")
    (message,) = await two.thread((await two.conversation(DAD))["id"])
    assert message["broadcast"] == {"id": broadcast_id, "name": "Snow day"}
    assert (message["status"], message["sent_by"]["name"]) == ("sent", "Ada")
    found = await shown(two, broadcast_id)
    assert (found["state"], found["counts"]) == ("sent", {"sent": 2})
    await two.text(DAD, "Thanks!")
    assert (await two.conversation(DAD))["status"] == "unread"
    assert (await two.actions((await two.conversation(DAD))["id"]))[0] == Action.MESSAGE_SENT.value


async def test_MASS_OPTIN_consent_is_that_of_the_moment_when_it_leaves(world: World) -> None:
    families = {
        number: await family(world, f"F{number[-2:]}", contact("A", record(number)))
        for number in (MOM, DAD, GRANDMA, COACH, NEIGHBOUR)
    }
    broadcast_id = await new_broadcast(world.maria, audience={"families": {}})
    await confirm(world, broadcast_id)
    late = await family(world, "Late", contact("B", record("+13125550180")))
    assert late

    # Before it is queued: one becomes opted out, one moves to a family that has consent of its own.
    await family(world, "Others", contact("C", record(GRANDMA)))
    await world.admin.patch(f"{API}/families/{families[GRANDMA]}", json={"contacts": []})
    await family(world, "Refuser", contact("D", record(MOM, "opted_out")))
    await work(world)
    # While it is queued: one texts STOP, one moves.
    await world.text(DAD, "STOP")
    await family(world, "Movers", contact("E", record(COACH)))
    await world.admin.patch(f"{API}/families/{families[COACH]}", json={"contacts": []})
    claims = await claim_all(world)

    assert [claim.message.to for claim in claims] == [NEIGHBOUR]
    await settle(world, claims)
    await work(world)
    assert await recipients(world, broadcast_id) == {
        MOM: ("skipped", "opted_out"),
        DAD: ("skipped", "stopped"),
        GRANDMA: ("skipped", "moved"),
        COACH: ("skipped", "moved"),
        NEIGHBOUR: ("sent", None),
    }
    found = await shown(world, broadcast_id)
    assert (found["state"], found["counts"]) == ("sent", {"skipped": 4, "sent": 1})
    assert {each["reason"] for each in found["reasons"]} == {"opted_out", "stopped", "moved"}


async def test_MASS_STATES_pausing_holds_before_the_next_claim_and_resuming_sends_to_nobody_twice(world: World) -> None:
    numbers = [f"+131255502{n:02}" for n in range(12)]
    for number in numbers:
        await world.family(number[-2:], number)
    broadcast_id = await new_broadcast(world.maria, audience={"families": {}})
    await confirm(world, broadcast_id)
    await work(world)
    first = (await claim_all(world))[:5]
    await settle(world, first)
    await queued_again(world, first)

    paused = await do(world, broadcast_id, "pause")
    assert (paused["state"], paused["pause_reason"]) == ("paused", "person")
    assert await world.claims() == []
    # A parent is answered meanwhile: the reply is not stuck behind the mass text.
    await world.text(numbers[0], "Really?")
    conversation = await world.conversation(numbers[0])
    await world.maria.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "Yes."})
    replies = await world.claims()
    assert [claim.message.body for claim in replies] == ["Yes."]
    await settle(world, replies)

    await do(world, broadcast_id, "resume")
    await do(world, broadcast_id, "resume", status=409)
    await work(world)
    rest = await claim_all(world)
    await settle(world, rest)
    await work(world)
    assert Counter(claim.message.to for claim in (*first, *rest)) == Counter(numbers)
    assert (await shown(world, broadcast_id))["counts"] == {"sent": 12}


async def test_MASS_STATES_cancelling_ends_what_is_queued_and_what_waits(two: World) -> None:
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    await confirm(two, broadcast_id)
    await work(two)
    (first, *_) = await two.claims()
    await queued_again(two, [first])
    cancelled = await do(two, broadcast_id, "cancel")
    assert cancelled["state"] == "cancelled"
    await work(two)
    await settle(two, [first])
    await work(two)

    assert await two.claims() == []
    assert Counter(state for state, _ in (await recipients(two, broadcast_id)).values()) == {"sent": 1, "cancelled": 1}
    assert await two.rows("SELECT 1 FROM outbox_pauses") == []
    # A mass text that did not go calls nobody: its report says it (NOT-SENT).
    assert (await two.daniel.get(f"{API}/indicator")).json()["not_sent_conversations"] == 0
    await do(two, broadcast_id, "resume", status=409)


async def test_MASS_STATES_the_failed_ones_are_retried_as_a_mass_text_of_their_own(two: World) -> None:
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    await confirm(two, broadcast_id)
    await work(two)
    claims = await claim_all(two)
    by_number = {claim.message.to: claim for claim in claims}
    await settle(two, [by_number[MOM]])
    await settle(two, [by_number[DAD]], Rejected(code="30003", title="Unreachable handset", opted_out=False))
    await work(two)

    assert await recipients(two, broadcast_id, state="failed") == {DAD: ("failed", "30003")}
    assert (await two.conversation(DAD))["status"] == "closed"
    retry = await do(two, broadcast_id, "retry", status=201)
    await do(two, broadcast_id, "retry", status=409)
    assert (await do(two, retry["id"], "preview"))["recipients"] == 1
    assert (await confirm(two, retry["id"]))["recipients"] == 1
    await work(two)
    assert [claim.message.to for claim in await claim_all(two)] == [DAD]


async def test_the_report_is_a_spreadsheet_without_formulas(world: World) -> None:
    await family(world, "=HYPERLINK()", contact("@Rosa", record(MOM)))
    broadcast_id = await new_broadcast(world.maria, audience={"families": {}})
    await confirm(world, broadcast_id)
    await work(world)
    answer = await world.maria.get(f"{BROADCASTS}/{broadcast_id}/export.csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="mass-text-gym-')
    (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (row["phone_number"], row["name"], row["record_name"]) == (f"'{MOM}", "'@Rosa", "'=HYPERLINK()")
    assert row["state"] == "queued"


# Hours and permissions.


async def test_PERM_HOURS_outside_the_hours_it_waits_or_goes_with_a_reason(two: World) -> None:
    in_three_days = WEEKDAYS[(datetime.now(UTC).weekday() + 3) % 7]
    hours = {"hours": {in_three_days: [{"opens": "10:00", "closes": "18:00"}]}}
    assert (
        await two.admin.patch(f"{API}/organization/mass-text", json=hours, headers={"If-Match": "*"})
    ).status_code == 200
    waiting = await new_broadcast(two.maria, audience={"families": {}})
    preview = await do(two, waiting, "preview")
    assert (preview["hours"]["now"], preview["hours"]["later"]) == (0, 2)
    opens = datetime.fromisoformat(preview["hours"]["opens_at"])
    assert timedelta(days=1) < opens - datetime.now(UTC) < timedelta(days=5)
    assert (await two.maria.post(f"{BROADCASTS}/{waiting}/send")).status_code == 200
    await work(two)
    assert await two.claims() == []
    assert await recipients(two, waiting) == {MOM: ("waiting", None), DAD: ("waiting", None)}

    urgent = await new_broadcast(two.maria, audience={"families": {}})
    refused = await two.maria.post(f"{BROADCASTS}/{urgent}/send", json=ANY_HOUR)
    assert (refused.status_code, refused.json()["permission"]) == (403, "mass_text_any_hour")
    key = await two.api_key(Permission.SMS_LOGS, Permission.MASS_TEXT, Permission.MASS_TEXT_ANY_HOUR)
    assert (await key.post(f"{BROADCASTS}/{urgent}/send", json=ANY_HOUR)).status_code == 200
    await work(two)
    assert len(await claim_all(two)) == 2
    entries = await two.rows(
        "SELECT details ->> 'reason', actor_kind FROM audit_entries WHERE action = 'broadcast.hours_overridden'"
    )
    assert [tuple(each) for each in entries] == [(ANY_HOUR["any_hour_reason"], "api_key")]


async def test_MASS_HOURS_what_is_queued_when_the_hours_end_leaves_in_the_next_ones(two: World) -> None:
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    await confirm(two, broadcast_id)
    await work(two)
    await two.rows("UPDATE broadcasts SET any_hour_reason = NULL WHERE id = :id RETURNING id", id=broadcast_id)
    await two.rows("UPDATE outbox SET not_after = now() - interval '1 second' RETURNING id")

    assert await two.claims() == []
    await work(two)
    rows = await two.rows("SELECT due_at, not_after FROM outbox")
    assert len(rows) == 2
    assert all(due_at < not_after and not_after > datetime.now(UTC) for due_at, not_after in rows)


async def test_PERM_NOW_it_pauses_when_its_sender_may_not_send_any_more(two: World) -> None:
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    assert (await two.maria.post(f"{BROADCASTS}/{broadcast_id}/send", json={})).status_code == 200
    maria = f"{API}/staff-members/{two.staff_ids['maria']}"
    await two.admin.patch(maria, json={"permissions": ["sms_logs"]})
    await work(two)
    found = (await two.admin.get(f"{BROADCASTS}/{broadcast_id}")).json()
    assert (found["state"], found["pause_reason"]) == ("paused", "author")
    assert await two.rows("SELECT 1 FROM messages") == []


async def test_MASS_FAIR_a_line_with_a_rate_has_two_minutes_of_it_in_the_outbox(world: World) -> None:
    for n in range(60):
        await world.family(str(n), f"+131255503{n:02}")
    limited = {"settings": {"messages_per_second": 0.1}}
    assert (await world.admin.patch(f"{API}/lines/{world.line_id}", json=limited)).status_code == 200
    broadcast_id = await new_broadcast(world.maria, audience={"families": {}})
    assert (await do(world, broadcast_id, "preview"))["seconds"] == 600
    await confirm(world, broadcast_id)
    await work(world)
    assert (await shown(world, broadcast_id))["counts"] == {"queued": 50, "waiting": 10}


async def test_a_draft_that_cannot_go_is_refused(two: World) -> None:
    async def refused(client: httpx.AsyncClient, **more: Any) -> int:
        return (await client.post(BROADCASTS, json=a_broadcast(MOM, **more))).status_code

    assert await refused(two.maria, body=" ") == 422
    assert await refused(two.maria, body="Hi {name}") == 422
    assert await refused(two.maria, audience={}) == 422
    assert await refused(two.maria, header="x" * 51) == 422
    assert await refused(two.maria, send_att="2030-01-01T00:00:00Z") == 422
    assert await refused(two.daniel) == 403
    nobody = await new_broadcast(two.maria, "+13125550177")
    assert (await two.maria.post(f"{BROADCASTS}/{nobody}/send", json={})).status_code == 409
