"""Reports errors to Sentry if a DSN is set: what failed and where, and nothing of any business or person."""

import os
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from api.logging import error_of, observe_lines
from api.settings import Settings
from api.startup import require_extra
from api.version import VERSION

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

REPORTED = frozenset({"error", "critical", "exception"})
TAGS = ("request_id", "organization_id", "message_id", "event_id", "line_id", "loop", "route", "logger")
"""Fields of a log line that go along: ids and names of our own code."""

KEPT = frozenset(
    {
        "event_id",
        "timestamp",
        "level",
        "platform",
        "release",
        "environment",
        "sdk",
        "tags",
        "exception",
        "transaction",
        "logentry",
        "message",
        "fingerprint",
        "contexts",
    }
)


def start_error_reports(settings: Settings) -> None:
    """Reports each line at `error` or above that this process logs. Does nothing without a DSN.

    Raises StartError if the extra is not installed.
    """
    dsn = os.environ.get("SENTRY_DSN") if settings.sentry_dsn is None else settings.sentry_dsn.get_secret_value()
    if not dsn:
        return
    require_extra("sentry", instead=", or unset MESSENGER_SENTRY_DSN and SENTRY_DSN")
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration

    sentry_sdk.init(
        dsn=dsn,
        release=f"messenger-center@{VERSION}",
        environment=settings.environment.value,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        # Its integrations would read requests, statements and arguments. Errors come from the log instead.
        default_integrations=False,
        # At the end of the process it waits for what is not sent yet, silently.
        integrations=[AtexitIntegration(callback=lambda pending, timeout: None)],
        auto_enabling_integrations=False,
        traces_sample_rate=None,
        before_send=_without_personal_data,
    )
    observe_lines(_report)


def _report(line: MutableMapping[str, Any]) -> None:
    if line.get("level") not in REPORTED:
        return
    import sentry_sdk

    # A line of a library is a whole sentence, which may quote anything: its logger's name stands for it.
    name = str(line.get("logger") or line.get("event"))
    with sentry_sdk.new_scope() as scope:
        for tag in TAGS:
            if line.get(tag) is not None:
                scope.set_tag(tag, str(line[tag]))
        scope.set_transaction_name(name)
        error = error_of(line.get("exc_info"))
        if error is not None:
            scope.capture_exception(error)
        else:
            scope.capture_message(name, level="error")


def _without_personal_data(event: "Event", _hint: "Hint") -> "Event":
    """Leaves the type and the stack trace of each error: its message may quote a text or a number."""
    kept: dict[str, Any] = {name: value for name, value in event.items() if name in KEPT}
    for each in kept.get("exception", {}).get("values", []):
        each["value"] = None
        each.get("mechanism", {}).pop("data", None)
        for frame in (each.get("stacktrace") or {}).get("frames", []):
            frame.pop("vars", None)
    return kept  # type: ignore[return-value]
