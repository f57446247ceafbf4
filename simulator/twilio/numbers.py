"""The account's numbers and where their texts are reported, so that a business can check its set-up."""

from starlette.responses import JSONResponse, Response

from simulator.carrier import Carrier
from simulator.model import Line, LineKind
from simulator.twilio.errors import TwilioError
from simulator.twilio.http import Call, not_found, page
from simulator.twilio.resources import account_document, number_document, service_document


def list_numbers(carrier: Carrier, call: Call) -> Response:
    return _numbers(carrier, call, "IncomingPhoneNumbers.json", "incoming_phone_numbers", "PhoneNumber")


def list_short_codes(carrier: Carrier, call: Call) -> Response:
    return _numbers(carrier, call, "SMS/ShortCodes.json", "short_codes", "ShortCode")


def _numbers(carrier: Carrier, call: Call, path: str, key: str, filter_name: str) -> Response:
    part = call.query.get(filter_name, "").strip("+* ")
    documents = (
        (line.sid, number_document(line))
        for line in carrier.state.lines.values()
        if line.account_sid == call.account.sid
        and (line.kind is LineKind.SHORT_CODE) is (key == "short_codes")
        and part in line.phone_number
    )
    return page(call, path, key, documents)


def fetch_number(carrier: Carrier, call: Call) -> Response:
    return JSONResponse(number_document(_line(carrier, call)))


def update_number(carrier: Carrier, call: Call) -> Response:
    line = _line(carrier, call)
    given = dict(call.form)
    line.inbound_url = given.get("SmsUrl", line.inbound_url or "") or None
    line.status_url = given.get("StatusCallback", line.status_url or "") or None
    line.label = given.get("FriendlyName", line.label)
    carrier.state.put_line(line)
    return JSONResponse(number_document(line))


def _line(carrier: Carrier, call: Call) -> Line:
    for line in carrier.state.lines.values():
        if line.sid == call.sids["sid"] and line.account_sid == call.account.sid:
            return line
    raise not_found(call, f"/IncomingPhoneNumbers/{call.sids['sid']}.json")


def fetch_service(carrier: Carrier, call: Call) -> Response:
    service = carrier.state.profile(call.sids["sid"])
    if service is None or service.account_sid != call.account.sid:
        raise TwilioError(20404, f"The requested resource /Services/{call.sids['sid']} was not found")
    return JSONResponse(service_document(service))


def fetch_account(carrier: Carrier, call: Call) -> Response:
    return JSONResponse(account_document(call.account.sid))
