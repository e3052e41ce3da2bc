"""CSV that no spreadsheet runs: how a value becomes a cell, and how lines are sent as they are made."""

import json
from datetime import datetime
from typing import Any

# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def cell(value: Any) -> str:
    """Write one value as text; what would begin a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Some programs cut blanks off before they look.
    return f"'{text}" if text.startswith(FORMULA_BEGINS) or text.lstrip().startswith(FORMULA_BEGINS) else text


class Line:
    """A file that hands on what is written to it: `writerow` of a `csv.writer` then returns the line."""

    def write(self, line: str) -> str:
        return line
