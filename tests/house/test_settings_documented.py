"""Each setting that the portal reads is in .env.example and in the README, with its default."""

import ast
import re
from dataclasses import dataclass

import pytest

from tests.house.source import ROOT, modules

READERS = {"text", "flag", "number", "words", "names", "secret", "time_of_day"}
REQUIRED = "required"
# Defaults that are no constants, as the documents say them.
IN_WORDS = {
    "PORTAL_DATA_DIR": ".portal",
    "DATABASE_URL": "sqlite:///.portal/portal.sqlite3",
    "STATIC_ROOT": ".portal/static",
    "AWS_REGION": "",  # that of AWS_DEFAULT_REGION
    "CELERY_BROKER_URL": "",  # that of REDIS_URL
}


@dataclass(frozen=True)
class Setting:
    """One `env.<reader>(name, default)` of the settings; `default` as one would write it in a shell."""

    name: str
    default: str
    is_secret: bool


def read_settings() -> dict[str, Setting]:
    found = {}
    for node in ast.walk(modules()["portal.settings"].tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"env.{name}" for name in READERS}:
            name = name_read(node.args[0])
            reader = ast.unparse(node.func).removeprefix("env.")
            default = IN_WORDS[name] if name in IN_WORDS else written(reader, node.args[1:])
            found[name] = Setting(name, default, is_secret=reader == "secret")
    return found


def name_read(argument: ast.expr) -> str:
    """Return the variable's name; where a part of it is computed, `<NAME>` stands for that part."""
    if isinstance(argument, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "<NAME>" for part in argument.values
        )
    return str(ast.literal_eval(argument))


def written(reader: str, arguments: list[ast.expr]) -> str:
    if not arguments:
        return "" if reader in {"words", "names"} else REQUIRED
    value = eval(compile(ast.Expression(arguments[0]), "<default>", "eval"), {"__builtins__": {}})
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


SETTINGS = read_settings()
ENV_EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
FROM_BOTO = "# --- Read by boto3 itself"


def test_settings_are_found() -> None:
    """The reading itself: a new kind of call would make all of the rest true of nothing."""
    text = modules()["portal.settings"].text

    calls = re.findall(rf"\benv\.(?:{'|'.join(READERS)})\(", text)
    assert len(calls) == len(SETTINGS)
    assert SETTINGS["MAX_UPLOAD_BYTES"].default == "25000000"
    assert SETTINGS["SECRET_KEY"].default == REQUIRED


def examples() -> dict[str, str]:
    """Return the lines NAME=value and #NAME=value of .env.example, before boto3's own."""
    text = ENV_EXAMPLE.partition(FROM_BOTO)[0]
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_<>]*)=(.*)$", text, flags=re.MULTILINE))


def table() -> dict[str, str]:
    """Return the README's rows | `NAME` | default | meaning |; a default in backticks or in words."""
    rows = re.findall(r"^\| `([A-Z][A-Z0-9_<>]*)` \| ([^|]*) \| ([^|]+) \|$", README, flags=re.MULTILINE)
    return {name: default.strip().strip("`").replace(",", "") for name, default, _meaning in rows}


def test_env_example_lists_the_settings_and_no_others() -> None:
    assert set(examples()) == set(SETTINGS)


def test_readme_lists_the_settings_and_no_others() -> None:
    assert set(table()) == set(SETTINGS)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_default_is_told_as_it_is(setting: Setting) -> None:
    shown = "" if setting.default == REQUIRED else setting.default

    assert examples()[setting.name] == shown
    assert table()[setting.name] == setting.default.replace(",", "")


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_example_says_what_the_setting_is(setting: Setting) -> None:
    lines = ENV_EXAMPLE.splitlines()
    at = next(number for number, line in enumerate(lines) if re.match(rf"#?{setting.name}=", line))

    assert re.match(r"# \w", lines[at - 1])
    if setting.is_secret:
        comment = " ".join(line for line in lines[at - 3 : at] if line.startswith("# "))
        assert f"{setting.name}_FILE" in comment


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_only_the_required_setting_is_uncommented(setting: Setting) -> None:
    is_set = re.search(rf"^{setting.name}=", ENV_EXAMPLE, flags=re.MULTILINE) is not None

    assert is_set == (setting.default == REQUIRED)
