"""Conditional requests: `ETag` and 304 of every GET that answers JSON (decision 0055)."""

import gzip

from api.kit.entity_tags import gzip_tag, read_tags, tag_of
from tests.access.needs import API, NEEDS, STREAMS
from tests.access.route_requests import ask
from tests.access.rows import Rows
from tests.support.world import World

CHANGES_BY_ITSELF = {f"GET {API}/service-status"}
"""It tells the time."""


def test_tags_of_a_header_are_read_and_compared() -> None:
    one, other = tag_of(b"one"), tag_of(b"other")
    assert one != other
    assert tag_of(b"one") == one

    both = read_tags([f'"x", W/{other}', f'{one} , "a,b"'])
    assert both is not None
    assert (both.names(one), both.names(other)) == (True, False), "A weak tag never matches If-Match."
    assert (both.names_weakly(one), both.names_weakly(other)) == (True, True)
    assert both.names('"a,b"')

    gzipped = read_tags([gzip_tag(one)])
    assert gzipped is not None
    assert (gzipped.names(one), gzipped.is_gzip, both.is_gzip) == (True, True, False)

    anything = read_tags(["*"])
    assert anything is not None
    assert anything.names(one)

    for malformed in ("", one.strip('"'), f'"{one}', '"*"', "W/*"):
        given = read_tags([malformed])
        assert given is not None
        assert not given.names_weakly(one), malformed
    assert read_tags([]) is None


async def test_every_get_of_json_has_a_tag_and_answers_304_to_it(world: World) -> None:
    rows = await Rows.create(world)
    for kind in ("families", "staff-members"):
        put = await ask(world.admin, f"PUT {API}/{kind}/by-external-id/{{external_id}}", rows)
        assert put.is_success, put.text
    asked = 0
    for name, need in NEEDS.items():
        if not name.startswith(f"GET {API}") or name in STREAMS or need.public:
            continue
        answer = await ask(world.admin, name, rows)
        assert (name, answer.status_code) == (name, 200), answer.text
        if not answer.headers["content-type"].startswith("application/json"):
            continue
        tag = answer.headers["etag"]
        assert (name, answer.headers["vary"]) == (name, "Accept-Encoding")
        assert answer.headers["cache-control"] == "no-store", name
        if name in CHANGES_BY_ITSELF:
            continue
        address = str(answer.request.url)
        again = await world.admin.get(address, headers={"If-None-Match": f'"other", W/{tag}'})
        assert (name, again.status_code, again.content, again.headers["etag"]) == (name, 304, b"", tag)
        assert not {"content-type", "content-length"} & again.headers.keys(), name
        assert again.headers["cache-control"] == "no-store", name
        head = await world.admin.head(address, headers={"If-None-Match": tag})
        assert (name, head.status_code, head.content, head.headers["etag"]) == (name, 304, b"", tag)
        other = await world.admin.get(address, headers={"If-None-Match": '"other"'})
        assert (name, other.status_code, other.headers["etag"]) == (name, 200, tag)
        asked += 1
    assert asked >= 55


async def test_a_gzipped_answer_has_a_tag_of_its_own_for_the_same_representation(world: World) -> None:
    for number in range(8):
        await world.family(f"Jones {number}", f"+131255501{number:02}")
    path = f"{API}/families"
    plain = await world.admin.get(path, headers={"Accept-Encoding": "identity"})
    async with world.admin.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as packed:
        body = b"".join([part async for part in packed.aiter_raw()])
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == plain.content
    assert packed.headers["etag"] == gzip_tag(plain.headers["etag"]) != plain.headers["etag"]

    for encoding in ("gzip", "identity"):
        for tag in (plain.headers["etag"], packed.headers["etag"]):
            again = await world.admin.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": tag})
            assert (again.status_code, again.headers["etag"], again.headers["vary"]) == (304, tag, "Accept-Encoding")


async def test_a_tag_changes_with_the_record_and_a_refusal_has_none(world: World) -> None:
    family = await world.family("Jones", "+13125550101")
    path = f"{API}/families/{family['id']}"
    before = (await world.maria.get(path)).headers["etag"]
    assert (await world.maria.patch(path, json={"name": "Jones and Rivera"})).status_code == 200

    after = await world.maria.get(path, headers={"If-None-Match": before})
    assert (after.status_code, after.json()["name"]) == (200, "Jones and Rivera")
    assert after.headers["etag"] != before

    archived = await world.admin.post(f"{API}/families/{family['id']}/archive")
    assert "etag" not in archived.headers, "The answer to an act is not what its own address answers to GET."
    key = await world.api_key()
    refused = await key.get(path, headers={"If-None-Match": "*"})
    assert (refused.status_code, "etag" in refused.headers) == (403, False)
    missing = await world.maria.get(f"{API}/families/{world.organization_id}", headers={"If-None-Match": "*"})
    assert (missing.status_code, "etag" in missing.headers) == (404, False)
