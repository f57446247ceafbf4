"""The printable page of an export: one HTML file without scripts and without anything to load."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from api.audit.rules import BESIDE_THREADS
from api.audit_log.types import AuditEntryOut
from api.conversations.scheduled_types import ScheduledTextOut
from api.conversations.types import MessageOut
from api.exports.formats import ConsentState, Head, Shown, absolute, shown
from api.exports.items import Item
from api.exports.rules import SECTIONS, ExportKind, Source
from api.notes.types import NoteOut

IN_PAGE = "default-src 'none'; style-src 'unsafe-inline'"
"""The policy that the page carries itself: it still holds when the file is opened from a disk."""

CONTENT_SECURITY_POLICY = f"{IN_PAGE}; sandbox"

STYLE = """
@page { margin: 18mm 16mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif; } }
* { box-sizing: border-box; }
body { font: 10.5pt/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: #1a1a1a;
  background: #fff; max-width: 190mm; margin: 0 auto; padding: 8mm; overflow-wrap: anywhere; }
@media print { body { padding: 0; max-width: none; } }
h1 { font-size: 18pt; line-height: 1.2; margin: 0 0 2mm; }
h2 { font-size: 13pt; margin: 8mm 0 3mm; break-after: avoid; }
h2:has(+ h2)::after, h2:last-child::after { content: "None"; display: block; font-size: 10.5pt; font-weight: normal; }
h3 { font-size: 10.5pt; margin: 6mm 0 2mm; padding-bottom: 1mm; border-bottom: 0.3mm solid #999; break-after: avoid; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 1mm 5mm; margin: 0 0 4mm; }
dt { color: #555; }
dd { margin: 0; }
article { break-inside: avoid; margin: 0 0 3mm; padding: 2mm 3mm; border-left: 1mm solid #999; }
article.inbound { border-color: #1f6f54; }
article.outbound { border-color: #24528f; }
article.note { border-color: #8a6100; background: #fff8e5; }
article.audit_entry { border-color: #ddd; padding-block: 0.5mm; color: #444; }
article.scheduled_text { border-style: dashed; }
header { display: flex; flex-wrap: wrap; gap: 0 3mm; font-size: 9pt; color: #555; break-after: avoid; }
header b { color: #1a1a1a; }
.to { flex: 1 1 100%; }
article p { margin: 0.5mm 0 0; white-space: pre-wrap; }
ul { margin: 1mm 0 0; padding-left: 5mm; font-size: 9pt; }
.error { color: #9b1c1c; }
footer { margin-top: 8mm; border-top: 0.3mm solid #999; padding-top: 2mm; font-size: 9pt; color: #555; }
"""

TITLES = {
    ExportKind.CONVERSATION: "Conversation",
    ExportKind.PHONE_NUMBER: "Data of a phone number",
    ExportKind.RANGE: "Messages of a period",
}
SECTION_TITLES = {
    Source.SCHEDULED: "Scheduled texts",
    Source.MESSAGES: "Messages",
    Source.CONSENT: "Changes of consent",
}
OMITTED = frozenset(each.value for each in BESIDE_THREADS)
"""Audit entries that say once more what a message or a note on the page says."""
IDENTIFIER = re.compile(r"[a-z]+(_[a-z]+)+")
CHANGE = {"from": 0, "to": 1}
"""The order of the details that come first."""


def opening(head: Head) -> str:
    title = f"{TITLES[head.kind]}: {head.name}" if head.name else TITLES[head.kind]
    facts = [
        ("Business", head.organization),
        ("Number", head.phone_number),
        ("Line", head.line),
        ("From", _moment(head.since, head)),
        ("Until", _moment(head.until, head)),
        ("Times", f"{head.zone.key} (UTC{head.until.astimezone(head.zone).isoformat()[-6:]})"),
        ("Exported by", head.made_by),
    ]
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(IN_PAGE)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n{_facts(facts)}"
        + ("" if head.consent is None else _consent(head.consent, head))
        + section_title(head.kind, 0)
    )


def section_title(kind: ExportKind, section: int) -> str:
    sections = SECTIONS[kind]
    return f"<h2>{SECTION_TITLES[sections[section][0]]}</h2>\n" if section < len(sections) else ""


def articles(items: Iterable[Item], head: Head, day: str | None) -> tuple[str, str | None]:
    """The rows below headings of their days, and the day of the last one. `day`: of the last row before."""
    parts: list[str] = []
    for item in items:
        if isinstance(item.content, AuditEntryOut) and item.content.action in OMITTED:
            continue
        local = item.at.astimezone(head.zone)
        if local.date().isoformat() != day:
            day = local.date().isoformat()
            parts.append(f"<h3>{local:%A, %B} {local.day}, {local.year}</h3>\n")
        parts.append(_article(item, shown(item), local, head))
    return "".join(parts), day


def closing(head: Head, items: int) -> str:
    end = f"{items:,} entries. Export {head.id}, complete up to {_moment(head.until, head)}."
    return f"</main>\n<footer>{escape(end)}</footer>\n</body>\n</html>\n"


def _article(item: Item, row: Shown, local: datetime, head: Head) -> str:
    kind = row.direction if isinstance(item.content, MessageOut) else item.kind
    time = f'<time datetime="{local.isoformat(timespec="seconds")}">{local:%H:%M:%S}</time>'
    about = [time, *_about(item, row)]
    to = ""
    if head.kind is not ExportKind.CONVERSATION and item.thread is not None:
        thread = item.thread
        of = thread.phone_number if thread.name == thread.phone_number else f"{thread.name}, {thread.phone_number}"
        to = f'<span class="to">{escape(f"{of}, on {thread.line}")}</span>'
    body = f"<p>{escape(row.body)}</p>" if row.body else ""
    return f'<article class="{kind}"><header>{to}{" ".join(about)}</header>{body}{_files(row, head)}</article>\n'


def _about(item: Item, row: Shown) -> list[str]:
    author = f"<b>{escape(row.author)}</b>"
    error = f'<span class="error">{escape(row.error)}</span>' if row.error else ""
    match item.content:
        case AuditEntryOut() as entry:
            words = row.action.replace("opt_in", "opt-in").replace(".", " ").replace("_", " ").capitalize()
            number = "" if item.thread or not entry.phone_number else f"<span>{escape(entry.phone_number)}</span>"
            said = _said(entry)
            return [each for each in (f"<b>{escape(words)}</b>", number, author_of(entry), said) if each]
        case NoteOut():
            status = f"<span>{escape(row.status)}</span>" if row.status else ""
            return [each for each in ("<span>Internal note by</span>", author, status) if each]
        case ScheduledTextOut():
            return [
                each for each in (author, f"<span>{escape(row.status)}, {escape(row.details)}</span>", error) if each
            ]
        case _:
            words = "Received from" if row.direction == "inbound" else "Sent by"
            status = "" if row.status == "received" else f"<span>{escape(row.status)}</span>"
            return [each for each in (f"<span>{words}</span>", author, status, error) if each]


def author_of(entry: AuditEntryOut) -> str:
    return f"<span>by {escape(entry.actor.name)}</span>" if entry.actor.name else ""


def _said(entry: AuditEntryOut) -> str:
    """The details that are words: ids tell a reader of paper nothing."""
    words = [
        f"{name.replace('_', ' ')}: {value.replace('_', ' ') if IDENTIFIER.fullmatch(value) else value}"
        for name, value in sorted(entry.details.items(), key=lambda detail: CHANGE.get(detail[0], len(CHANGE)))
        if isinstance(value, str) and value and not name.endswith("_id")
    ]
    return f"<span>{escape('; '.join(words))}</span>" if words else ""


def _files(row: Shown, head: Head) -> str:
    urls = [(absolute(each.url, head), each.content_type) for each in row.files]
    urls += [(url, "file") for url in row.file_urls]
    if not urls:
        return ""
    lines = "".join(f"<li>{escape(kind)}: {escape(url)}</li>" for url, kind in urls)
    return f"<ul>{lines}</ul>"


def _consent(state: ConsentState, head: Head) -> str:
    parts = ["<h2>Consent</h2>\n"]
    stopped = _moment(state.stopped_at, head)
    check = state.check
    parts.append(
        _facts(
            [
                (
                    "May be texted",
                    None if check is None else f"{'yes' if check.allowed else 'no'} ({check.reason.value})",
                ),
                ("Stopped", f"{stopped} ({state.stop_source})" if stopped else "no"),
            ]
        )
    )
    for each in check.instances if check else ():
        owner = f"{each.owner_name}, {each.contact_name}" if each.contact_name else each.owner_name
        facts = [
            ("Record", owner + (" (archived)" if each.archived else "")),
            ("State", each.state.value),
            ("Since", _moment(each.changed_at, head)),
            ("Set by", each.changed_by.name if each.changed_by else None),
            ("Source", each.source.value if each.source else None),
        ]
        parts.append(f"<article>{_facts(facts)}</article>\n")
    for refusal in state.refusals:
        facts = [
            ("Refusal of", refusal.owner_name),
            ("Since", _moment(refusal.changed_at, head)),
            ("Record removed", _moment(refusal.removed_at, head)),
            ("Lifted", _moment(refusal.lifted_at, head) or "no"),
        ]
        parts.append(f"<article>{_facts(facts)}</article>\n")
    return "".join(parts)


def _facts(facts: Sequence[tuple[str, str | None]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
    return f"<dl>{rows}</dl>\n"


def _moment(at: datetime | None, head: Head) -> str | None:
    if at is None:
        return None
    local = at.astimezone(head.zone)
    return f"{local:%B} {local.day}, {local.year}, {local:%H:%M}"
