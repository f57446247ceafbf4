"""URL templates of links: which are allowed, and what they become for a record. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlsplit

MAX_LINKS = 10
MAX_TEMPLATE = 500


class LinkField(StrEnum):
    """What a template can hold in braces."""

    EXTERNAL_ID = "external_id"
    FAMILY_ID = "family_id"
    STAFF_MEMBER_ID = "staff_member_id"
    NAME = "name"
    PHONE_NUMBER = "phone_number"


HTTPS_ADDRESS = r'^[hH][tT][tT][pP][sS]://[^\s\x00-\x20"<>\\^`|\x7f]+$'
"""The published pattern of a template. `template_problem` tells the rest."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_UNSAFE = re.compile(r"[\s\x00-\x20\"<>\\^`|\x7f]")


@dataclass(frozen=True, slots=True)
class LinkTemplate:
    label: str
    url_template: str


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


def fields_of(template: str) -> set[str]:
    return set(_FIELD.findall(template))


def template_problem(template: str) -> str | None:
    """Why this cannot be a link, in a sentence; None if it can."""
    unknown = sorted(fields_of(template) - set(LinkField))
    if unknown:
        known = ", ".join(f"{{{each}}}" for each in LinkField)
        return f"There is no field {{{unknown[0]}}}. The fields are {known}."
    without = _FIELD.sub("", template)
    if "{" in without or "}" in without:
        return "A brace has no partner."
    if _UNSAFE.search(template):
        return "A web address has no spaces, quotes or angle brackets."
    try:
        parts = urlsplit(template)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "This is not a web address."
    if parts.scheme != "https":
        return "A link starts with https://."
    if not host or "@" in parts.netloc:
        return "A link names a site, without a user name."
    if "{" in parts.netloc:
        return "Fields can stand in the path and after it, not in the name of the site."
    return None


def filled(template: LinkTemplate, values: Mapping[str, str | None]) -> Link | None:
    """The link, each value percent-encoded. None if a value is missing."""
    named = fields_of(template.url_template)
    if any(not values.get(each) for each in named):
        return None
    url = _FIELD.sub(lambda found: quote(values[found[1]] or "", safe=""), template.url_template)
    return Link(template.label, url)
