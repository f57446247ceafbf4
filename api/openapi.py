"""Completes FastAPI's OpenAPI document: webhook routes, problems, and schemas under their public names."""

import json
from typing import Any

from fastapi import FastAPI

from api.consent.types import NotAllowedToTextBody
from api.conversations.errors import NewMessagesBody
from api.inbound.webhook_document import webhook_paths
from api.kit.errors import (
    PROBLEM_JSON,
    FieldError,
    Problem,
    ProblemBody,
    TooLarge,
    Unreadable,
    UnsupportedMediaType,
    ValidationProblemBody,
    problem_responses,
)
from api.kit.idempotency import IdempotencyInProgress, IdempotencyMismatch
from api.openapi_headers import add_headers

PROBLEM_BODIES = (ProblemBody, ValidationProblemBody, NotAllowedToTextBody, NewMessagesBody, FieldError)
REF = "#/components/schemas/"


def extend_document(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _finished(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema.


def _finished(schema: dict[str, Any]) -> dict[str, Any]:
    schema["paths"] |= webhook_paths()
    schemas = schema["components"]["schemas"]
    for model in PROBLEM_BODIES:
        body = model.model_json_schema(ref_template=REF + "{model}", mode="serialization")
        for name, definition in body.pop("$defs", {}).items():
            schemas.setdefault(name, definition)
        schemas[model.__name__] = body
    # Every route declares its 422. FastAPI's default has another shape.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    finished = _with_common_problems(_renamed(schema))
    add_headers(finished)
    return finished


def _with_common_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """Add the problems of every route that reads JSON, or that takes an `Idempotency-Key`."""
    for path in schema["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            if "application/json" in operation.get("requestBody", {}).get("content", {}):
                for problem in (Unreadable, TooLarge, UnsupportedMediaType):
                    _add_problem(responses, problem)
            if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", [])):
                for repeated in (IdempotencyInProgress, IdempotencyMismatch):
                    _add_problem(responses, repeated)
    return schema


def _add_problem(responses: dict[str, Any], problem: type[Problem]) -> None:
    ((status, new),) = problem_responses(problem).items()
    known = responses.get(str(status))
    if known is None:
        responses[str(status)] = new
        return
    body, new_body = known["content"][PROBLEM_JSON], new["content"][PROBLEM_JSON]
    schemas = body["schema"].get("anyOf", [body["schema"]])
    if new_body["schema"] not in schemas:
        body["schema"] = {"anyOf": [*schemas, new_body["schema"]]}
    if problem.title not in known["description"]:
        known["description"] = f"{known['description']}; {problem.title}"


def _renamed(schema: dict[str, Any]) -> dict[str, Any]:
    """Name each schema by its title, if that is an identifier: `Conversation`, not `ConversationOut`."""
    schemas: dict[str, Any] = schema["components"]["schemas"]
    names = {name: _name_of(name, definition) for name, definition in schemas.items()}
    if len(set(names.values())) != len(names):
        raise ValueError(f"Two schemas have one name: {sorted(names.values())}")
    schema["components"]["schemas"] = {names[name]: definition for name, definition in sorted(schemas.items())}
    text = json.dumps(schema)
    for name, new in names.items():
        text = text.replace(f'"{REF}{name}"', f'"{REF}{new}"')
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _name_of(name: str, definition: dict[str, Any]) -> str:
    if name.startswith("Page_"):
        return f"{name.removeprefix('Page_').strip('_').removesuffix('Out')}Page"
    title = definition.get("title", name)
    return title if isinstance(title, str) and title.isidentifier() else name
