"""The OpenAPI document: schemas under the names of the contract, and the problem bodies among them."""

import json
from typing import Any

from fastapi import FastAPI

from api.consent.schemas import NotAllowedToTextBody
from api.kit.errors import FieldError, ProblemBody, ValidationProblemBody
from api.messages.schemas import NewMessagesBody

PROBLEM_BODIES = (ProblemBody, ValidationProblemBody, NotAllowedToTextBody, NewMessagesBody, FieldError)
REF = "#/components/schemas/"


def document_problems(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _finished(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema.


def _finished(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema["components"]["schemas"]
    for model in PROBLEM_BODIES:
        body = model.model_json_schema(ref_template=REF + "{model}", mode="serialization")
        for name, definition in body.pop("$defs", {}).items():
            schemas.setdefault(name, definition)
        schemas[model.__name__] = body
    # Every route declares its own 422; FastAPI's default one has another shape.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return _renamed(schema)


def _renamed(schema: dict[str, Any]) -> dict[str, Any]:
    """Each schema under its title where that is a plain name: `Conversation`, not `ConversationOut`."""
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
