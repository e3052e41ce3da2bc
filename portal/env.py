"""Typed readers for environment variables; a bad value stops the start with a sentence.

Imports nothing of the project, so that settings may use it first.
"""

import os
import re
from datetime import time
from pathlib import Path

OFF = "off"


class BadEnvironment(Exception):
    """A variable is missing or holds something that cannot be used."""


class _Missing:
    """Marks 'no default': the variable must be set."""


REQUIRED = _Missing()


def text(name: str, default: str | _Missing = REQUIRED, *, choices: tuple[str, ...] = ()) -> str:
    """Return the variable, stripped. An empty value counts as unset."""
    value = os.environ.get(name, "").strip()
    if not value:
        if isinstance(default, _Missing):
            raise BadEnvironment(f"{name} must be set; see .env.example.")
        return default
    if choices and value not in choices:
        raise BadEnvironment(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")
    return value


def flag(name: str, default: bool) -> bool:
    """Return the variable as a truth value: 1/true/yes/on or 0/false/no/off."""
    value = text(name, "").lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadEnvironment(f"{name} is {value!r}; it must be true or false.")


def number(name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    """Return the variable as a whole number within [least, most]."""
    value = text(name, "")
    if not value:
        return default
    try:
        found = int(value.replace("_", ""))
    except ValueError as error:
        raise BadEnvironment(f"{name} is {value!r}; it must be a whole number.") from error
    if found < least or (most is not None and found > most):
        span = f"at least {least}" if most is None else f"between {least} and {most}"
        raise BadEnvironment(f"{name} is {found}; it must be {span}.")
    return found


def time_of_day(name: str, default: str) -> time | None:
    """Return the variable, "HH:MM", as a time without a zone; None for "off"."""
    value = text(name, default)
    if value.lower() == OFF:
        return None
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise BadEnvironment(f"{name} is {value!r}; it must be a time such as 02:30, or {OFF}.")
    return time.fromisoformat(value)


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return the variable as a list: comma-separated, blanks dropped."""
    value = text(name, "")
    if not value:
        return list(default)
    return [word.strip() for word in value.split(",") if word.strip()]


def names(name: str, *, but: tuple[str, ...] = ()) -> list[str]:
    """Return the variable as a list of names: small letters, digits and hyphens, each once, none of `but`."""
    found = words(name)
    for word in found:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", word) or word in but or found.count(word) > 1:
            raise BadEnvironment(
                f"{name} holds {word!r}; use small letters, digits and hyphens, each name once, "
                f"and not {' or '.join(but)}."
            )
    return found


def secret(name: str, default: str | _Missing = REQUIRED) -> str:
    """Return NAME, or the content of the file named by NAME_FILE (Docker and Kubernetes secrets).

    Setting both is refused: which of them is stale could not be told.
    """
    path = text(f"{name}_FILE", "")
    if not path:
        return text(name, default)
    if text(name, ""):
        raise BadEnvironment(f"Both {name} and {name}_FILE are set; set one.")
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadEnvironment(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error
    if not value:
        raise BadEnvironment(f"{name}_FILE names {path}, which is empty.")
    return value
