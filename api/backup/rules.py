"""Pure rules of backups: the manifest at a file's end, versions of PostgreSQL's programs, entries of an archive."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MARK = b"\nmessenger-backup "
"""It begins the manifest, behind the archive. `pg_restore` reads the archive and does not reach it."""

MAX_MANIFEST_BYTES = 64 * 1024


class ManifestError(ValueError):
    """The bytes are not a manifest."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup holds, as JSON at the end of its file."""

    product_version: str
    schema: str
    """The revision of the schema."""
    taken_at: str
    """The database's time of the snapshot, RFC 3339."""
    server_version: int
    """PostgreSQL's major version."""
    pg_dump_version: int
    organizations: int
    audit_chains: int
    audit_entries: int
    audit_heads: str
    """SHA-256 over the number and the hash of each audit chain's last entry."""
    secret_key_check: str | None
    """The stored check value of the secret key, never the key. None: no process has started yet."""
    archive_bytes: int
    archive_sha256: str

    def as_bytes(self) -> bytes:
        return MARK + json.dumps(asdict(self)).encode() + b"\n"


def manifest_of(tail: bytes) -> tuple[Manifest, int]:
    """The manifest at the end of `tail`, and how many bytes it takes. Raises `ManifestError`."""
    start = tail.rfind(MARK)
    if start < 0 or not tail.endswith(b"\n"):
        raise ManifestError("there is none")
    try:
        fields: Any = json.loads(tail[start + len(MARK) :])
        manifest = Manifest(**fields)
    except (ValueError, TypeError) as error:
        raise ManifestError("it cannot be read") from error
    expected = {name: type(value) for name, value in asdict(_EXAMPLE).items()}
    wrong = [
        name
        for name, value in asdict(manifest).items()
        if type(value) is not expected[name] and not (name == "secret_key_check" and value is None)
    ]
    if wrong:
        raise ManifestError(f"its {wrong[0]} cannot be read")
    return manifest, len(tail) - start


_EXAMPLE = Manifest(
    product_version="",
    schema="",
    taken_at="",
    server_version=0,
    pg_dump_version=0,
    organizations=0,
    audit_chains=0,
    audit_entries=0,
    audit_heads="",
    secret_key_check="",
    archive_bytes=0,
    archive_sha256="",
)


def major_version(said: str) -> int | None:
    """The major version in what `pg_dump --version` prints."""
    found = re.search(r"\(PostgreSQL\) (\d{2,3})", said)
    return None if found is None else int(found[1])


_ENTRY = re.compile(r"\d+; \d+ \d+ (?P<what>.+)")
_NOT_OURS = ("SCHEMA - public", "COMMENT - SCHEMA public", "EXTENSION ", "COMMENT - EXTENSION ")
"""What an empty database has already, or what only a superuser may make. The service needs no extension."""
_RIGHTS = ("ACL ", "DEFAULT ACL ")


@dataclass(frozen=True)
class ArchiveEntries:
    """The entries of an archive's table of contents, as lines for `pg_restore --use-list`."""

    content: Sequence[str]
    rights: Sequence[str]
    """GRANTs. They name roles, which another server may not have."""
    tables: int


def archive_entries(listing: Iterable[str]) -> ArchiveEntries:
    content: list[str] = []
    rights: list[str] = []
    tables = 0
    for line in listing:
        entry = _ENTRY.match(line)
        if entry is None or entry["what"].startswith(_NOT_OURS):
            continue
        if entry["what"].startswith(_RIGHTS):
            rights.append(line)
            continue
        content.append(line)
        tables += entry["what"].startswith("TABLE DATA ")
    return ArchiveEntries(content, rights, tables)
