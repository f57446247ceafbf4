"""The headers of answers, and those of conditional requests, in the OpenAPI document."""

from typing import Any

from api.created import MADE_AT

HEADERS: dict[str, dict[str, Any]] = {
    "RequestId": {
        "description": "The id of the request, which the service's log has too.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "What is left of the caller's quota, and in how many seconds it is whole again "
        "(draft-ietf-httpapi-ratelimit-headers-10). Absent where the operator has set no limit, and from an "
        "answer that is given before the caller is known.",
        "schema": {"type": "string"},
        "example": '"api-key";r=1199;t=60',
    },
    "RateLimitPolicy": {
        "description": "The caller's quota: how many requests in how many seconds. Absent where there is no limit.",
        "schema": {"type": "string"},
        "example": '"api-key";q=1200;w=60',
    },
    "RetryAfter": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}},
    "WwwAuthenticate": {"description": "`Bearer`: send an API key.", "schema": {"type": "string"}},
    "Location": {
        "description": "The path of what was made.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "ETag": {
        "description": "The strong entity tag of this answer. Send it as `If-None-Match` to learn whether it is still "
        "the same, and as `If-Match` to change the record only if it is.",
        "schema": {"type": "string"},
        "example": '"0b3a1f4e2c5d68790b3a1f4e2c5d6879"',
    },
    "IdempotencyReplayed": {
        "description": "`true`: the answer of an earlier request with this `Idempotency-Key`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "ContentDisposition": {
        "description": "The name of the file, and whether to show it in place or to save it.",
        "schema": {"type": "string"},
        "example": 'attachment; filename="conversation.csv"',
    },
    "AcceptRanges": {
        "description": "`bytes`: ask for a part of the file by `Range`.",
        "schema": {"type": "string", "enum": ["bytes"]},
    },
    "ContentRange": {
        "description": "Which bytes of the file these are, and its length. Of a 416: its length.",
        "schema": {"type": "string"},
        "example": "bytes 0-1023/4096",
    },
}

NAMES = {
    "X-Request-ID": "RequestId",
    "RateLimit": "RateLimit",
    "RateLimit-Policy": "RateLimitPolicy",
    "Retry-After": "RetryAfter",
    "WWW-Authenticate": "WwwAuthenticate",
    "Location": "Location",
    "Idempotency-Replayed": "IdempotencyReplayed",
    "ETag": "ETag",
    "Content-Disposition": "ContentDisposition",
    "Accept-Ranges": "AcceptRanges",
    "Content-Range": "ContentRange",
}

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "Entity tags of answers that you have: 304 without a body if this one has one of them.",
    "schema": {"type": "string"},
}


NOT_FILES = {"application/json", "text/event-stream", "text/plain"}


def add_headers(schema: dict[str, Any]) -> None:
    """Name the headers of every answer, in place."""
    schema["components"]["headers"] = HEADERS
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/api/") and method == "get" and _is_json(operation):
                _add_not_modified(operation)
            _add(f"{method.upper()} {path}", operation)


def header(name: str) -> dict[str, str]:
    """The reference to a header that `HEADERS` describes: `header("ETag")`."""
    return {"$ref": f"#/components/headers/{NAMES[name]}"}


def _is_json(operation: dict[str, Any]) -> bool:
    return "application/json" in operation["responses"].get("200", {}).get("content", {})


def _add_not_modified(operation: dict[str, Any]) -> None:
    operation["responses"]["304"] = {"description": "It is what you have"}
    operation["parameters"] = [*operation.get("parameters", ()), IF_NONE_MATCH]


def _add(route: str, operation: dict[str, Any]) -> None:
    responses: dict[str, dict[str, Any]] = operation["responses"]
    taken = {each["name"].lower() for each in operation.get("parameters", ())}
    # Every route with a caller is limited, and answers 429.
    is_limited = "429" in responses and "401" in responses
    for status, response in responses.items():
        names = ["X-Request-ID"]
        if is_limited:
            names += ["RateLimit", "RateLimit-Policy"]
        if status in {"429", "503"} or (status == "409" and "idempotency-key" in taken):
            names.append("Retry-After")
        if status == "401":
            names.append("WWW-Authenticate")
        if status == "201" and route in MADE_AT:
            names.append("Location")
        # 410: the answer that would be repeated was erased.
        if "idempotency-key" in taken and (status.startswith("2") or status == "410"):
            names.append("Idempotency-Replayed")
        if status in {"304", "412"} or ("if-none-match" in taken and status in {"200", "206"}):
            names.append("ETag")
        names += _of_a_file(status, responses)
        response["headers"] = {name: header(name) for name in names} | response.get("headers", {})


def _of_a_file(status: str, responses: dict[str, dict[str, Any]]) -> list[str]:
    """The headers that say what a file is and which part of it an answer has."""
    names = []
    content = set(responses.get("200", {}).get("content", ()))
    if content and not content & NOT_FILES and status in {"200", "206", "304"}:
        names.append("Content-Disposition")
    if "206" in responses and status in {"200", "206", "304"}:
        names.append("Accept-Ranges")
    if status in {"206", "416"}:
        names.append("Content-Range")
    return names
