"""JSON and texts of S3 that a person reads and edits: faults with their place, nothing invisible."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from portal import spelling

ROWS = 18
TEXTAREA = forms.Textarea(
    attrs={"rows": ROWS, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off", "wrap": "off"}
)


def parsed(text: str) -> Any:
    """Return what the text says. ValidationError with line and column for what is no JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise forms.ValidationError(
            _("This is no JSON: line %(line)d, column %(column)d: %(reason)s.")
            % {"line": error.lineno, "column": error.colno, "reason": error.msg}
        ) from error
    except (RecursionError, ValueError) as error:  # nested too deeply, or a number of thousands of digits
        raise forms.ValidationError(_("This JSON cannot be read.")) from error


def pretty(value: Any) -> str:
    """Return the JSON with one thing a line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if can_be_sent(text) else json.dumps(value, indent=2)


def quoted(text: str) -> str:
    """Write a text so that different texts look different, and nothing in it is invisible."""
    return spelling.plain(json.dumps(text, ensure_ascii=False))


def can_be_sent(text: str) -> bool:
    """Whether XML can hold the text: no control characters but line ends and tabs, no halves of pairs."""
    return all(character >= " " or character in "\n\r\t" for character in text) and not any(
        "\ud800" <= character <= "\udfff" for character in text
    )
