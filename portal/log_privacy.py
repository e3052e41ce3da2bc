"""Keeps the tokens of share links out of the logs: whoever reads a log must not be able to open files."""

import logging
import re
from typing import Any

_TOKEN = re.compile(r"(/s/)[^\s/?\"'#]+")


def without_tokens(text: str) -> str:
    """Return the text with every token of a share link's address left out."""
    return _TOKEN.sub(r"\1…", text)


class ShareTokenFilter(logging.Filter):
    """Rewrites each line before it is formatted: structlog's events, and plain messages of Django's."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, dict):
            record.msg = {name: _clean(value) for name, value in record.msg.items()}
        elif "/s/" in (message := record.getMessage()):
            record.msg, record.args = without_tokens(message), ()
        return True


def _clean(value: Any) -> Any:
    return without_tokens(value) if isinstance(value, str) else value
