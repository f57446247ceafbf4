"""The device of a session in words, from the browser's `User-Agent`."""

MAX_READ = 400
"""Characters of the header that are read. Those of browsers have fewer than 250."""

MAX_NAME = 40
"""Characters of a program's own name."""

BROWSERS = (
    # Most browsers name others too, so the first match counts.
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)

SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str | None) -> str | None:
    """`Chrome on Windows`; the name of a program that is no browser; None if the header says nothing."""
    text = (user_agent or "")[:MAX_READ]
    browser = next((name for token, name in BROWSERS if token in text), None)
    system = next((name for token, name in SYSTEMS if token in text), None)
    if browser is not None and system is not None:
        return f"{browser} on {system}"
    return browser or system or _program(text)


def _program(text: str) -> str | None:
    """The first product of the header, as in `curl/8.5.0`."""
    words = text.partition("/")[0].split()
    name = words[0][:MAX_NAME] if words else ""
    return name if name.isascii() and name.isprintable() and name else None
