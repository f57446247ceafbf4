"""The last line of `make test` tells the truth, whatever the runners of tests leave behind."""

from pathlib import Path

import pytest

from outcomes import Count, Outcome, Step, count_junit, judge, last_line, not_run, slowest

PYTEST = """<?xml version="1.0"?><testsuites><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4">
<testcase name="a"/><testcase name="b"><failure message="no"/></testcase>
<testcase name="c"><error message="fixture"/></testcase><testcase name="d"><skipped/></testcase>
</testsuite></testsuites>"""
VITEST = """<?xml version="1.0"?><testsuites name="vitest tests" tests="2" failures="0">
<testsuite name="src/lib/a.test.ts"><testcase name="x"/><testcase name="y"/></testsuite>
<testsuite name="src/lib/b.test.ts"><testcase name="z"><failure/></testcase></testsuite></testsuites>"""
PLAYWRIGHT = """<testsuites tests="1"><testsuite name="story.spec.ts">
<testcase name="s"><system-out>[[ATTACHMENT|a.png]]</system-out></testcase></testsuite></testsuites>"""


def step(report: Path | None = None) -> Step:
    return Step("tests", "Tests", ("true",), report=report)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.xml"


@pytest.mark.parametrize(
    ("text", "count"), [(PYTEST, Count(1, 2, 1)), (VITEST, Count(2, 1)), (PLAYWRIGHT, Count(1, 0))]
)
def test_every_case_of_a_report_is_counted_once(report: Path, text: str, count: Count) -> None:
    report.write_text(text)
    assert count_junit(report) == count


def test_a_check_counts_as_one(report: Path) -> None:
    assert judge(step(), seconds=1, problem=None).count == Count(1, 0)
    assert judge(step(), seconds=1, problem="exit status 1").count == Count(0, 1)


def test_tests_that_left_no_report_have_failed(report: Path) -> None:
    outcome = judge(step(report), seconds=1, problem=None)
    assert outcome.count == Count(0, 1)
    assert "no report" in (outcome.problem or "")


def test_a_report_cut_short_is_a_failure(report: Path) -> None:
    report.write_text(PYTEST[:100])
    assert judge(step(report), seconds=1, problem=None).count == Count(0, 1)


def test_a_run_of_no_tests_has_failed(report: Path) -> None:
    report.write_text("<testsuites/>")
    outcome = judge(step(report), seconds=1, problem=None)
    assert (outcome.count, outcome.problem) == (Count(0, 1), "it ran no test")


def test_a_run_that_ends_badly_has_failed_although_every_test_passed(report: Path) -> None:
    report.write_text(PLAYWRIGHT)
    outcome = judge(step(report), seconds=1, problem="exit status 1")
    assert (outcome.count, outcome.problem) == (Count(1, 1), "exit status 1")


def test_failed_tests_are_a_failure_although_the_run_ended_well(report: Path) -> None:
    report.write_text(VITEST)
    assert judge(step(report), seconds=1, problem=None).problem == "1 failed"


def test_the_last_line_adds_everything_up_and_counts_what_was_not_run_as_failed(report: Path) -> None:
    report.write_text(PYTEST)
    outcomes: list[Outcome] = [
        judge(step(), seconds=1, problem=None),
        judge(step(report), seconds=1, problem="exit status 1"),
        not_run(step(), "`build` failed"),
    ]
    assert last_line(outcomes) == "2 passed, 3 failed"


def test_the_slowest_tests_are_named_in_order(report: Path) -> None:
    report.write_text(
        '<testsuite><testcase name="a" time="1"/><testcase name="b" time="2.5"/><testcase name="c"/></testsuite>'
    )
    shown = slowest([judge(step(report), seconds=1, problem=None)], count=2).split()
    assert shown == ["slowest", "tests", "2.5", "b", "1.0", "a"]
    assert slowest([judge(step(), seconds=1, problem=None)]) == ""
