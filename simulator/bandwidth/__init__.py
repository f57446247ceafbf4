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

_USER = "/api/v2/users"


class BandwidthDialect(Dialect):
    name = "bandwidth"
    patience = Patience(read_timeout=10, retries=None, retry_on=frozenset(RetryOn))

    reports = staticmethod(webhooks.is_reported)
    inbound_webhook = staticmethod(webhooks.inbound_webhook)
    status_webhook = staticmethod(webhooks.status_webhook)

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

    @staticmethod
    def media_path(message: Message, media: Media) -> str:
        return f"{_USER}/{message.account_sid}/media/{media.id}"


DIALECT = BandwidthDialect()
