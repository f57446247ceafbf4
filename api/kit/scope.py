"""Keys that the service adds to an ASGI scope."""

IS_HEAD = "messenger.is_head"
"""True in the scope of a GET that came as a HEAD: no stream needs to be opened for it."""

RATE_LIMIT_HEADERS = "messenger.rate_limit_headers"
"""Headers that every answer to this request carries, as `list[tuple[bytes, bytes]]`."""

ROUTE_TEMPLATE = "messenger.route_template"
"""The template of a route that is not FastAPI's, as its metrics are labelled. Never a path: paths carry ids."""

BODY_HAS_ARRIVED = "messenger.body_has_arrived"
"""True once the server has the whole body (`api.protocol`), so that nobody needs to wait for it."""
