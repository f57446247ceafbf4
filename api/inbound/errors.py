"""Errors of the inbound slice."""

from api.kit.errors import Forbidden


class NotAuthentic(Forbidden):
    """RECV-AUTHENTIC."""

    type, title = "/problems/not-authentic", "The signature is missing or wrong"
