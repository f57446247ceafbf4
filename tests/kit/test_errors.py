"""Problems: every error answer has one shape and a stable type."""

import json
from typing import Any

import pytest

from api.kit.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotSignedIn,
    Problem,
    ProblemBody,
    RateLimited,
    TooLarge,
    Unavailable,
    Unreadable,
    UnsupportedMediaType,
    ValidationProblemBody,
    problem_responses,
)

CONTRACT = [
    # page 3: what happened, its status, its type
    (Unreadable("x"), 400, "/problems/unreadable"),
    (NotSignedIn("x"), 401, "/problems/not-signed-in"),
    (Forbidden("x"), 403, "/problems/forbidden"),
    (NotFound("x"), 404, "/problems/not-found"),
    (Conflict("x"), 409, "/problems/conflict"),
    (TooLarge("x"), 413, "/problems/too-large"),
    (UnsupportedMediaType("x"), 415, "/problems/unsupported-media-type"),
    (Invalid([("/name", "x")]), 422, "/problems/validation"),
    (RateLimited("x", retry_after_seconds=7), 429, "/problems/rate-limited"),
    (Unavailable("x"), 503, "/problems/unavailable"),
]


@pytest.mark.parametrize(("problem", "status", "type_"), CONTRACT, ids=[type_ for *_, type_ in CONTRACT])
def test_each_problem_has_its_status_its_type_and_the_members_of_rfc_9457(
    problem: Problem, status: int, type_: str
) -> None:
    body = problem.body(instance="/api/v1/lines")
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert (body["type"], body["status"], body["detail"]) == (type_, status, "x")
    assert problem.status == status
    assert body["instance"] == "/api/v1/lines"
    assert body["title"]
    assert body["title"] != "Internal error"
    json.dumps(body)
    problem.body_model.model_validate(body)


def test_a_validation_problem_lists_each_field_with_advice() -> None:
    problem = Invalid([("/name", "Give a name."), ("/query/limit", "Use 1 to 200.")])
    body = problem.body(instance=None)
    assert body["errors"] == [
        {"pointer": "/name", "detail": "Give a name."},
        {"pointer": "/query/limit", "detail": "Use 1 to 200."},
    ]
    assert body["detail"] == "Give a name.; Use 1 to 200."
    assert Invalid([("/name", "Give a name.")], detail="Not like this.").detail == "Not like this."


@pytest.mark.parametrize(
    ("problem", "seconds"),
    [
        (RateLimited("x", retry_after_seconds=7), "7"),
        (Unavailable(), "2"),
        (Unavailable("x", retry_after_seconds=30), "30"),
    ],
)
def test_retryable_problems_have_retry_after(problem: Problem, seconds: str) -> None:
    assert problem.headers == {"Retry-After": seconds}


def test_a_problem_has_its_own_fields_beside_the_common_ones() -> None:
    class Special(Forbidden):
        type, title = "/problems/special", "Special"

    body = Special("No.", fields={"permission": "mass_text"}).body(instance="/x")
    assert body == {
        "type": "/problems/special",
        "title": "Special",
        "status": 403,
        "detail": "No.",
        "instance": "/x",
        "request_id": None,
        "permission": "mass_text",
    }


def test_a_problem_without_detail_logs_its_title() -> None:
    assert NotFound().body(instance=None)["detail"] is None
    assert str(NotFound()) == "Not found"


def test_an_unexpected_error_reveals_nothing() -> None:
    body = Problem().body(instance=None)
    assert (body["status"], body["type"], body["title"]) == (500, "/problems/internal", "Internal error")


def test_fields_and_headers_of_one_problem_are_not_shared_with_the_next() -> None:
    fields: dict[str, Any] = {"a": 1}
    first = Conflict(fields=fields)
    fields["a"] = 2
    first.headers["X"] = "1"
    assert first.fields["a"] == 1
    assert Conflict().headers == {}


def test_a_route_s_problems_are_declared_by_status_with_their_schema() -> None:
    class Other(Conflict):
        type, title = "/problems/other", "Other"

    declared = problem_responses(NotFound, Conflict, Other, Invalid)
    assert set(declared) == {404, 409, 422}
    assert declared[409]["description"] == "This conflicts with what is stored; Other"
    assert declared[404]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/NotFoundProblem"}}
    }
    assert declared[409]["content"]["application/problem+json"]["schema"] == {
        "oneOf": [{"$ref": "#/components/schemas/ConflictProblem"}, {"$ref": "#/components/schemas/OtherProblem"}],
        "discriminator": {
            "propertyName": "type",
            "mapping": {
                "/problems/conflict": "#/components/schemas/ConflictProblem",
                "/problems/other": "#/components/schemas/OtherProblem",
            },
        },
    }


def test_problems_of_one_status_and_one_type_are_one_schema() -> None:
    class Shaped(Conflict):
        title = "Shaped"

    declared = problem_responses(Conflict, Shaped)
    assert declared[409]["description"] == "This conflicts with what is stored; Shaped"
    assert declared[409]["content"]["application/problem+json"]["schema"] == {
        "$ref": "#/components/schemas/ConflictProblem"
    }


def test_the_shape_of_a_problem_has_no_optional_members() -> None:
    assert set(ProblemBody.model_json_schema()["required"]) == {
        *("type", "title", "status", "detail", "instance", "request_id")
    }
    assert set(ValidationProblemBody.model_json_schema()["required"]) >= {"errors"}
