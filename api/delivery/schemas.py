"""What crosses the wire of delivery."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from api.delivery.heartbeat import SendingStatus


class SendingStatusOut(BaseModel):
    model_config = ConfigDict(title="SendingStatus")

    texts_are_leaving: bool
    """False: no worker sends at the moment. Messages wait in the outbox until one does."""
    since: datetime | None
    """If they are not leaving: when a worker's outbox loop last turned, if that is known."""

    @classmethod
    def of(cls, status: SendingStatus) -> "SendingStatusOut":
        return cls(texts_are_leaving=status.texts_are_leaving, since=status.since)
