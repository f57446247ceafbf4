"""Errors of imports."""

from api.directory.importing.schemas import ImportRefusedBody
from api.kit.errors import Problem


class ImportRefused(Problem):
    """A row failed, so nothing of the file was stored. The answer carries the report."""

    status, type, title = 422, "/problems/import-refused", "Nothing of this file was imported"
    body_model = ImportRefusedBody
