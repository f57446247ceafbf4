"""CSV for spreadsheets: what a program could read as a formula stays text."""

import csv
import io
import re
from collections.abc import Iterable

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads the file in the machine's legacy code page."""

CSV_TYPE = "text/csv; charset=utf-8"

FORMULA = re.compile(r"[\s'\"]*[=+\-@]|[\t\r]")
"""The beginnings that a spreadsheet may read as a formula (https://owasp.org/www-community/attacks/CSV_Injection), also
after quotes and white space, which some programs strip."""


def safe_cell(value: object) -> str:
    """The value as text that no spreadsheet evaluates: a leading apostrophe is added to what looks like a formula.

    E.164 numbers begin with `+`, so they get one too, and stay text with all their digits. To restore the exact value,
    remove one apostrophe in front of what looks like a formula.
    """
    text = "" if value is None else str(value)
    return f"'{text}" if FORMULA.match(text) else text


def csv_rows(rows: Iterable[Iterable[str]]) -> str:
    """Lines of RFC 4180."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def download_headers(name: str) -> dict[str, str]:
    """Of an answer that is saved as a file of this name, and kept by no cache."""
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
