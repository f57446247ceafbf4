"""An integration in Python, as a program: it plays the story of `test_story.py` through the client's public names.

It prints one JSON object a line: what it waits for (`{"waits_for": …}`), and last what it has seen (`{"seen": …}`).
"""

import json
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from messenger_center_client import MessengerClient, WebhookEvent, iterate, models, verify_webhook

URL, KEY, PARENT = (os.environ[f"MESSENGER_{name}"] for name in ("URL", "KEY", "PARENT"))
FIRST = int(PARENT[-7:])
"""The families' numbers are this one and the 999 after it."""
PAGE = 50


class Inbox:
    """The events that have been posted to this program, each with a good signature."""

    def __init__(self) -> None:
        self.secret = ""
        self.ids: set[str] = set()
        self._events: queue.Queue[WebhookEvent] = queue.Queue()

    @contextmanager
    def listening(self) -> Iterator[str]:
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = verify_webhook(body, dict(self.headers.items()), inbox.secret)
                self.send_response(204)
                self.end_headers()
                inbox.ids.add(event.id)
                inbox._events.put(event)

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

    def wait_for(self, is_it: Callable[[WebhookEvent], bool]) -> WebhookEvent:
        """Raises `queue.Empty` if nothing comes for a minute."""
        while not is_it(event := self._events.get(timeout=60)):
            pass
        return event


def say(what: str, value: object) -> None:
    print(json.dumps({what: value}), flush=True)


def row(n: int) -> models.FamilyRow:
    record = models.PhoneRecordRow(phone_number=f"+1312{FIRST + n}", opt_in=models.OptInRow(state="opted_in"))
    contact = models.ContactRow(name=f"Parent {n}", phone_records=[record])
    return models.FamilyRow(kind="family", external_id=f"python/{n}", name=f"Python family {n}", contacts=[contact])


def main() -> None:
    inbox = Inbox()
    with MessengerClient(URL, KEY) as admin, inbox.listening() as address:
        made = admin.create_api_key(
            body=models.ApiKeyIn(name="Portal in Python", permissions=["sms_logs", "mass_text", "directory"])
        )
        endpoint = admin.create_webhook_endpoint(
            body=models.WebhookEndpointIn(url=address, event_types=["message.received", "message.status_changed"])
        )
        inbox.secret = endpoint.secret
        with MessengerClient(URL, made.key, name="Portal/1.0") as client:
            rows = [row(n) for n in range(1000)]
            report = client.import_families_and_staff_members(body=models.ImportRows(rows=rows))
            assert isinstance(report, models.ImportReport)
            checks = client.check_opt_ins(
                body=models.OptInChecksIn(phone_numbers=[f"+1312{FIRST + n}" for n in range(1000)])
            )
            conversation = client.start_conversation(body=models.ConversationIn(phone_number=PARENT))
            sent = client.send_message(conversation.id, body=models.SendIn(body="Class is at 5:30."))
            assert isinstance(sent, models.Message)
            delivered = inbox.wait_for(
                lambda each: each.data.get("message_id") == str(sent.id) and each.data.get("status") == "delivered"
            )

            say("waits_for", "a text")
            question = inbox.wait_for(
                lambda each: each.type == "message.received" and each.data["conversation_id"] == str(conversation.id)
            )
            newest = client.list_messages(conversation.id).items[-1]
            assert question.data["message_id"] == str(newest.id)
            client.send_message(conversation.id, body=models.SendIn(body="Yes, it is.", seen_seq=newest.seq))

            listed = []
            for each in iterate(client.list_conversations, limit=PAGE):
                listed.append(str(each.id))
                if len(listed) == PAGE:
                    say("waits_for", "changes")
                if len(listed) % PAGE == 0:
                    time.sleep(0.05)
            say("waits_for", "the last change")
        logged = {str(each.id) for each in iterate(admin.events, limit=200)}
        entries = list(iterate(admin.list_audit_entries, conversation_id=conversation.id))
        made_keys = [each.details["name"] for each in iterate(admin.list_audit_entries, action="api_key.created")]
    say(
        "seen",
        {
            "imported": report.created,
            "allowed": sum(each.allowed for each in checks.items),
            "question": newest.body,
            "delivered": delivered.id,
            "not_in_the_log": sorted(inbox.ids - logged),
            "listed": listed,
            "audited": [each.action for each in entries],
            "keys": made_keys,
        },
    )


if __name__ == "__main__":
    main()
