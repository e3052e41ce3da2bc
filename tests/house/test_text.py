"""What no file of the project may hold, and how long a file may be."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.source import ROOT, files, is_below, modules, python_files

MAX_LINES = 320
MAX_TEST_LINES = 600  # a table of cases has one subject, however long it is
# One file, in sections: whoever looks for a setting looks here.
LONGER_BY_DESIGN = {"portal/settings.py": 510}
VAGUE_NAMES = {"utils", "helpers", "common", "manager", "misc"}

# Words that switch a protection off, and where each would be found.
UNSAFE_IN_PYTHON = (
    "mark_safe",
    "csrf_exempt",
    "SafeString(",
    "xframe_options_exempt",
    "shell=True",
    "pickle",
)
UNSAFE_IN_TEMPLATES = {
    "|safe": re.compile(r"\|\s*safe(seq)?\b"),
    "autoescape off": re.compile(r"autoescape\s+off"),
    "inline script": re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", re.IGNORECASE
    ),
    "inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "inline handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "address of another host": re.compile(r"(src|href)\s*=\s*[\"'](https?:)?//", re.IGNORECASE),
}
UNSAFE_IN_SCRIPTS = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "eval(",
    "new Function",
)

LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
NOQA = re.compile(r"#\s*noqa(?P<rest>.*)")
NOQA_WITH_CODE = re.compile(r"^: [A-Z]+\d+(, ?[A-Z]+\d+)*")
IGNORE = re.compile(r"#\s*type:\s*ignore(?P<rest>.*)")
IGNORE_WITH_CODE = re.compile(r"^\[[a-z-]+(, ?[a-z-]+)*\]")
THIS = Path(__file__).resolve()


def lines_of(path: Path) -> list[tuple[int, str]]:
    return list(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))


def at(path: Path, line: int, what: str) -> str:
    return f"{path.relative_to(ROOT)}:{line} {what}"


def test_files_have_one_subject_and_so_stay_short() -> None:
    too_long = []
    for module in python_files():
        count = len(module.text.splitlines())
        most = MAX_TEST_LINES if is_below(module.name, "tests") else MAX_LINES
        if count > LONGER_BY_DESIGN.get(str(module), most):
            too_long.append(f"{module}: {count} lines, at most {LONGER_BY_DESIGN.get(str(module), most)}")

    assert not too_long, "\n".join(too_long)


def test_modules_are_named_for_what_they_hold() -> None:
    vague = [module.name for module in python_files() if VAGUE_NAMES & set(module.name.split("."))]

    # Django itself looks for commands in "management", which is another word.
    assert not vague


@pytest.mark.parametrize("word", UNSAFE_IN_PYTHON)
def test_python_switches_no_protection_off(word: str) -> None:
    found = [
        at(module.path, number, word)
        for module in modules().values()
        for number, line in lines_of(module.path)
        if word in line
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize("what", UNSAFE_IN_TEMPLATES)
def test_templates_leave_escaping_and_the_policy_alone(what: str) -> None:
    found = [
        at(path, number, what)
        for path in files("*.html")
        for number, line in lines_of(path)
        if UNSAFE_IN_TEMPLATES[what].search(line)
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize("word", UNSAFE_IN_SCRIPTS)
def test_scripts_build_no_markup_from_text(word: str) -> None:
    found = [
        at(path, number, word) for path in files("*.js") for number, line in lines_of(path) if word in line
    ]

    assert not found, "\n".join(found)


def test_there_are_templates_and_scripts_to_look_at() -> None:
    assert len(files("*.html")) > 5
    assert len(files("*.js")) > 1


def test_errors_are_not_dropped_in_silence() -> None:
    silent = [
        at(module.path, node.lineno, ast.unparse(node).splitlines()[0])
        for module in python_files()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _does_nothing(node))
    ]

    assert not silent, "\n".join(silent)


def test_nothing_is_left_for_later() -> None:
    found = [
        at(path, number, line.strip())
        for path in [
            *(module.path for module in python_files()),
            *files("*.html"),
            *files("*.js"),
            *files("*.css"),
        ]
        for number, line in lines_of(path)
        if path != THIS and LATER.search(line)
    ]

    assert not found, "\n".join(found)


def test_silenced_checks_name_their_code() -> None:
    unnamed = [
        at(module.path, number, line.strip())
        for module in python_files()
        for number, line in lines_of(module.path)
        if module.path != THIS and not _names_its_code(line)
    ]

    assert not unnamed, "\n".join(unnamed)


def test_the_environment_is_read_by_env_alone() -> None:
    """But for what runs before settings, or starts processes: there the environment itself is the subject."""
    allowed = (
        "portal.env",
        "portal.management.commands.demo",
        "portal.local",
        "portal.s3.probe",
        "portal.s3.session",
        "portal.celery",
        "portal.wsgi",
    )
    found = [
        f"{module}:{node.lineno}"
        for name, module in modules().items()
        if not is_below(name, *allowed)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]

    assert not found, "\n".join(found)


def _does_nothing(handler: ast.ExceptHandler) -> bool:
    return all(
        isinstance(step, ast.Pass) or (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))
        for step in handler.body
    )


def _names_its_code(line: str) -> bool:
    for silencer, named in ((NOQA, NOQA_WITH_CODE), (IGNORE, IGNORE_WITH_CODE)):
        found = silencer.search(line)
        if found and not named.match(found["rest"]):
            return False
    return True
