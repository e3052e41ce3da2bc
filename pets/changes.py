"""What every service here does: check the rules before a change, note the difference for the audit."""

from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from pets.errors import InvalidError

HIDDEN = "•••"


def clean(row: models.Model) -> None:
    """Check every rule of a row; `InvalidError` has the sentences."""
    try:
        row.full_clean()
    except ValidationError as error:
        raise InvalidError(error) from error


def difference(
    stored: models.Model | None, row: models.Model, names: Iterable[str], *, hidden: Collection[str] = ()
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the old and the new values of those named fields that differ, as JSON for the audit.

    `stored` is None for a new row: then there are no old values, and only what is filled counts.
    Values of `hidden` fields are masked: the audit has other readers than the data.
    """
    after = {name: _plain(row, name) for name in names}
    if stored is None:
        filled = {name: value for name, value in after.items() if value not in {"", None}}
        return None, _masked(filled, hidden)
    before = {name: _plain(stored, name) for name in after}
    changed = [name for name in after if before[name] != after[name]]
    return (
        _masked({name: before[name] for name in changed}, hidden),
        _masked({name: after[name] for name in changed}, hidden),
    )


def _masked(values: dict[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    return {name: HIDDEN if name in hidden and value else value for name, value in values.items()}


def _plain(row: models.Model, name: str) -> Any:
    value = row.serializable_value(name)
    return value if value is None or isinstance(value, bool | int) else str(value)
