"""`If-Match` on every route that takes it: 412, 428, and two who change a record at once (decision 0055)."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import text

from api.access.preconditions import IfMatch
from api.access.rules import Permission
from tests.access.needs import API, NEEDS
from tests.access.route_requests import REPLACING, ask
from tests.access.rows import Rows, new_note, saved_view
from tests.support.backends import waiting_backends
from tests.support.broadcasts import broadcast_for, new_audience
from tests.support.stack import eventually
from tests.support.world import World

ROUNDS = 25
STALE = '"of-another-time"'
PLAIN = {"Accept-Encoding": "identity"}
FILES = {f"POST {API}/media", f"POST {API}/directory/import"}
"""`ask` sends them files without further headers."""


def conditional(world: World) -> Iterator[tuple[str, str, bool]]:
    """Each route that takes `If-Match`, the path of its GET, and whether it needs the header."""
    contexts = list(iter_route_contexts(world.service.app.api.routes))
    reading = {
        each.original_route.endpoint: each.path
        for each in contexts
        if isinstance(each.original_route, APIRoute) and "GET" in (each.methods or ())
    }
    for context in contexts:
        dependant = context.dependant if isinstance(context.original_route, APIRoute) else None
        for condition in _conditions(dependant) if dependant is not None else ():
            (method,) = context.methods or {""}
            get = str(reading[condition.get]).replace(":path}", "}")
            yield f"{method} {context.path}".replace(":path}", "}"), get, condition.is_required


def _conditions(dependant: Dependant) -> Iterator[IfMatch]:
    if isinstance(dependant.call, IfMatch):
        yield dependant.call
    for each in dependant.dependencies:
        yield from _conditions(each)


async def about(world: World, rows: Rows, name: str) -> Rows:
    """A record of the administrator's own that the route can change."""
    ids = dict(rows.ids)
    if "{broadcast_id}" in name:
        ids["broadcast_id"] = await broadcast_for(world, name)
    if "{view_id}" in name:
        ids["view_id"] = await saved_view(world.admin)
    if "{audience_id}" in name:
        ids["audience_id"] = await new_audience(world.admin, rows.phone_number)
    if "{note_id}" in name:
        ids["note_id"] = await new_note(world.admin, ids["conversation_id"])
    if "{external_id}" in name:
        put = await ask(world.admin, name, rows)
        assert put.is_success, put.text
    if "{api_key_id}" in name:
        made = await world.admin.post(f"{API}/api-keys", json={"name": "Key", "permissions": []})
        ids["api_key_id"] = made.json()["id"]
    return Rows(ids, rows.phone_number)


async def test_every_route_with_if_match_changes_only_what_is_as_it_was_read(world: World) -> None:
    rows = await Rows.create(world)
    found = list(conditional(world))
    assert {name for name, _, is_required in found if is_required} == REPLACING
    assert len(found) >= 30
    for name, path, _ in found:
        mine = await about(world, rows, name)
        address = path.format(**mine.ids)
        before = await world.admin.get(address, headers=PLAIN)
        tag = before.headers["etag"]
        for given in (STALE, f"W/{tag}", tag.strip('"')):
            refused = await ask(world.admin, name, mine, {"If-Match": given})
            assert (name, given, refused.status_code) == (name, given, 412), refused.text
            problem = refused.json()
            assert problem["type"] == "/problems/precondition-failed"
            assert (problem["etag"], refused.headers["etag"], problem["current"]) == (tag, tag, before.json()), name
        assert (await world.admin.get(address)).content == before.content, name

        changed = await ask(world.admin, name, mine, {"If-Match": f"{STALE}, {tag}"})
        assert changed.is_success, (name, changed.text)
        after = await world.admin.get(address, headers=PLAIN)
        if "etag" in changed.headers:
            assert (name, changed.headers["etag"]) == (name, after.headers["etag"])
    answered = [name for name, _, _ in found if name.startswith("PATCH")]
    assert answered


async def test_a_change_answers_with_the_tag_for_the_next_one(world: World) -> None:
    family = await world.family("Jones", "+13125550101")
    path = f"{API}/families/{family['id']}"
    tag = (await world.maria.get(path)).headers["etag"]
    for name in ("A", "B", "C"):
        changed = await world.maria.patch(path, json={"name": name}, headers={"If-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag
        tag = changed.headers["etag"]


async def test_what_replaces_a_shared_document_needs_if_match_or_says_that_it_replaces_whatever_there_is(
    world: World,
) -> None:
    rows = await Rows.create(world)
    for name, path, is_required in conditional(world):
        if not is_required:
            continue
        before = await world.admin.get(path.format(**rows.ids))
        method, _, address = name.partition(" ")
        body = (await ask(world.admin, name, rows)).request.content
        missing = await world.admin.request(
            method, address.format(**rows.ids), content=body, headers={"Content-Type": "application/json"}
        )
        assert (name, missing.status_code) == (name, 428), missing.text
        assert missing.json()["type"] == "/problems/precondition-required"
        # Whoever may not change it learns nothing else.
        other = await world.noah.request(
            method, address.format(**rows.ids), content=body, headers={"Content-Type": "application/json"}
        )
        assert (name, other.status_code) == (name, 403)
        assert before.headers["etag"]


async def test_other_changes_refuse_a_precondition_that_they_would_ignore(world: World) -> None:
    rows = await Rows.create(world)
    taking = {name for name, _, _ in conditional(world)}
    for name, need in NEEDS.items():
        method = name.partition(" ")[0]
        if method == "GET" or need.public or API not in name or name in taking | FILES:
            continue
        refused = await ask(world.admin, name, rows, {"If-Match": STALE})
        assert (name, refused.status_code) == (name, 422), refused.text
        assert [each["pointer"] for each in refused.json()["errors"]] == ["/header/If-Match"]


async def test_a_repeat_under_one_idempotency_key_answers_as_the_first_did(world: World) -> None:
    await world.text("+13125550101", "Hello?")
    conversation = await world.conversation("+13125550101")
    path = f"{API}/conversations/{conversation['id']}"
    headers = {"If-Match": (await world.daniel.get(path)).headers["etag"], "Idempotency-Key": "close-1"}

    first, again = [await world.daniel.post(f"{path}/close", json={"seen_seq": 1}, headers=headers) for _ in range(2)]

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["idempotency-replayed"] == "true"
    other = {**headers, "Idempotency-Key": "close-2"}
    assert (await world.daniel.post(f"{path}/close", json={"seen_seq": 1}, headers=other)).status_code == 412


async def test_a_record_that_is_not_there_matches_nothing_and_is_not_created(world: World) -> None:
    path = f"{API}/families/by-external-id/F-1"
    for given in ("*", STALE):
        refused = await world.maria.put(path, json={"name": "Jones", "contacts": []}, headers={"If-Match": given})
        assert (refused.status_code, refused.json()["current"], refused.json()["etag"]) == (412, None, None)
        assert "etag" not in refused.headers
    assert (await world.maria.get(path)).status_code == 404


async def test_a_key_without_the_permission_learns_nothing_from_a_412(world: World) -> None:
    family = await world.family("Jones", "+13125550101")
    key = await world.api_key(Permission.SMS_LOGS)
    refused = await key.patch(f"{API}/families/{family['id']}", json={"name": "X"}, headers={"If-Match": STALE})
    assert (refused.status_code, "current" in refused.json()) == (403, False)


# Two at once.


async def _one_wins(world: World, path: str, bodies: list[dict[str, Any]], *, put: bool = False) -> None:
    """Both send what they have read the same version of."""
    tag = (await world.admin.get(path)).headers["etag"]
    method = "PUT" if put else "PATCH"
    answers = await asyncio.gather(
        *(world.admin.request(method, path, json=body, headers={"If-Match": tag}) for body in bodies)
    )
    assert sorted(each.status_code for each in answers) == [200, 412], [each.text for each in answers]
    won = bodies[[each.status_code for each in answers].index(200)]
    lost = next(each for each in answers if each.status_code == 412)
    stored = await world.admin.get(path)
    assert lost.json()["current"] == stored.json(), "The second one sees what the first has stored."
    assert lost.headers["etag"] == stored.headers["etag"]
    assert {name: stored.json()[name] for name in ("name", "body", "label", "header") if name in won} == {
        name: value for name, value in won.items() if isinstance(value, str)
    }


@pytest.mark.parametrize("kind", ["family", "oneself", "saved reply", "line", "away", "draft", "settings"])
async def test_of_two_who_change_one_version_exactly_one_wins(world: World, kind: str) -> None:
    rows = await Rows.create(world)
    paths = {
        "family": f"{API}/families/{rows.ids['family_id']}",
        # The request that waits has read the person's row before, to know who asks.
        "oneself": f"{API}/staff-members/{world.staff_ids['admin']}",
        "saved reply": f"{API}/saved-replies/{rows.ids['saved_reply_id']}",
        "line": f"{API}/lines/{rows.ids['line_id']}",
        "away": f"{API}/organization/away",
        "draft": f"{API}/broadcasts/{rows.ids['broadcast_id']}",
        "settings": f"{API}/organization/mass-text",
    }
    for turn in range(ROUNDS):
        bodies: list[dict[str, Any]] = []
        for who in ("Ada", "Ben"):
            said = f"{who} {turn}"
            match kind:
                case "saved reply":
                    bodies.append({"body": said})
                case "line":
                    bodies.append({"label": said})
                case "away":
                    bodies.append({"enabled": False, "body": said, "hours": {}})
                case "settings":
                    bodies.append({"header": said})
                case _:
                    bodies.append({"name": said})
        await _one_wins(world, paths[kind], bodies, put=kind == "away")


async def test_both_who_wait_for_the_lock_compare_once_they_have_it(world: World) -> None:
    family = await world.family("Jones", "+13125550101")
    path = f"{API}/families/{family['id']}"
    tag = (await world.admin.get(path)).headers["etag"]
    async with world.service.database.transaction() as session:
        await session.execute(text("SELECT 1 FROM families WHERE id = :id FOR UPDATE"), {"id": family["id"]})
        asked = [
            asyncio.create_task(client.patch(path, json={"name": name}, headers={"If-Match": tag}))
            for client, name in ((world.admin, "Ada's"), (world.maria, "Maria's"))
        ]

        async def both_wait() -> bool:
            return len(await waiting_backends(world)) == len(asked)

        await eventually(both_wait, "both wait for the lock")
    answers = await asyncio.gather(*asked)
    assert sorted(each.status_code for each in answers) == [200, 412]
