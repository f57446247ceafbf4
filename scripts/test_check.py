"""The counts tell the truth, a failure hides nothing, and no step outlives the run."""

import asyncio
import time
from pathlib import Path

import pytest

import check
from check import Step, last_line, run, slowest, suite

MIXED = """<testsuites><testsuite errors="9"><testcase name="a" time="1"/><testcase name="b"><failure/></testcase>
<testcase name="c"><error/></testcase><testcase name="d" time="2.5"><skipped/></testcase></testsuite></testsuites>"""
GOOD = "<testsuites><testcase name='a'><system-out>x</system-out></testcase></testsuites>"


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROOT", "LOGS", "REPORTS"):
        monkeypatch.setattr(check, name, tmp_path)


@pytest.mark.parametrize(
    ("report", "status", "counts", "problem"),
    [
        (MIXED, 0, (1, 2, 1), "2 failed"),
        (GOOD, 0, (1, 0, 0), ""),
        (GOOD, 1, (1, 1, 0), "exit status 1"),
        ("<testsuites/>", 0, (0, 1, 0), "no test has passed"),
        (MIXED[:100], 0, (0, 1, 0), "no test has passed"),
    ],
)
def test_every_test_counts_once_and_a_run_that_failed_otherwise_as_one_failure(
    report: str, status: int, counts: tuple[int, int, int], problem: str
) -> None:
    step = suite("step", f"cat >{{report}} <<'END'\n{report}\nEND\nexit {status}")
    asyncio.run(run([[[step]]]))
    assert tuple(step.counts[each] for each in ("passed", "failed", "skipped")) == counts
    assert step.problem == problem


def test_a_failed_check_is_shown_and_hides_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [Step("bad", "echo the reason; exit 3"), Step("good", "true")]
    asyncio.run(run([[steps]]))
    assert last_line(steps) == "1 passed, 1 failed"
    assert "the reason" in capsys.readouterr().out


def test_lanes_run_beside_each_other() -> None:
    meet = "touch {0}; until [ -e {1} ]; do sleep 0.01; done"
    asyncio.run(run([[[Step("left", meet.format("a", "b"))], [Step("right", meet.format("b", "a"))]]]))


def test_an_interruption_ends_what_a_step_has_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "GRACE_SECONDS", 0.5)
    stubborn = Step("stubborn", "trap '' INT; sleep 60 & echo $! >child; kill $PPID; wait")
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run([[[stubborn]]]))
    state = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
    while state.exists() and ") Z " not in state.read_text():
        time.sleep(0.01)


def test_the_slowest_tests_are_named_in_order(tmp_path: Path) -> None:
    (tmp_path / "step.xml").write_text(MIXED)
    assert [line.split()[0] for line in slowest([Step("step", "")], most=2)] == ["2.5", "1.0"]
