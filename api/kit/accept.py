"""Which of two representations a client asks for, by its `Accept` header (RFC 9110, 12.5.1)."""


def prefers(accept: str, wanted: str, other: str) -> bool:
    """Whether `accept` names the media type `wanted`, and with a higher quality than `other`. `*/*` names neither."""
    return _quality(accept, wanted) > _quality(accept, other)


def _quality(accept: str, media_type: str) -> float:
    """The quality that the most specific range gives the media type; 0 if none names it or its family."""
    named = {media_type: 2, f"{media_type.partition('/')[0]}/*": 1}
    found: list[tuple[int, float]] = []
    for part in accept.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        if name in named:
            given = [each[2:] for each in parameters if each.startswith("q=")]
            found.append((named[name], _number(given[0]) if given else 1.0))
    return max(found, default=(0, 0.0))[1]


def _number(quality: str) -> float:
    """0 if it is no quality."""
    whole, _, decimals = quality.partition(".")
    is_quality = whole in {"0", "1"} and len(decimals) <= 3 and (not decimals or decimals.isdecimal())
    return min(float(f"{whole}.{decimals or 0}"), 1.0) if is_quality and decimals.isascii() else 0.0
