"""Types of problems: each has a row in `api.problem_types`, a page, and a schema that tells it from the others."""

from typing import Any

import pytest

from api.conversations.scheduled_rules import HeldType
from api.kit.errors import Problem, ProblemBody, schema_name
from api.problem_types import EXPLAINED, PREFIX, ProblemType, problem_types
from tests.support.world import World
from tests.test_openapi import DOCUMENT

TYPES = problem_types()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def classes_of(problem: type[Problem] = Problem) -> list[type[Problem]]:
    own = [problem] if problem.__module__.startswith("api.") else []
    return own + [each for sub in problem.__subclasses__() for each in classes_of(sub)]


def test_every_type_that_the_service_gives_is_explained() -> None:
    given = {each.type for each in classes_of()} | {each.value for each in HeldType}
    assert given == {PREFIX + word for word in EXPLAINED}, "`api.problem_types.EXPLAINED` has a row for each type."
    assert len(given) > 20


def test_problems_of_one_type_have_one_shape() -> None:
    for each in classes_of():
        assert each.body_model is TYPES[each.type].body_model, each
        assert issubclass(each.body_model, ProblemBody)


def test_every_schema_of_a_problem_names_its_type_and_status_alone() -> None:
    declared = {name for name in SCHEMAS if name.endswith("Problem")} - {"Problem"}
    assert declared <= {schema_name(type_) for type_ in TYPES}
    for each in TYPES.values():
        if (schema := SCHEMAS.get(schema_name(each.type))) and each.statuses != (500,):
            assert schema["properties"]["type"]["const"] == each.type
            status = schema["properties"]["status"]
            assert tuple(status.get("enum", [status.get("const")])) == each.statuses
            assert each.fields().keys() < set(schema["required"])


def test_an_answer_with_several_problems_tells_them_apart_by_type() -> None:
    response = DOCUMENT["paths"]["/api/v1/conversations/{conversation_id}/messages"]["post"]["responses"]["409"]
    schema = response["content"]["application/problem+json"]["schema"]
    assert schema["discriminator"]["propertyName"] == "type"
    assert schema["discriminator"]["mapping"]["/problems/new-messages"] == "#/components/schemas/NewMessagesProblem"
    assert {each["$ref"] for each in schema["oneOf"]} == set(schema["discriminator"]["mapping"].values())


@pytest.mark.parametrize("problem", TYPES.values(), ids=lambda each: each.word)
async def test_every_type_has_its_page(problem: ProblemType, world: World) -> None:
    nobody = world.other_client()
    page = await nobody.get(problem.type, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"<code>{problem.type}</code>" in page.text
    for name in problem.fields():
        assert f"<dt><code>{name}</code></dt>" in page.text
    assert "://" not in page.text, "It loads nothing from another host."
    described = await nobody.get(problem.type, headers={"Accept": "application/json"})
    assert described.json()["title"] == problem.title
    assert described.json()["remedy"] == problem.explained.remedy
    index = await nobody.get("/problems")
    assert f'href="{problem.type}"' in index.text


async def test_an_unknown_type_is_not_found(world: World) -> None:
    for word in ("nothing", "%3Cscript%3E", "x" * 500):
        assert (await world.other_client().get(f"/problems/{word}")).status_code == 404
