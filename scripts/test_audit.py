"""What an audit's report comes to, and what counts as a list of components."""

import json

import pytest

from audit import Verdict, components_of, of_npm_audit, of_pip_audit
from steps import SetupError

CLEAN = {"name": "idna", "version": "3.20", "vulns": []}
BAD = {"name": "idna", "version": "3.6", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.7"], "aliases": []}]}
SKIPPED = {"name": "idna", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("dependencies", "found", "is_whole"),
    [
        ([CLEAN], [], True),
        ([CLEAN, BAD], ["idna 3.6: PYSEC-1, mended in 3.7"], True),
        ([SKIPPED, SKIPPED], [], False),
        ([SKIPPED, BAD], ["idna 3.6: PYSEC-1, mended in 3.7"], False),
        ([], [], False),
    ],
)
def test_a_vulnerability_of_a_python_package_is_found_and_what_was_not_asked_is_said(
    dependencies: list[object], found: list[str], is_whole: bool
) -> None:
    verdict = of_pip_audit(json.dumps({"dependencies": dependencies, "fixes": []}))
    assert list(verdict.found) == found
    assert (verdict.unanswered is None) is is_whole


@pytest.mark.parametrize("output", ["", "ERROR: no network", "[]", "null", "{}", "no answer within 60 s"])
def test_an_audit_that_could_not_be_made_says_so_and_finds_nothing(output: str) -> None:
    for verdict in (of_pip_audit(output), of_npm_audit(output)):
        assert not verdict.found
        assert verdict.unanswered


def test_high_and_critical_vulnerabilities_of_npm_packages_count() -> None:
    severities = ("low", "moderate", "high", "critical")
    report = {"vulnerabilities": {each: {"severity": each, "range": "<2"} for each in severities}}
    assert of_npm_audit(json.dumps(report)).found == ["critical: critical, in <2", "high: high, in <2"]
    assert of_npm_audit('{"vulnerabilities": {}}') == Verdict([])
    refused = '{"message": "405 Method Not Allowed - POST somewhere", "statusCode": 405}'
    assert of_npm_audit(refused).unanswered == "the registry does not answer: 405 Method Not Allowed"


def test_a_list_of_components_is_cyclonedx_with_names_and_versions() -> None:
    component = {"name": "idna", "version": "3.20"}
    assert components_of(json.dumps({"bomFormat": "CycloneDX", "components": [component]})) == 1
    for wrong in ("", "[]", "{}", '{"bomFormat": "SPDX", "components": [{}]}', '{"bomFormat": "CycloneDX"}'):
        with pytest.raises(SetupError):
            components_of(wrong)
    for components in ([], [{"name": "idna"}], [component, {"name": "", "version": "1"}]):
        with pytest.raises(SetupError):
            components_of(json.dumps({"bomFormat": "CycloneDX", "components": components}))
