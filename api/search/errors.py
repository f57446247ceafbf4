"""Errors of the search."""

from api.kit.errors import Problem


class SearchTooBroad(Problem):
    """The statement was cancelled: too many messages have these words. The same search again would take as long."""

    status, type, title = 422, "/problems/search-too-broad", "This search takes too long"

    def __init__(self) -> None:
        super().__init__("Search for something more specific: a rarer word, or a longer one.")
