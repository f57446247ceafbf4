"""Plivo's wire protocol: its REST resources and its callbacks."""

from starlette.routing import BaseRoute

from simulator.carrier import Carrier
from simulator.dialect import Dialect
from simulator.faults import Where
from simulator.model import LineKind, Media, Message
from simulator.plivo import resources, webhooks
from simulator.plivo.http import PlivoManners
from simulator.rest import route
from simulator.settings import Patience, RetryOn

_ACCOUNT = "/v1/Account/{auth_id}"


class PlivoDialect(Dialect):
    name = "plivo"
    patience = Patience(read_timeout=15, retries=3, retry_on=frozenset(RetryOn))
    """Plivo's guide names no figures. These are a guess."""

    reports = staticmethod(webhooks.is_reported)
    inbound_webhook = staticmethod(webhooks.inbound_webhook)
    status_webhook = staticmethod(webhooks.status_webhook)

    def routes(self, carrier: Carrier) -> list[BaseRoute]:
        plivo = PlivoManners()
        media = "/Account/{auth_id}/Message/{uuid}/Media/{id}"
        return [
            route(
                carrier,
                f"{_ACCOUNT}/Message/",
                manners=plivo,
                where=Where.SEND,
                POST=resources.create_message,
                GET=resources.list_messages,
            ),
            route(carrier, f"{_ACCOUNT}/Message/{{uuid}}/", manners=plivo, GET=resources.fetch_message),
            route(carrier, f"{_ACCOUNT}/Number/{{number}}/", manners=plivo, GET=resources.fetch_number),
            route(carrier, f"{_ACCOUNT}/Application/{{id}}/", manners=plivo, GET=resources.fetch_application),
            route(carrier, media, manners=plivo, GET=resources.fetch_media),
        ]

    def answers_keywords(self, kind: LineKind) -> bool:
        """The network of toll-free numbers does, whoever the provider is."""
        return kind is LineKind.TOLL_FREE

    @staticmethod
    def media_path(message: Message, media: Media) -> str:
        return f"/Account/{message.account_sid}/Message/{message.sid}/Media/{media.id}"


DIALECT = PlivoDialect()
