"""An integration of the Python client hears of its text: key, consent, conversation, text, event, audit trail."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from messenger_center_client import MessengerClient, WebhookEvent, iterate, models, verify_webhook

from tests.clients.conftest import Running
from tests.support.stack import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

PARENT = "+13125550171"


@contextmanager
def receiver(received: list[tuple[bytes, dict[str, str]]]) -> Iterator[str]:
    """The address of an HTTP server that keeps what is posted to it, as it came."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers.items())))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/events"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_text_is_sent_and_its_delivery_comes_as_a_signed_event(running: Running) -> None:
    received: list[tuple[bytes, dict[str, str]]] = []
    with MessengerClient(running.url, running.key) as admin, receiver(received) as address:
        endpoint = await asyncio.to_thread(
            admin.create_webhook_endpoint, body=models.WebhookEndpointIn(url=address, event_types=[])
        )
        made = admin.create_api_key(
            body=models.ApiKeyIn(name="Portal", permissions=["sms_logs", "mass_text", "directory"])
        )
        with MessengerClient(running.url, made.key) as client:
            record = models.PhoneRecordRow(phone_number=PARENT, opt_in=models.OptInRow(state="opted_in"))
            contact = models.ContactRow(name="Ana", phone_records=[record])
            row = models.FamilyRow(kind="family", external_id="S-1", name="Story", contacts=[contact])
            client.import_families_and_staff_members(body=models.ImportRows(rows=[row]))
            assert client.check_opt_in(phone_number=PARENT).allowed
            conversation = client.start_conversation(body=models.ConversationIn(phone_number=PARENT))
            message = client.send_message(conversation.id, body=models.SendIn(body="Class is at 5:30."))

        def events() -> list[WebhookEvent]:
            return [verify_webhook(body, headers, endpoint.secret) for body, headers in received]

        async def delivered() -> bool:
            return any(
                each.type == "message.status_changed"
                and each.data["message_id"] == str(message.id)
                and each.data["status"] == "delivered"
                for each in events()
            )

        await eventually(delivered, "the event of the delivery has come, signed")
        logged = {str(each.id) for each in iterate(admin.events)}
        assert {each.id for each in events()} <= logged, "The log has the same ids."
        actions = [each.action for each in iterate(admin.list_audit_entries, conversation_id=conversation.id)]
        assert "message.sent" in actions
