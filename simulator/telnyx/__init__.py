"""Telnyx's wire protocol: its REST resources, its webhooks and their signature."""

from starlette.routing import BaseRoute

from simulator.carrier import Carrier
from simulator.dialect import Dialect
from simulator.faults import Where
from simulator.model import Account, Media, Message
from simulator.rest import route
from simulator.settings import Patience, RetryOn
from simulator.telnyx import messages, webhooks
from simulator.telnyx.http import TelnyxManners


class TelnyxDialect(Dialect):
    name = "telnyx"
    patience = Patience(read_timeout=2, retries=webhooks.TRIES_EACH - 1, retry_on=frozenset(RetryOn))

    reports = staticmethod(webhooks.is_reported)
    inbound_webhook = staticmethod(webhooks.inbound_webhook)
    status_webhook = staticmethod(webhooks.status_webhook)

    def routes(self, carrier: Carrier) -> list[BaseRoute]:
        telnyx = TelnyxManners()
        return [
            route(carrier, "/v2/messages", manners=telnyx, where=Where.SEND, POST=messages.create_message),
            route(carrier, "/v2/messages/{id}", manners=telnyx, GET=messages.fetch_message),
            route(carrier, "/v2/messaging_profiles/{id}", manners=telnyx, GET=messages.fetch_profile),
            route(carrier, "/v2/phone_numbers/messaging", manners=telnyx, GET=messages.list_numbers),
        ]

    @staticmethod
    def introduce(account: Account) -> dict[str, str]:
        return {"public_key": webhooks.public_key(account)}

    @staticmethod
    def media_path(message: Message, media: Media) -> str:
        return f"/media/{media.id}"


DIALECT = TelnyxDialect()
