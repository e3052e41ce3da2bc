"""Logs hold no token of a share link."""

import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from gunicorn.config import Config

from portal.gunicorn_log import TokenlessLogger
from portal.log_privacy import ShareTokenFilter

TOKEN = "Zx_9-abc"


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("Not Found: %s", (f"/s/{TOKEN}",)),
        (f"GET /s/{TOKEN}?x=1 took long", ()),
        ({"event": "request_finished", "request": f"GET /s/{TOKEN}", "code": 404}, ()),
    ],
)
def test_line_of_the_portal_names_no_token(message, arguments) -> None:
    record = logging.LogRecord("portal", logging.INFO, __file__, 1, message, arguments, None)

    assert ShareTokenFilter().filter(record)

    assert TOKEN not in str(record.msg) + record.getMessage()
    assert "/s/…" in str(record.msg)


def test_other_lines_stay_as_they_are() -> None:
    record = logging.LogRecord("portal", logging.INFO, __file__, 1, "%s of /static/s.css", (3,), None)

    ShareTokenFilter().filter(record)

    assert record.getMessage() == "3 of /static/s.css"


def test_every_handler_leaves_tokens_out() -> None:
    logging_settings: Any = settings.LOGGING

    assert all(handler["filters"] == ["tokens"] for handler in logging_settings["handlers"].values())


def test_line_of_gunicorn_names_no_token() -> None:
    request = SimpleNamespace(headers=[("REFERER", f"https://x/s/{TOKEN}")])
    response = SimpleNamespace(status="302 Found", sent=1, headers=[])
    environ = {
        "REQUEST_METHOD": "GET", "RAW_URI": f"/s/{TOKEN}", "PATH_INFO": f"/s/{TOKEN}", "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_REFERER": f"https://x/s/{TOKEN}", "REMOTE_ADDR": "::1",
    }  # fmt: skip

    atoms = TokenlessLogger(Config()).atoms(response, request, environ, timedelta(seconds=1))

    assert atoms["r"] == "GET /s/… HTTP/1.1"
    assert TOKEN not in str(atoms)


def test_image_starts_gunicorn_with_it() -> None:
    words = (settings.BASE_DIR / "Dockerfile").read_text(encoding="utf-8")

    assert f"{TokenlessLogger.__module__}.{TokenlessLogger.__name__}" in words
