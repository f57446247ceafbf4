"""The log: one format for every line of every process, ours and that of the libraries.

Lines never contain secrets, texts of messages or full phone numbers: `api.scrubbing` removes what slips in.
"""

import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO, cast

import structlog
from pydantic_core import to_json

from api.kit.request_context import request_context
from api.kit.spans import current_trace_id
from api.scrubbing import scrub, traceback_of
from api.settings import LogFormat, Settings

Line = MutableMapping[str, Any]

_processors: list[structlog.types.Processor] = []
"""The processors of every logger. Loggers keep this list, so a second configuration reaches those in use."""

_observers: list[Callable[[Line], None]] = []
"""Called with each line before its error is rendered."""


class _Stderr:
    """Writes to the current `sys.stderr`, because loggers outlive a replaced one."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class _Handler(logging.StreamHandler[TextIO]):
    """The handler of the libraries' lines. A type of its own, so that it is found and replaced."""


def configure_logging(settings: Settings) -> None:
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.types.Processor] = [
        _add_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _observe,
        _scrubbed,
    ]
    renderer = _renderer(settings.log_format)
    _processors[:] = [*shared, renderer]
    structlog.configure(
        processors=_processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
    handler = _Handler(cast("TextIO", _Stderr()))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    for each in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(each)
    root.addHandler(handler)
    # Below warnings, libraries log addresses and headers: httpx every URL that it fetches.
    root.setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)


def observe_lines(observer: Callable[[Line], None]) -> None:
    """Call `observer` with each line that is written, ours and the libraries'."""
    _observers.append(observer)


def _renderer(log_format: LogFormat) -> structlog.types.Processor:
    if log_format is LogFormat.JSON:
        return _as_json
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


def _as_json(_logger: object, _method: str, line: Line) -> str:
    try:
        return to_json(line, fallback=str, inf_nan_mode="strings").decode()
    except ValueError:  # A text with half a surrogate pair.
        return json.dumps(line, default=str)


def _add_request(_logger: object, _method: str, line: Line) -> Line:
    context = request_context.get()
    trace_id = current_trace_id()
    if context is not None:
        line.setdefault("request_id", context.request_id)
        trace_id = trace_id or context.trace_id
    if trace_id is not None:
        line["trace_id"] = trace_id
    return line


def _observe(_logger: object, _method: str, line: Line) -> Line:
    for observer in _observers:
        observer(line)
    return line


def _scrubbed(_logger: object, _method: str, line: Line) -> Line:
    error = error_of(line.pop("exc_info", None))
    stack = line.pop("stack_info", None)
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = scrub(value)
    if error is not None:
        line["exception"] = traceback_of(error)
    if isinstance(stack, str):
        line["stack"] = scrub(stack)
    return line


def error_of(exc_info: object) -> BaseException | None:
    """What `exc_info` means: an error, the triple of one, or true for the one being handled."""
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
        case None | False:
            return None
        case _:
            return sys.exc_info()[1]
