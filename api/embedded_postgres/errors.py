"""The error of the embedded server."""


class EmbeddedPostgresError(Exception):
    """The embedded server is not available. The message is one line for the person who started the application."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
