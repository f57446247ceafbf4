"""Where the files are that belong to the product and are not Python packages: migrations, the app's build."""

from pathlib import Path
from typing import Literal

_INSTALLED = Path(__file__).parent / "bundled"
_CHECKOUT = Path(__file__).parent.parent


def bundled(path: Literal["migrations", "frontend/dist", "openapi.json"]) -> Path:
    """The file or folder at this path of a checkout, or its copy that `scripts/build_hook.py` put into the wheel."""
    return (_INSTALLED if _INSTALLED.is_dir() else _CHECKOUT) / path
