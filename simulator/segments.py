"""How many parts a text is sent in (3GPP TS 23.038)."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")

_SINGLE_7BIT, _PART_7BIT = 160, 153
_SINGLE_UCS2, _PART_UCS2 = 70, 67


def count_segments(body: str) -> int:
    """Parts of `body`; an empty one (a picture without words) still takes one. An extension character is two
    septets and a character outside the basic plane is two UTF-16 units; neither is split between parts."""
    if len(body) <= _SINGLE_UCS2 and body.isascii():
        return 1
    if is_basic(body):
        return _parts([2 if c in _EXTENDED else 1 for c in body], single=_SINGLE_7BIT, part=_PART_7BIT)
    return _parts([2 if ord(c) > 0xFFFF else 1 for c in body], single=_SINGLE_UCS2, part=_PART_UCS2)


def is_basic(body: str) -> bool:
    """Whether the 7-bit alphabet has all of it."""
    return all(c in _BASIC or c in _EXTENDED for c in body)


def _parts(sizes: list[int], *, single: int, part: int) -> int:
    if sum(sizes) <= single:
        return 1
    parts, filled = 1, 0
    for size in sizes:
        if filled + size > part:
            parts, filled = parts + 1, 0
        filled += size
    return parts
