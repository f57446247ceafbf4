"""Completes FastAPI's OpenAPI document.

Adds the webhook routes, problems, descriptions from the code, security schemes, servers, tags and deprecations.
Names schemas by their public names.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from api.access.dependencies import SESSION_COOKIE, Public
from api.access.errors import CrossOrigin
from api.access.preconditions import MAX_CHARACTERS, IfMatch
from api.directory.importing.document import import_schemas
from api.inbound.webhook_document import webhook_paths
from api.kit.attribute_docstrings import attribute_docstrings
from api.kit.deprecation import Deprecated
from api.kit.errors import (
    PROBLEM_JSON,
    Invalid,
    Problem,
    TooLarge,
    Unreadable,
    UnsupportedMediaType,
    one_of,
    problem_responses,
    schema_name,
)
from api.kit.idempotency import AnswerErased, IdempotencyInProgress, IdempotencyMismatch
from api.kit.preconditions import PreconditionFailed, PreconditionRequired
from api.openapi_examples import add_examples
from api.openapi_headers import add_headers, header
from api.problem_types import problem_schemas, problem_types
from api.webhook_endpoints.document import webhooks_of_endpoints

REF = "#/components/schemas/"
CONVERTER = re.compile(r":\w+}")
"""In the path of a route: `{external_id:path}`, which the document calls `{external_id}`."""

INFO = {
    "description": "Times are RFC 3339 in UTC, phone numbers E.164. Lists have `items` and `next_cursor`. Errors are "
    "RFC 9457 problems: decide by `type`. Where a POST takes an `Idempotency-Key`, repeating it creates nothing more. "
    "Within `/api/v1` fields and routes are only added: ignore fields that you do not know.",
    "license": {"name": "MIT", "identifier": "MIT"},
    "contact": {"name": "Messenger Center contributors"},
}
SERVERS = [{"url": "/", "description": "The service that this document comes from."}]
SECURITY_SCHEMES = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of `POST /api/v1/api-keys`. It belongs to an organization and has its own permissions.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "A signed-in person, by `POST /api/v1/session`. Over https the name begins with `__Host-`. "
        "Requests that change something need the `Origin` of the service.",
    },
}
TAGS = {
    "access": "The signed-in person, sessions, API keys and the organization's settings.",
    "audit": "The audit log: who did what and when, its hash chains, and its CSV.",
    "consent": "Opt-in states and their evidence, and the check whether a number may be texted.",
    "conversations": "Conversations: lists and filters, status, who views them, who has them, reminders, saved views.",
    "costs": "What texts cost: prices, usage and credits.",
    "directory": "Families, staff members, classes, tags and locations, and the import.",
    "exports": "Files of a conversation, a number or a time range, which a worker writes.",
    "inbound events": "What providers have sent: quarantined events, replay, health.",
    "lines": "The organization's numbers, their providers and credentials.",
    "live": "Server-sent events.",
    "mass texts": "Mass texts: audience, preview, confirmation, pausing, report; saved audiences.",
    "messages": "Texts and their files: sending, scheduling, status, search.",
    "notes": "Internal notes of a conversation, and mentions.",
    "notifications": "What a person is told of, and the browsers that are told.",
    "operations": "For the operator's probes.",
    "organization": "Opening hours, the away message, and links into other systems.",
    "retention": "Erasing a number on request.",
    "saved replies": "Texts to insert, and their fields.",
    "service": "Workers, queues, lines and versions.",
    "webhook endpoints": "Where events are posted to, the deliveries and their attempts, replay and test.",
    "webhooks": "For providers: inbound texts and status reports. The provider's signature is verified.",
}
"""Every tag that a route has, with its description."""
COMMON = {
    "id": "Its id, which never changes.",
    "created_at": "When it was created.",
    "updated_at": "When it was last changed.",
}
"""Properties that mean the same wherever nothing else is said. Ids of others are described by `_sentence_of_id`."""


def extend_document(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _finished(generate(), app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema.


def _finished(schema: dict[str, Any], app: FastAPI) -> dict[str, Any]:
    _mark_operations(schema["paths"], app)
    schema["paths"] |= webhook_paths()
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schema["webhooks"], payloads = webhooks_of_endpoints(REF + "{model}")
    for name, definition in (problem_schemas(REF + "{model}") | import_schemas() | payloads).items():
        schemas.setdefault(name, definition)
    # Every route declares its 422. FastAPI's default has another shape.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _describe_properties(schemas)
    _describe_ids(schema)
    components["securitySchemes"] = SECURITY_SCHEMES
    schema["info"] |= INFO
    used = {tag for _, operation in _operations(schema) for tag in operation.get("tags", ())}
    finished = _with_common_problems(_renamed(schema))
    _drop_unused(finished)
    add_headers(finished)
    add_examples(finished)
    return finished | {
        "servers": SERVERS,
        "security": [{name: []} for name in SECURITY_SCHEMES],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items() if name in used],
    }


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation with its path."""
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            yield path, operation


def _mark_operations(paths: dict[str, Any], app: FastAPI) -> None:
    """Say which operations are open to anybody, deprecated or conditional, as their dependencies say."""
    for context in iter_route_contexts(app.routes):
        path = CONVERTER.sub("}", context.path or "")
        if not isinstance(context.original_route, APIRoute) or path not in paths:
            continue
        calls = list(_calls(context.dependant))
        for method in context.methods or ():
            operation = paths[path].get(method.lower())
            if operation is None:
                continue
            if any(isinstance(call, Public) for call in calls):
                operation["security"] = []
            for call in calls:
                if isinstance(call, Deprecated):
                    _mark_deprecated(operation, call)
                if isinstance(call, IfMatch):
                    _mark_conditional(operation, call)
                    if call.answers_with_record(method, context.original_route.response_model):
                        operation["responses"]["200"]["headers"] = {"ETag": header("ETag")}


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)


def _mark_deprecated(operation: dict[str, Any], deprecated: Deprecated) -> None:
    operation["deprecated"] = True
    operation["description"] = "\n\n".join(filter(None, (operation.get("description"), deprecated.note)))
    for response in operation["responses"].values():
        response.setdefault("headers", {}).update(
            Deprecation={"description": "Since when, as RFC 9745 says.", "schema": {"type": "string"}},
            Sunset={"description": "When it is removed at the earliest (RFC 8594).", "schema": {"type": "string"}},
        )


def _mark_conditional(operation: dict[str, Any], condition: IfMatch) -> None:
    operation["responses"] |= problem_responses(PreconditionFailed)
    if condition.is_required:
        operation["responses"] |= problem_responses(PreconditionRequired)
        for parameter in operation["parameters"]:
            if parameter["name"] == "If-Match":
                parameter["required"] = True
                parameter["schema"] = {"type": "string", "maxLength": MAX_CHARACTERS}


def _describe_properties(schemas: dict[str, Any]) -> None:
    """Give each property without a description the sentence that stands under its attribute in the code."""
    classes = _classes_by_schema_name()
    for name, definition in schemas.items():
        sentences: dict[str, str] = {}
        for each in _described_by(name.removesuffix("-Input").removesuffix("-Output")):
            sentences = attribute_docstrings(classes[each]) | sentences if each in classes else sentences
        for attribute, each in definition.get("properties", {}).items():
            sentence = sentences.get(attribute) or COMMON.get(attribute) or _sentence_of_id(attribute)
            if sentence and "description" not in each:
                each["description"] = sentence


def _described_by(name: str) -> Iterator[str]:
    """The names of the classes whose sentences a schema has: its own, then those of what a request makes or changes.

    `FamilyPatch` → `FamilyPatch`, `FamilyIn`, `FamilyOut`, `Family`.
    """
    yield name
    for suffix in ("Patch", "Put", "In"):
        if name.endswith(suffix):
            what = name.removesuffix(suffix)
            yield from (f"{what}In", f"{what}Out", what)


def _describe_ids(schema: dict[str, Any]) -> None:
    """Describe the ids in paths and queries."""
    for _, operation in _operations(schema):
        for each in operation.get("parameters", ()):
            sentence = _sentence_of_id(each["name"])
            if each["in"] in {"path", "query"} and sentence:
                each.setdefault("description", sentence)


def _sentence_of_id(name: str) -> str | None:
    """`conversation_id` → "The id of the conversation."; None for another name."""
    return f"The id of the {name.removesuffix('_id').replace('_', ' ')}." if name.endswith("_id") else None


def _classes_by_schema_name() -> dict[str, type]:
    """Our models and wire dataclasses by the names that FastAPI gives their schemas.

    That is the name of the class, or of module and class if two models have one name.
    """
    models = [model for model in _subclasses(BaseModel) if model.__module__.startswith("api.")]
    found: dict[str, type] = {each.__name__: each for each in _dataclasses()}
    found |= {_schema_name(each.__name__): each for each in models}
    return found | {f"{each.__module__}.{each.__name__}".replace(".", "__"): each for each in models}


def _dataclasses() -> Iterator[type]:
    """Those that name their schema."""
    for name, module in list(sys.modules.items()):
        if name.startswith("api."):
            classes = (each for each in vars(module).values() if isinstance(each, type) and is_dataclass(each))
            yield from (each for each in classes if hasattr(each, "__pydantic_config__"))


def _schema_name(class_name: str) -> str:
    return "".join(character if character.isalnum() or character in ".-_" else "_" for character in class_name)


def _subclasses(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in model.__subclasses__():
        yield each
        yield from _subclasses(each)


def _with_common_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """Add the problems of every route, of those that read JSON, and of those that take an `Idempotency-Key`."""
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            if method != "get" and operation.get("security") != []:
                _add_problem(responses, CrossOrigin)
            if path.startswith("/api/"):
                _add_problem(responses, Invalid)  # Of parameters and preconditions that the route does not know.
                # Any route may answer it, and no request deserves it: its schema is that of every problem.
                content = {PROBLEM_JSON: {"schema": {"$ref": f"{REF}Problem"}}}
                responses["500"] = {"description": Problem.title, "content": content}
            # A provider's webhook is not read as JSON before it is stored.
            is_json = "application/json" in operation.get("requestBody", {}).get("content", {})
            if is_json and path.startswith("/api/"):
                for problem in (Unreadable, TooLarge, UnsupportedMediaType):
                    _add_problem(responses, problem)
            if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", [])):
                for repeated in (AnswerErased, IdempotencyInProgress, IdempotencyMismatch):
                    _add_problem(responses, repeated)
    return schema


def _add_problem(responses: dict[str, Any], problem: type[Problem]) -> None:
    ((status, new),) = problem_responses(problem).items()
    known = responses.get(str(status))
    if known is None:
        responses[str(status)] = new
        return
    types = {f"{REF}{schema_name(each)}": each for each in problem_types()}
    body = known["content"][PROBLEM_JSON]
    references = [each["$ref"] for each in body["schema"].get("oneOf", [body["schema"]])]
    body["schema"] = one_of([*(types[each] for each in references), problem.type])
    if problem.title not in known["description"]:
        known["description"] = f"{known['description']}; {problem.title}"


def _renamed(schema: dict[str, Any]) -> dict[str, Any]:
    """Name each schema by its title, if that is an identifier: `Conversation`, not `ConversationOut`."""
    schemas: dict[str, Any] = schema["components"]["schemas"]
    names = {name: _name_of(name, definition) for name, definition in schemas.items()}
    if len(set(names.values())) != len(names):
        raise ValueError(f"Two schemas have one name: {sorted(names.values())}")
    # Generators name classes by the title.
    schema["components"]["schemas"] = {
        names[name]: definition | {"title": names[name]} for name, definition in sorted(schemas.items())
    }
    text = json.dumps(schema)
    for name, new in names.items():
        text = text.replace(f'"{REF}{name}"', f'"{REF}{new}"')
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _drop_unused(schema: dict[str, Any]) -> None:
    """Leave out the schemas of problems that no route answers, such as those of unreadable HTTP."""
    schemas: dict[str, Any] = schema["components"]["schemas"]
    text = json.dumps(schema)
    for name in [each for each in schemas if each.endswith("Problem") and f'"{REF}{each}"' not in text]:
        del schemas[name]


def _name_of(name: str, definition: dict[str, Any]) -> str:
    if name.startswith("Page_"):
        return f"{name.removeprefix('Page_').strip('_').removesuffix('Out')}Page"
    title = definition.get("title", name)
    return title if isinstance(title, str) and title.isidentifier() else name
