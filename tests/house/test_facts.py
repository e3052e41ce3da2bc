"""Each fact about S3 has a test that names it, or the reason why none can."""

import ast

import pytest

from tests.contract.facts import FACTS, UNTESTED, named_by
from tests.house.source import is_below, python_files

HELD_IN = ("tests.contract", "tests.portal.s3", "tests.storage_admin", "tests.photos", "tests.browser")


def held() -> dict[int, list[str]]:
    """Return for each fact the tests that name it."""
    found: dict[int, list[str]] = {number: [] for number in FACTS}
    for module in python_files():
        if not is_below(module.name, *HELD_IN):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for number in named_by(ast.get_docstring(node) or ""):
                    found[number].append(f"{module}::{node.name}")
    return found


HELD = held()


@pytest.mark.parametrize("number", FACTS)
def test_fact_has_a_test_or_a_reason(number: int) -> None:
    assert HELD[number] or number in UNTESTED, f"No test begins its docstring with {number}: {FACTS[number]}"


def test_reason_is_given_for_what_has_no_test_alone() -> None:
    assert all(reason.endswith(".") for reason in UNTESTED.values())
    assert not {number: HELD[number] for number in UNTESTED if HELD[number]}, "tested by now"


def test_most_facts_are_held_by_the_contract_suite() -> None:
    """The reading itself: should docstrings change their form, nothing would be found."""
    by_contract = [number for number, tests in HELD.items() if any("contract" in test for test in tests)]

    assert len(by_contract) > 70


@pytest.mark.parametrize(
    ("docstring", "facts"),
    [
        ("24", {24}),
        ("1, 5", {1, 5}),
        ("80 to 83", {80, 81, 82, 83}),
        ("30-33, 52: in one run", {30, 31, 32, 33, 52}),
        ("45: what the store itself says.", {45}),
        ("409 is no fact", set()),
        ("1,000 keys", set()),
        ("The 24 hours", set()),
    ],
)
def test_docstring_names_facts_at_its_beginning(docstring: str, facts: set[int]) -> None:
    assert named_by(docstring) == facts


def test_statements_are_short() -> None:
    assert not [number for number, text in FACTS.items() if len(text) > 100 or text.endswith(".")]
