"""Twilio's wire protocol: its REST resources, its webhooks and their signature."""

import secrets

import httpx
from starlette.routing import BaseRoute, Route

from simulator.carrier import Carrier
from simulator.faults import Where
from simulator.model import Account, Line, LineKind, Message
from simulator.twilio import messages, numbers
from simulator.twilio.http import Handler, Resource
from simulator.twilio.resources import VERSION
from simulator.twilio.webhooks import inbound_webhook, read_answer, status_webhook
from simulator.wire import Answer, Webhook


class TwilioWire:
    name = "twilio"

    def routes(self, carrier: Carrier) -> list[BaseRoute]:
        def route(path: str, where: Where = Where.LIST, **handlers: Handler) -> Route:
            endpoint = Resource(carrier, handlers, where=where)
            return Route(f"/{VERSION}/Accounts/{{account_sid}}{path}", endpoint, methods=list(handlers))

        return [
            route(
                "/Messages.json",
                Where.SEND,
                POST=messages.create_message,
                GET=messages.list_messages,
            ),
            route("/Messages/{sid}/Media.json", GET=messages.list_media),
            route("/Messages/{sid}.json", GET=messages.fetch_message),
            route("/IncomingPhoneNumbers.json", GET=numbers.list_numbers),
            route("/IncomingPhoneNumbers/{sid}.json", GET=numbers.fetch_number, POST=numbers.update_number),
            route("/SMS/ShortCodes.json", GET=numbers.list_short_codes),
            route("/SMS/ShortCodes/{sid}.json", GET=numbers.fetch_number, POST=numbers.update_number),
            route(".json", GET=numbers.fetch_account),
        ]

    def new_message_sid(self, *, has_media: bool) -> str:
        return ("MM" if has_media else "SM") + secrets.token_hex(16)

    def new_line_sid(self, kind: LineKind) -> str:
        return ("SC" if kind is LineKind.SHORT_CODE else "PN") + secrets.token_hex(16)

    def inbound_webhook(self, message: Message, *, line: Line, account: Account, token: str) -> Webhook | None:
        return inbound_webhook(message, line=line, account=account, token=token)

    def status_webhook(
        self, message: Message, status: str, *, line: Line, account: Account, token: str
    ) -> Webhook | None:
        return status_webhook(message, status, account=account, token=token)

    def read_answer(self, response: httpx.Response) -> Answer:
        return read_answer(response)
