"""Keys that the service adds to an ASGI scope."""

IS_HEAD = "messenger.is_head"
"""True if the GET was a HEAD: no stream needs to be opened."""

RATE_LIMIT_HEADERS = "messenger.rate_limit_headers"
"""Headers that every answer to this request carries, as `list[tuple[bytes, bytes]]`."""

DEPRECATION_HEADERS = "messenger.deprecation_headers"
"""Headers of a deprecated route (`api.kit.deprecation`), in the same form."""

ROUTE_TEMPLATE = "messenger.route_template"
"""The label for metrics of a route outside FastAPI. Never a path, because paths contain ids."""

BODY_HAS_ARRIVED = "messenger.body_has_arrived"
"""True after the server has received the whole body (`api.protocol`): reading it does not wait."""

ANSWERS_WITH_RECORD = "messenger.answers_with_record"
"""True if the answer to this PATCH is what GET of the record answers from then on: it has the same `ETag`."""
