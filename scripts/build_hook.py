"""Build hook of hatchling: puts what is not Python code into the wheel, and the app's build into the sdist.

The wheel has it in `api/bundled`, at the paths of the checkout (`api.bundled`). An editable install uses the checkout.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

APP = "frontend/dist"
BUNDLED = "api/bundled"
STAMP = ".ready"
"""What make leaves beside the app's files."""


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]  # Its parameter is the builder's configuration.
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fills `force_include` of `build_data`. Raises SystemExit if the app has not been built."""
        if version == "editable":
            return
        root = Path(self.root)
        if not (root / APP / "index.html").is_file():
            raise SystemExit(f"{APP}/index.html is missing: build the app before the package, with `make dist`.")
        files = [path for path in sorted((root / APP).rglob("*")) if path.is_file() and path.name != STAMP]
        within = ""
        if self.target_name == "wheel":
            within = f"{BUNDLED}/"
            files += [root / "openapi.json", *sorted((root / "migrations").rglob("*.py"))]
        included = build_data["force_include"]
        included |= {str(path): within + path.relative_to(root).as_posix() for path in files}
