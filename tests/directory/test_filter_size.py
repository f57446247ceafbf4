"""Lists filtered by tag, class and location are fast in a business of any size, and so are audiences (MASS-WHO)."""

import asyncio
import json
from time import perf_counter

from sqlalchemy import func, select

from api.directory.audience import ids_in_audience
from api.directory.rules import OwnerKind
from api.directory.types import AudienceFilter
from tests.support.reliability import size
from tests.support.statements import execute
from tests.support.world import World

API = "/api/v1"

AUDIENCES = (
    AudienceFilter(),
    AudienceFilter(tag="common"),
    AudienceFilter(location="south"),
    AudienceFilter(q="family", location="South", tag="rare"),
)

SETUP = (
    # Half of the families are at one location, a hundredth at a small one.
    "INSERT INTO families (organization_id, id, name, location)"
    " SELECT {key}, md5('f' || n)::uuid, 'Family ' || n,"
    " CASE WHEN n % 2 = 0 THEN 'North' WHEN n % 100 = 1 THEN 'south' END FROM generate_series(1, {families}) AS n",
    "INSERT INTO students (organization_id, id, family_id, name, position)"
    " SELECT {key}, md5('s' || n)::uuid, md5('f' || n)::uuid, 'Student ' || n, 0"
    " FROM generate_series(1, {families}) AS n",
    "INSERT INTO classes (organization_id, id, name, weekdays, key, search, location)"
    " SELECT {key}, md5('c' || n)::uuid, 'Class ' || n, '[\"tuesday\"]', 'class ' || n, 'class ' || n,"
    " CASE WHEN n % 10 = 3 THEN 'South' END"
    " FROM generate_series(0, 999) AS n",
    "INSERT INTO enrollments (organization_id, student_id, class_id)"
    " SELECT {key}, md5('s' || n)::uuid, md5('c' || n % 1000)::uuid FROM generate_series(1, {families}) AS n",
    # Half of the families have a common tag, one in a thousand has a rare one.
    "INSERT INTO record_tags (organization_id, id, family_id, name, key)"
    " SELECT {key}, md5('t' || n)::uuid, md5('f' || n)::uuid, 'Common', 'common'"
    " FROM generate_series(1, {families}, 2) AS n",
    "INSERT INTO record_tags (organization_id, id, family_id, name, key)"
    " SELECT {key}, md5('r' || n)::uuid, md5('f' || n)::uuid, 'Rare', 'rare'"
    " FROM generate_series(1, {families}, 1000) AS n",
    "ANALYZE families, students, classes, enrollments, record_tags",
)


async def test_families_are_filtered_by_tag_and_class_within_moments(world: World) -> None:
    families = size(quick=2_000, full=50_000)
    key = f"'{world.organization_id}'::uuid"
    statements = [statement.format(key=key, families=families) for statement in SETUP]
    await asyncio.to_thread(execute, world.service.urls.owner_url, *statements)
    class_id = (await world.rows("SELECT id FROM classes WHERE name = 'Class 7'"))[0][0]
    took: dict[str, float] = {}
    for params in (
        {"tag": "Common"},
        {"tag": "Rare"},
        {"class_id": str(class_id)},
        {"tag": "Common", "class_id": str(class_id)},
        {"location": "north"},
        {"location": "South"},
        {"location": "South", "tag": "Common"},
        {"location": "South", "q": "family 9"},
        {"tag": "Rare", "q": "family"},
        {"q": "student 17"},
    ):
        response = await world.admin.get(f"{API}/families", params={**params, "limit": "50"})
        assert response.status_code == 200, response.text
        assert response.json()["items"], params
        took[json.dumps(params)] = response.elapsed.total_seconds()
    for path in ("tags", "locations", "classes", "classes?weekday=tuesday&q=class"):
        response = await world.admin.get(f"{API}/{path}")
        took[path] = response.elapsed.total_seconds()
        if path == "tags":
            assert [each["families"] for each in response.json()["items"]] == [families // 2, families // 1000]
        if path == "locations":
            assert [each["families"] for each in response.json()["items"]] == [families // 2, families * 11 // 100]
    for given in AUDIENCES:
        began = perf_counter()
        async with world.service.database.transaction() as session:
            ids = await ids_in_audience(session, world.organization_id, OwnerKind.FAMILY, given)
            found = await session.scalar(select(func.count()).select_from(ids.subquery()))
        took[f"audience {given.model_dump_json(exclude_defaults=True)}"] = perf_counter() - began
        assert found, given
    print(f"\nOf {families:,} families, in ms:", {name: round(seconds * 1000) for name, seconds in took.items()})
    assert max(took.values()) < 1.0, took
