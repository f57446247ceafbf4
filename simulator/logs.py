"""The simulator's log: text, or one JSON object a line as the service writes."""

import json
import logging
import sys
from datetime import UTC, datetime

FORMATS = ("console", "json")


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"event": record.getMessage(), "level": record.levelname.lower(), "timestamp": _time(record)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({"logger": record.name, **line})


class TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = f"{_time(record)} [{record.levelname.lower():<8}] {record.getMessage()} logger={record.name}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def configure_logging(level: str, log_format: str) -> None:
    """`log_format` is one of `FORMATS`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("uvicorn", "simulator"):
        logging.getLogger(name).setLevel(level.upper())
