"""Bandwidth's wire protocol: its REST resources and its callbacks."""

from functools import partial

from starlette.routing import BaseRoute

from simulator.bandwidth import messages, webhooks
from simulator.bandwidth.http import BandwidthManners
from simulator.bandwidth.tokens import TokenManners, Tokens, create_token
from simulator.carrier import Carrier
from simulator.dialect import Dialect
from simulator.faults import Where
from simulator.model import LineKind, Media, Message
from simulator.rest import route
from simulator.settings import Patience, RetryOn
from simulator.wire import Occasion, Webhook

_USER = "/api/v2/users"


class BandwidthDialect(Dialect):
    name = "bandwidth"
    patience = Patience(read_timeout=10, retries=None, retry_on=frozenset(RetryOn))

    def routes(self, carrier: Carrier) -> list[BaseRoute]:
        tokens = Tokens()
        bandwidth = BandwidthManners(tokens)
        return [
            route(
                carrier,
                "/api/v1/oauth2/token",
                manners=TokenManners(),
                where=Where.TOKEN,
                POST=partial(create_token, tokens),
            ),
            route(
                carrier,
                f"{_USER}/{{account_id}}/messages",
                manners=bandwidth,
                where=Where.SEND,
                POST=messages.create_message,
                GET=messages.list_messages,
            ),
            route(carrier, f"{_USER}/{{account_id}}/media/{{id}}", manners=bandwidth, GET=messages.fetch_media),
        ]

    def answers_keywords(self, kind: LineKind) -> bool:
        """The network of toll-free numbers does, whoever the provider is."""
        return kind is LineKind.TOLL_FREE

    def media_path(self, message: Message, media: Media) -> str:
        return f"{_USER}/{message.account_sid}/media/{media.id}"

    def reports(self, message: Message) -> bool:
        return webhooks.is_reported(message)

    def inbound_webhook(self, message: Message, occasion: Occasion) -> Webhook:
        return webhooks.inbound_webhook(message, occasion)

    def status_webhook(self, message: Message, status: str, occasion: Occasion) -> Webhook:
        return webhooks.status_webhook(message, status, occasion)


DIALECT = BandwidthDialect()
