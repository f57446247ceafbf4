"""The webhook app's two routes as the OpenAPI document describes them: FastAPI does not know them."""

from typing import Any

from api.inbound.errors import NotAuthentic
from api.inbound.webhook import MAX_PROVIDER_CHARACTERS
from api.kit.errors import Invalid, NotFound, TooLarge, Unavailable, problem_responses

_PROVIDER = {
    "description": "The line's provider.",
    "in": "path",
    "name": "provider",
    "required": True,
    "schema": {"maxLength": MAX_PROVIDER_CHARACTERS, "title": "Provider", "type": "string"},
}
_LINE_ID = {
    "description": "The id of the line.",
    "in": "path",
    "name": "line_id",
    "required": True,
    "schema": {"format": "uuid", "title": "Line Id", "type": "string"},
}
_MESSAGE_ID = {
    "description": "Our message's id.",
    "in": "query",
    "name": "message_id",
    "required": False,
    "schema": {
        "anyOf": [{"format": "uuid", "type": "string"}, {"type": "null"}],
        "description": "Our message's id.",
        "title": "Message Id",
    },
}
_BODY = {
    "required": True,
    "description": "As the line's provider posts it, signed with the line's credentials. Nothing else is accepted.",
    "content": {
        "application/json": {"schema": {"description": "Bandwidth: a list of events. Telnyx: an event."}},
        "application/x-www-form-urlencoded": {
            "schema": {"type": "object", "additionalProperties": True, "description": "Twilio and Plivo: its fields."}
        },
    },
}
_STORED = {
    "description": "It is stored, or was before. The body is the empty one that the provider expects.",
    "content": {
        "application/json": {"schema": {"type": "object"}},
        "text/xml": {"schema": {"type": "string"}},
    },
}


def webhook_paths() -> dict[str, Any]:
    """The `paths` of the document, by route template."""
    return {
        "/webhooks/{provider}/{line_id}/inbound": _posted(
            "receive_message", "A text has arrived at one of our lines.", [_PROVIDER, _LINE_ID]
        ),
        "/webhooks/{provider}/{line_id}/status": _posted(
            "receive_status", "The provider reports on a text that we sent.", [_PROVIDER, _LINE_ID, _MESSAGE_ID]
        ),
    }


def _posted(operation_id: str, description: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    problems = problem_responses(NotAuthentic, NotFound, TooLarge, Invalid, Unavailable)
    return {
        "post": {
            "tags": ["webhooks"],
            "summary": operation_id.replace("_", " ").title(),
            "description": description,
            "operationId": operation_id,
            "security": [],
            "parameters": parameters,
            "requestBody": _BODY,
            "responses": {
                "200": _STORED,
                **{str(status): response for status, response in problems.items()},
            },
        }
    }
