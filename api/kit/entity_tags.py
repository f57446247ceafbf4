"""Entity tags (RFC 9110, sections 8.8.3 and 13.1): the strong tag of a representation, and those that a request names.

The tag is a hash of the bytes of the answer, so every process gives the same one. The gzipped answer has a tag of its
own, as it has other bytes; both name the same representation.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from pydantic import BaseModel

DIGEST_BYTES = 16
ANY = "*"
WEAK = "W/"
GZIP = "-gzip"

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


@dataclass(frozen=True)
class GivenTags:
    """The tags of `If-Match` or `If-None-Match`, without quotes and without the mark of the encoding."""

    strong: frozenset[str]
    weak: frozenset[str]
    is_any: bool
    """The header is `*`."""
    is_gzip: bool
    """One of them is of a gzipped answer."""

    def names(self, tag: str) -> bool:
        """Whether it is among the strong ones: the comparison of `If-Match`."""
        return self.is_any or tag.strip('"') in self.strong

    def names_weakly(self, tag: str) -> bool:
        """Whether it is among all of them: the comparison of `If-None-Match`."""
        return self.is_any or tag.strip('"') in self.strong | self.weak


def tag_of(representation: bytes) -> str:
    """The strong tag, in its quotes."""
    return f'"{blake2b(representation, digest_size=DIGEST_BYTES).hexdigest()}"'


def representation_of(record: BaseModel) -> bytes:
    """What GET answers with this model, byte for byte."""
    return record.model_dump_json(by_alias=True).encode()


def gzip_tag(tag: str) -> str:
    """The tag of the same representation, gzipped."""
    return f'{tag.removesuffix(chr(34))}{GZIP}"'


def read_tags(headers: Iterable[str]) -> GivenTags | None:
    """The tags of all lines of a header; malformed ones are left out. None if there is no line."""
    lines = list(headers)
    if not lines:
        return None
    found: list[tuple[str, str]] = [tag for line in lines for tag in _TAG.findall(line)]
    strong = {tag.removesuffix(GZIP) for mark, tag in found if not mark}
    weak = {tag.removesuffix(GZIP) for mark, tag in found if mark}
    return GivenTags(
        frozenset(strong),
        frozenset(weak),
        is_any=any(line.strip() == ANY for line in lines),
        is_gzip=any(tag.endswith(GZIP) for _, tag in found),
    )
