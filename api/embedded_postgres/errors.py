"""Errors of the embedded server. The message is one line for the person who started the application."""


class EmbeddedPostgresError(Exception):
    """The embedded server is not available."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class UnusableFolderError(EmbeddedPostgresError):
    """The data folder cannot be written, or belongs to another user."""


class ForeignClusterError(EmbeddedPostgresError):
    """The data folder holds a cluster that this server must not touch, such as one of another major version."""


class ServerFailedError(EmbeddedPostgresError):
    """The server did not start, or does not answer."""
