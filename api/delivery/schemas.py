"""What crosses the wire of delivery."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from api.delivery.heartbeat import SendingStatus


class SendingStatusOut(BaseModel):
    model_config = ConfigDict(title="SendingStatus")

    texts_are_leaving: bool
    """False: no worker sends at the moment, or the outbox is held. Messages wait."""
    since: datetime | None
    """If they are not leaving: since when the outbox is held, or when a worker's outbox loop last turned, if known."""
    held: bool
    """The data was restored from a backup. Texts wait until it is known what was sent and received since."""

    @classmethod
    def of(cls, status: SendingStatus) -> "SendingStatusOut":
        return cls(texts_are_leaving=status.texts_are_leaving, since=status.since, held=status.held)
