"""What webhook endpoints receive: the `webhooks` of the OpenAPI document, with a schema for each type of event."""

from datetime import datetime
from typing import Any, get_args

from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import models_json_schema

from api.events.types import EventBase, EventOut, WebhookTestEvent
from api.kit.attribute_docstrings import attribute_docstrings

_HEADERS = {
    "webhook-id": "The event's id. It is the same each time that the event is posted.",
    "webhook-timestamp": "When this request was signed: seconds since 1970.",
    "webhook-signature": "`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body, joined by dots. There are "
    "two, separated by a space, while a secret is rotated.",
}


def _event_models() -> list[type[EventBase]]:
    union, _ = get_args(EventOut)
    return [*get_args(union), WebhookTestEvent]


def _type_of(event: type[EventBase]) -> str:
    (name,) = get_args(event.model_fields["type"].annotation)
    return str(name)


def _payload(event: type[EventBase]) -> type[BaseModel]:
    """The body that is posted for an event of this model: {type, timestamp, data}."""
    fields: dict[str, Any] = {
        "type": (event.model_fields["type"].annotation, Field(description=attribute_docstrings(event)["type"])),
        "timestamp": (datetime, Field(description="When the change was stored.")),
        "data": (event.model_fields["data"].annotation, Field(description=attribute_docstrings(event)["data"])),
    }
    return create_model(event.__name__.removesuffix("Event") + "Webhook", **fields)


def webhooks_of_endpoints(ref_template: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The `webhooks` of the document by type, and the schemas that they refer to."""
    payloads = {event: _payload(event) for event in _event_models()}
    _, document = models_json_schema([(each, "serialization") for each in payloads.values()], ref_template=ref_template)
    webhooks = {
        _type_of(event): {"post": _posted(event, ref_template.format(model=payload.__name__))}
        for event, payload in payloads.items()
    }
    return webhooks, document["$defs"]


def _posted(event: type[EventBase], reference: str) -> dict[str, Any]:
    name = _type_of(event)
    return {
        "tags": ["webhook endpoints"],
        "summary": name,
        "description": attribute_docstrings(event)["type"],
        "operationId": f"receive_{name.replace('.', '_')}_event",
        "security": [],
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for header, text in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": reference}}}},
        "responses": {
            "2XX": {"description": "The event was taken."},
            "410": {"description": "The receiver wants no more events: the endpoint is switched off."},
            "default": {"description": "The event was not taken, and is posted again."},
        },
    }
