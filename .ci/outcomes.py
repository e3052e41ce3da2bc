"""What pytest's junit files say: which tests were skipped without leave, and how many there were.

python3 .ci/outcomes.py skips FILE [REGEX ...]   fail when a reason fits none of the expressions
python3 .ci/outcomes.py total [FILE ...]         one line such as pytest's: 10 passed, 0 failed
"""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET


def cases(file: Path) -> list[ET.Element]:
    """Return the tests of one file, which this project's own pytest wrote."""
    return list(ET.parse(file).iter("testcase"))


def name(case: ET.Element) -> str:
    return f"{case.get('classname')}::{case.get('name')}"


def skips(file: Path, allowed: list[str]) -> int:
    """Print the reasons of skipped tests; return 1 when one of them is not allowed.

    An expected failure is no skip: it ran, and had to fail (what a store is declared to lack).
    """
    without_leave = []
    counts: dict[str, int] = {}
    for case in cases(file):
        for skipped in case.iter("skipped"):
            if skipped.get("type") == "pytest.xfail":
                continue
            reason = skipped.get("message", "")
            counts[reason] = counts.get(reason, 0) + 1
            if not any(re.search(expression, reason) for expression in allowed):
                without_leave.append(f"{name(case)}: {reason}")
    for reason, count in sorted(counts.items()):
        print(f"skipped {count}: {reason}")
    if not cases(file):
        without_leave.append(f"{file.name} holds no test at all")
    for line in without_leave:
        print(f"SKIPPED WITHOUT LEAVE  {line}")
    return 1 if without_leave else 0


def total(files: list[Path]) -> int:
    """Print how many tests passed, failed and were skipped; return 1 when one failed."""
    found = [case for file in files if file.exists() for case in cases(file)]
    failed = [case for case in found if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in found if case.find("skipped") is not None]
    seconds = sum(float(case.get("time", 0)) for case in found)
    for case in failed:
        print(f"FAILED {name(case)}")
    passed = len(found) - len(failed) - len(skipped)
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped in {seconds:.0f} s")
    return 1 if failed else 0


def main() -> int:
    verb, *rest = sys.argv[1:]
    if verb == "skips":
        return skips(Path(rest[0]), rest[1:])
    return total([Path(file) for file in rest])


if __name__ == "__main__":
    sys.exit(main())
