"""The parts of an export's file, in each format."""

from collections.abc import Sequence

from api.exports import formats, printable
from api.exports.formats import Head
from api.exports.items import Item, Loaded, items_of
from api.exports.rules import ExportFormat, Place


def opening(form: ExportFormat, head: Head) -> str:
    match form:
        case ExportFormat.NDJSON:
            return formats.ndjson_opening(head)
        case ExportFormat.CSV:
            return formats.csv_opening(head)
        case ExportFormat.HTML:
            return printable.opening(head)


def rows(form: ExportFormat, head: Head, loaded: Loaded, day: str | None) -> tuple[bytes, str | None]:
    """The text of these rows, and the last day that has a heading. It takes a while: call it in a thread."""
    text, day = _rows(form, head, items_of(loaded), day)
    return text.encode(), day


def _rows(form: ExportFormat, head: Head, items: Sequence[Item], day: str | None) -> tuple[str, str | None]:
    match form:
        case ExportFormat.NDJSON:
            return formats.ndjson_lines(items, head), None
        case ExportFormat.CSV:
            return formats.csv_lines(items, head), None
        case ExportFormat.HTML:
            return printable.articles(items, head, day)


def between(form: ExportFormat, head: Head, place: Place) -> str:
    """What stands in front of the section of this place."""
    return printable.section_title(head.kind, place.section) if form is ExportFormat.HTML else ""


def closing(form: ExportFormat, head: Head, *, items: int) -> str:
    match form:
        case ExportFormat.NDJSON:
            return formats.ndjson_closing(items)
        case ExportFormat.CSV:
            return ""
        case ExportFormat.HTML:
            return printable.closing(head, items)
