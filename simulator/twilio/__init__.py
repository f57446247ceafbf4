"""Twilio's wire protocol: its REST resources, its webhooks and their signature."""

import secrets

from starlette.routing import BaseRoute

from simulator.carrier import Carrier
from simulator.dialect import Dialect
from simulator.faults import Where
from simulator.model import LineKind, Media, Message
from simulator.rest import route
from simulator.settings import Patience, RetryOn
from simulator.twilio import messages, numbers, webhooks
from simulator.twilio.http import OpenToAll, TwilioManners
from simulator.twilio.resources import VERSION, message_uri

_ACCOUNT = f"/{VERSION}/Accounts/{{account_sid}}"


class TwilioDialect(Dialect):
    name = "twilio"
    patience = Patience(read_timeout=15, retries=1, retry_on=frozenset({RetryOn.CONNECT}))
    """Twilio's default. An address may set others after its `#`, which the simulator does not read."""

    inbound_webhook = staticmethod(webhooks.inbound_webhook)
    status_webhook = staticmethod(webhooks.status_webhook)
    read_answer = staticmethod(webhooks.read_answer)

    def routes(self, carrier: Carrier) -> list[BaseRoute]:
        twilio = TwilioManners()
        media = f"{_ACCOUNT}/Messages/{{sid}}/Media"
        number, short_code = f"{_ACCOUNT}/IncomingPhoneNumbers", f"{_ACCOUNT}/SMS/ShortCodes"
        return [
            route(
                carrier,
                f"{_ACCOUNT}/Messages.json",
                manners=twilio,
                where=Where.SEND,
                POST=messages.create_message,
                GET=messages.list_messages,
            ),
            route(carrier, f"{media}.json", manners=twilio, GET=messages.list_media),
            route(carrier, f"{media}/{{media_sid}}.json", manners=twilio, GET=messages.fetch_media),
            route(carrier, f"{media}/{{media_sid}}", manners=OpenToAll(), GET=messages.media_content),
            route(carrier, f"{_ACCOUNT}/Messages/{{sid}}.json", manners=twilio, GET=messages.fetch_message),
            route(carrier, f"{number}.json", manners=twilio, GET=numbers.list_numbers),
            route(carrier, f"{short_code}.json", manners=twilio, GET=numbers.list_short_codes),
            *(
                route(
                    carrier,
                    f"{path}/{{sid}}.json",
                    manners=twilio,
                    GET=numbers.fetch_number,
                    POST=numbers.update_number,
                )
                for path in (number, short_code)
            ),
            route(carrier, f"{_ACCOUNT}.json", manners=twilio, GET=numbers.fetch_account),
            route(carrier, "/v1/Services/{sid}", manners=twilio, GET=numbers.fetch_service),
        ]

    def new_message_sid(self, *, has_media: bool) -> str:
        return ("MM" if has_media else "SM") + secrets.token_hex(16)

    def new_line_sid(self, kind: LineKind) -> str:
        return ("SC" if kind is LineKind.SHORT_CODE else "PN") + secrets.token_hex(16)

    @staticmethod
    def media_path(message: Message, media: Media) -> str:
        return f"{message_uri(message)}/Media/{media.id}"


DIALECT = TwilioDialect()
