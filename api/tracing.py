"""OpenTelemetry traces, sent over OTLP/HTTP if OTEL_* settings ask for it. Without them the SDK is not imported."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi.telemetry import TelemetryConfig

from api.kit.spans import Attributes, make_no_spans, make_spans_with
from api.startup import require_extra
from api.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE = "messenger-center"

WITHHELD = ("url.path", "url.query", "user_agent.original", "client.address")
"""What FastAPI's spans may say of a request and traces must not: paths and queries hold phone numbers."""


@dataclass(frozen=True)
class Tracing:
    """Sends the spans of this process. `provider` is for FastAPI's own spans."""

    provider: "TracerProvider"
    stop: Callable[[], None]
    """Sends what is left, for some seconds at most."""


def telemetry(tracing: Tracing | None) -> TelemetryConfig:
    """For FastAPI: spans only. Its metrics and logs would say what `api.kit.metrics` and `api.access_log` say."""
    provider = None if tracing is None else tracing.provider
    return {"tracing": tracing is not None, "tracer_provider": provider, "metrics": False, "logs": False}


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether OTEL_* settings say where traces go, and do not turn them off."""
    off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").lower()
    return not off and exporter != "none" and (exporter == "otlp" or any(environment.get(each) for each in ENDPOINTS))


def check_tracing() -> None:
    """Raises StartError if tracing is wanted and the extra is not installed."""
    if is_wanted(os.environ):
        require_extra("otel", instead=", or unset OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_TRACES_EXPORTER")


def start_tracing(process: str) -> Tracing | None:
    """Starts tracing in this process, if it is wanted. `process` is the kind of process that spans name.

    `check_tracing` comes before it.
    """
    if not is_wanted(os.environ):
        return None
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    class Withholding(SpanProcessor):
        def on_start(self, span: Span, parent_context: Any = None) -> None:
            for name in WITHHELD:
                if span.attributes is not None and name in span.attributes:
                    span.set_attribute(name, "withheld")

    provider = TracerProvider(
        resource=Resource.create(
            {
                "service.name": os.environ.get("OTEL_SERVICE_NAME") or SERVICE,
                "service.version": VERSION,
                "messenger.process": process,
            }
        )
    )
    provider.add_span_processor(Withholding())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("messenger", VERSION)

    def make(name: str, attributes: Attributes) -> AbstractContextManager[Any]:
        # The message of an error may quote a text; the log has it, scrubbed.
        return tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        )

    def trace_id() -> str | None:
        context = trace.get_current_span().get_span_context()
        return f"{context.trace_id:032x}" if context.is_valid else None

    def stop() -> None:
        make_no_spans()
        provider.shutdown()

    make_spans_with(make, trace_id=trace_id)
    return Tracing(provider, stop)
