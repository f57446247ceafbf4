"""CONTEXT: links of the organization's own, as URL templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.links.rules import LinkTemplate, fields_of, filled, template_problem
from tests.support.world import World

API = "/api/v1"

GOOD = (
    "https://studio.example/families/{external_id}",
    "https://studio.example:8443/?q={phone_number}&of={name}#{family_id}",
    "https://studio.example",
)
BAD = {
    "http://studio.example/{external_id}": "https://",
    "javascript:alert(1)": "https://",
    "//studio.example": "https://",
    "https://{external_id}.example/": "name of the site",
    "https:///path": "names a site",
    "https://ada@studio.example/": "user name",
    "https://studio.example/{password}": "{password}",
    "https://studio.example/{}": "{}",
    "https://studio.example/{external_id": "partner",
    "https://studio.example/a b": "spaces",
    "https://studio.example/<script>": "angle",
    "https://[::1": "web address",
    "https://studio.example:port/": "web address",
}


def test_templates_of_https_sites_with_known_fields_are_taken() -> None:
    assert [template_problem(each) for each in GOOD] == [None] * len(GOOD)


@pytest.mark.parametrize(("template", "said"), BAD.items())
def test_other_templates_are_refused_in_words(template: str, said: str) -> None:
    problem = template_problem(template)
    assert problem is not None
    assert said in problem


@given(st.text(min_size=1))
def test_a_value_never_leaves_its_place_in_the_address(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    link = filled(LinkTemplate("Studio", "https://studio.example/f/{external_id}?a=1"), {"external_id": value})
    assert link is not None
    inner = link.url.removeprefix("https://studio.example/f/").removesuffix("?a=1")
    assert inner.isascii()
    assert not set(inner) & set("/?#&{}<>\"' \\")


def test_a_link_is_left_out_without_its_value() -> None:
    assert filled(LinkTemplate("Studio", GOOD[0]), {"external_id": None}) is None
    assert fields_of(GOOD[1]) == {"phone_number", "name", "family_id"}


async def test_PERM_ADMIN_links_are_replaced_by_an_administrator_and_audited(world: World) -> None:
    items = [{"label": "Studio", "url_template": GOOD[0]}, {"label": "Pay", "url_template": GOOD[2]}]

    put = await world.admin.put(f"{API}/organization/links", json={"links": items}, headers={"If-Match": "*"})
    same = await world.admin.put(f"{API}/organization/links", json={"links": items}, headers={"If-Match": "*"})
    refused = await world.maria.put(f"{API}/organization/links", json={"links": []}, headers={"If-Match": "*"})
    many = await world.admin.put(f"{API}/organization/links", json={"links": items * 6}, headers={"If-Match": "*"})
    bad = await world.admin.put(
        f"{API}/organization/links",
        json={"links": [{"label": "X", "url_template": "http://x.example"}]},
        headers={"If-Match": "*"},
    )

    assert put.json() == same.json() == {"links": items}
    assert (refused.status_code, many.status_code, bad.status_code) == (403, 422, 422)
    assert "https://" in bad.json()["errors"][0]["detail"]
    assert (await world.maria.get(f"{API}/organization/links")).json() == {"links": items}
    entries = await world.rows("SELECT details - 'salt' FROM audit_entries WHERE action = 'organization.links_changed'")
    assert [each[0] for each in entries] == [{"from": [], "to": items}]
