"""Drafts of mass texts: what their changes leave in the audit log, and saved audiences that come back."""

from datetime import timedelta
from typing import Any

import pytest

from api.audit.rules import Action
from api.broadcasts import drafts
from tests.broadcasts.test_broadcasts import ANY_HOUR, API, do, two
from tests.support.broadcasts import BROADCASTS, new_broadcast
from tests.support.world import World

__all__ = ["two"]


async def entries(world: World, *actions: Action) -> list[tuple[str, dict[str, Any]]]:
    """(name of the actor, details), the oldest first."""
    found = await world.rows(
        "SELECT actor_name, details FROM audit_entries WHERE action = ANY (:actions) ORDER BY chain_number",
        actions=[each.value for each in actions],
    )
    return [(row[0], row[1]) for row in found]


async def test_AUDIT_a_series_of_changes_by_one_person_is_one_entry(
    two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}}, body="Closed", name="Snow day")
    path = f"{BROADCASTS}/{broadcast_id}"

    async def write(who: Any, body: str) -> None:
        assert (await who.patch(path, json={"body": body})).status_code == 200

    for body in ("Closed for", "Closed for snow", "Closed for snow."):
        await write(two.maria, body)
    await write(two.admin, "Closed today.")
    await write(two.maria, "Closed for snow again.")
    changed = await entries(two, Action.BROADCAST_UPDATED)
    maria, admin = changed[0][0], changed[1][0]
    assert [(who, details["before"]["body"]) for who, details in changed] == [
        (maria, "Closed"),
        (admin, "Closed for snow."),
        (maria, "Closed today."),
    ]
    assert maria != admin

    # Who comes back later starts another series.
    monkeypatch.setattr(drafts, "SERIES", timedelta())
    await write(two.maria, "Closed tomorrow.")
    assert len(await entries(two, Action.BROADCAST_UPDATED)) == 4


async def test_AUDIT_a_change_that_takes_a_confirmation_back_is_an_entry_of_its_own(two: World) -> None:
    broadcast_id = await new_broadcast(two.admin, audience={"families": {}}, body="Closed")
    path = f"{BROADCASTS}/{broadcast_id}"
    assert (await two.admin.patch(path, json={"send_at": "2099-01-05T15:00:00Z"})).status_code == 200
    sent = await two.admin.post(f"{path}/send", json=ANY_HOUR)
    assert sent.status_code == 200, sent.text
    assert (await two.admin.patch(path, json={"body": "Closed today."})).status_code == 200
    assert (await do(two, broadcast_id, "approve"))["approvals"]
    assert (await two.admin.patch(path, json={"footer": "Bye"})).status_code == 200
    (_, confirmed), (_, approved) = await entries(two, Action.BROADCAST_CONFIRMED, Action.BROADCAST_APPROVED)
    assert (confirmed["body"], confirmed["send_at"], approved["body"]) == (
        "Closed",
        "2099-01-05T15:00:00Z",
        "Closed today.",
    )
    changed = await entries(two, Action.BROADCAST_UPDATED)
    assert [details["before"]["body"] for _, details in changed] == ["Closed", "Closed", "Closed today."]
    assert changed[-1][1]["before"]["footer"] != "Bye"


async def test_MASS_WHO_a_deleted_audience_comes_back_under_its_id(two: World) -> None:
    body = {"name": "Team", "audience": {"families": {}}}
    saved = (await two.maria.post(f"{API}/audiences", json=body)).json()
    broadcast_id = await new_broadcast(two.maria, audience={"audience_ids": [saved["id"]]})
    renamed = await two.maria.patch(f"{API}/audiences/{saved['id']}", json={"name": "Team parents"})
    assert renamed.json()["name"] == "Team parents"
    other = (await two.maria.post(f"{API}/audiences", json={**body, "name": "Other"})).json()
    same = await two.maria.patch(f"{API}/audiences/{other['id']}", json={"name": "team PARENTS"})
    assert (same.status_code, same.json()["existing_id"]) == (409, saved["id"])
    again = {**body, "id": saved["id"]}
    taken = await two.maria.post(f"{API}/audiences", json=again)
    assert (taken.status_code, taken.json()["detail"]) == (409, "There is a saved audience with this id already.")
    assert (await two.maria.delete(f"{API}/audiences/{saved['id']}")).status_code == 204
    assert (await two.admin.post(f"{BROADCASTS}/{broadcast_id}/preview")).status_code == 404
    assert (await two.maria.post(f"{API}/audiences", json=again)).json()["id"] == saved["id"]
    assert (await do(two, broadcast_id, "preview"))["recipients"] == 2


async def test_PERM_HOURS_a_preview_outside_the_hours_counts_those_whom_they_leave_out(two: World) -> None:
    hours = {"hours": {"monday": [{"opens": "05:00", "closes": "06:00"}]}}
    assert (
        await two.admin.patch(f"{API}/organization/mass-text", json=hours, headers={"If-Match": "*"})
    ).status_code == 200
    path = f"{BROADCASTS}/{await new_broadcast(two.maria, audience={'families': {}})}/preview"
    within = (await two.admin.post(path)).json()
    assert (within["recipients"], within["left_out"]) == (0, [{"reason": "no_lawful_hour", "count": 2}])
    outside = (await two.admin.post(path, params={"any_hour": "true"})).json()
    assert (outside["recipients"], outside["left_out"], outside["hours"]["now"]) == (2, [], 2)
    refused = await two.maria.post(path, params={"any_hour": "true"})
    assert (refused.status_code, refused.json()["permission"]) == (403, "mass_text_any_hour")
