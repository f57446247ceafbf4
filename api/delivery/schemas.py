"""What crosses the wire of sending."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from api.delivery.heartbeat import SendingStatus


class SendingStatusOut(BaseModel):
    model_config = ConfigDict(title="SendingStatus")

    texts_are_leaving: bool
    """False: no worker sends at the moment. What is sent waits, and leaves when one is back."""
    since: datetime | None
    """If they are not: the last time that a worker looked at what is to be sent, where that is known."""

    @classmethod
    def of(cls, status: SendingStatus) -> "SendingStatusOut":
        return cls(texts_are_leaving=status.texts_are_leaving, since=status.since)
