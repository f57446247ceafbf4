"""What a provider's wire protocol has to bring; the carrier itself speaks none.

A further protocol is one module: write it, and add it to `WIRES` in `app.py`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import httpx
from starlette.routing import BaseRoute

from simulator.model import Account, Line, LineKind, Message

if TYPE_CHECKING:
    from simulator.carrier import Carrier


@dataclass(frozen=True, slots=True)
class Webhook:
    """One signed request to a business, as it goes over the wire."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a business's answer to a webhook asks the carrier to do."""

    texts: tuple[str, ...] = ()
    """To be texted to the sender."""

    complaint: str | None = None
    """What a provider would show in its log of errors."""


class Wire(Protocol):
    name: str

    def routes(self, carrier: "Carrier") -> list[BaseRoute]:
        """The provider's REST interface."""
        ...

    def new_message_sid(self, *, has_media: bool) -> str: ...

    def new_line_sid(self, kind: LineKind) -> str: ...

    def inbound_webhook(self, message: Message, *, line: Line, account: Account, token: str) -> Webhook | None:
        """The report of a text from a handset. `token` stays the same over attempts. None: nobody to tell."""
        ...

    def status_webhook(
        self, message: Message, status: str, *, line: Line, account: Account, token: str
    ) -> Webhook | None: ...

    def read_answer(self, response: httpx.Response) -> Answer:
        """Of a 2xx response to an inbound webhook."""
        ...
