"""An import contract of ours: a slice's private modules are imported by that slice alone."""

from typing import Any

import grimp
from importlinter import Contract, ContractCheck, fields, output
from importlinter.application import contract_utils


class PrivateModules(Contract):
    """No module imports a private module of another slice.

    - `root`: the package whose subpackages are the slices.
    - `private`: names of private modules; `queries` stands for `message_queries` too.
    - `ignore_imports`: as in the built-in contracts. An entry that matches no import is an error.
    """

    type_name = "private"

    root = fields.StringField()
    private = fields.ListField(subfield=fields.StringField())
    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        options: Any = self
        removed = contract_utils.remove_ignored_imports_and_report(
            graph=graph,
            ignore_imports=sorted(options.ignore_imports or (), key=str),
            unmatched_alerting=contract_utils.AlertLevel.ERROR,
        )
        violations: list[tuple[str, str]] = []
        for imported in sorted(graph.find_descendants(options.root)):
            if imported.rpartition(".")[2].rpartition("_")[2] not in options.private:
                continue
            for importer in sorted(graph.find_modules_that_directly_import(imported)):
                if importer.rpartition(".")[0] != imported.rpartition(".")[0]:
                    violations.append((importer, imported))
        return ContractCheck(
            kept=not violations,
            warnings=list(removed.warnings),
            ignored_import_count=removed.ignored_import_count,
            metadata={"violations": violations},
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["violations"]:
            output.print_error(f"{importer} -> {imported}", bold=False)
