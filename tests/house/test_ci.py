"""What .ci/run leans on: the README's commands as they stand, and the reading of pytest's outcomes."""

import subprocess
import sys

import pytest

from tests.house.source import ROOT

INSTALL = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && "
JUNIT = """<testsuites><testsuite>
<testcase classname="tests.a" name="test_good" time="1.5"/>
<testcase classname="tests.a" name="test_left_out" time="0"><skipped message="no browser here"/></testcase>
{more}
</testsuite></testsuites>"""


def outcomes(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / ".ci" / "outcomes.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def junit(tmp_path):
    """Write a junit file, with more test cases if given."""

    def write(more: str = ""):
        file = tmp_path / "junit.xml"
        file.write_text(JUNIT.format(more=more))
        return file

    return write


def test_readme_is_headed_by_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    commands = [line for line in lines if line.startswith("python3 -m venv")]
    assert commands == [
        f"{INSTALL}.venv/bin/python manage.py demo",
        f"{INSTALL}.venv/bin/python -m pytest -n 3 --dist worksteal",
    ]


def test_skip_with_leave_passes_and_is_told(junit) -> None:
    finished = outcomes("skips", junit(), "^no browser")

    assert finished.returncode == 0
    assert "skipped 1: no browser here" in finished.stdout


def test_skip_without_leave_fails_and_names_the_test(junit) -> None:
    finished = outcomes("skips", junit(), "something else")

    assert finished.returncode == 1
    assert "tests.a::test_left_out: no browser here" in finished.stdout


def test_run_without_any_test_fails(tmp_path) -> None:
    file = tmp_path / "junit.xml"
    file.write_text("<testsuites/>")

    assert outcomes("skips", file).returncode == 1


def test_total_counts_as_pytest_does(junit) -> None:
    failed = '<testcase classname="tests.a" name="test_bad" time="1"><failure/></testcase>'

    assert outcomes("total", junit()).stdout == "1 passed, 0 failed, 1 skipped in 2 s\n"
    finished = outcomes("total", junit(failed))
    assert finished.returncode == 1
    assert finished.stdout == "FAILED tests.a::test_bad\n1 passed, 1 failed, 1 skipped in 2 s\n"
