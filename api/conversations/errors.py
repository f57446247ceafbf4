"""Errors of conversations and messages."""

from collections.abc import Sequence

from pydantic import ConfigDict

from api.conversations.models import MessageRow
from api.conversations.types import MessageOut
from api.kit.errors import Conflict, ProblemBody


class NewMessagesBody(ProblemBody):
    model_config = ConfigDict(extra="allow", title="NewMessagesProblem")

    missed: list[MessageOut]
    """The messages that the person has not seen, in order."""


class NewMessages(Conflict):
    """STATUS-CLOSE-RACE, STATUS-REPLY-RACE: the answer carries what the person has not seen."""

    type, title = "/problems/new-messages", "Messages have come that you have not seen"
    body_model = NewMessagesBody

    def __init__(self, rows: Sequence[MessageRow]) -> None:
        super().__init__(
            "Read what has come since, then do it again.",
            fields={"missed": [MessageOut.of(row).model_dump(mode="json") for row in rows]},
        )
