"""OPTIN-EVIDENCE: nobody claims that a parent has texted a keyword, or that a provider has said so."""

from typing import Any

import pytest

from tests.access.payloads import new_number, new_person
from tests.support.world import World

API = "/api/v1"


def claimed(source: str) -> list[dict[str, Any]]:
    return [{"phone_number": new_number(), "opt_in": {"state": "opted_in", "source": source}}]


@pytest.mark.parametrize("source", ["keyword", "provider", "invented"])
async def test_OPTIN_EVIDENCE_a_source_that_no_person_may_claim_is_refused_on_every_route(
    world: World, source: str
) -> None:
    family = await world.family("Rivera", "+13125550101")
    record_id = family["contacts"][0]["phone_records"][0]["id"]
    contacts = [{"name": "Ana", "phone_records": claimed(source)}]
    staff = f"{API}/staff-members/{world.staff_ids['maria']}"
    before = await world.table_sizes()

    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"{API}/families", {"name": "New", "contacts": contacts}),
        ("PUT", f"{API}/families/by-external-id/F-1", {"name": "New", "contacts": contacts}),
        ("PATCH", f"{API}/families/{family['id']}", {"contacts": contacts}),
        ("POST", f"{API}/staff-members", {**new_person(), "phone_records": claimed(source)}),
        ("PUT", f"{API}/staff-members/by-external-id/S-1", {**new_person(), "phone_records": claimed(source)}),
        ("PATCH", staff, {"phone_records": claimed(source)}),
        ("PUT", f"{API}/phone-records/{record_id}/opt-in", {"state": "opted_in", "source": source}),
    ]
    for method, path, body in tries:
        refused = await world.admin.request(method, path, json=body)
        assert (path, refused.status_code) == (path, 422)
        assert refused.json()["errors"][0]["pointer"].endswith("/source"), refused.text
    rows = {"rows": [{"kind": "family", "name": "New", "contacts": contacts}]}
    columns = "kind,name,contact_name,phone_number,opt_in_state,opt_in_source"
    csv = f"{columns}\nfamily,New,Ana,{new_number()},opted_in,{source}\n"
    for body_of_import in ({"json": rows}, {"content": csv, "headers": {"Content-Type": "text/csv"}}):
        imported = await world.admin.post(f"{API}/directory/import", **body_of_import)
        assert imported.status_code == 422, imported.text
        assert "source" in imported.text

    assert await world.table_sizes() == before
