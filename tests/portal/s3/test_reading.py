"""An open object's bytes: whoever goes away early, or never begins, leaves no connection open."""

import io
from collections.abc import Iterator

import pytest
from botocore.response import StreamingBody
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import FileResponse

from portal.s3.reading import Pieces

BYTES = b"0123456789"


@pytest.fixture(autouse=True)
def databases_left_alone() -> Iterator[None]:
    """The end of an answer closes them, and they are the test's; Django's test client does the same."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


@pytest.fixture
def raw() -> io.BytesIO:
    return io.BytesIO(BYTES)


@pytest.fixture
def pieces(raw: io.BytesIO) -> Pieces:
    return Pieces(StreamingBody(raw, len(BYTES)), chunk_bytes=4)


def test_pieces_are_all_the_bytes(pieces: Pieces, raw: io.BytesIO) -> None:
    assert list(pieces) == [b"0123", b"4567", b"89"]
    assert raw.closed


def test_browser_that_goes_away_before_the_first_byte_leaves_nothing_open(
    pieces: Pieces, raw: io.BytesIO
) -> None:
    FileResponse(pieces).close()

    assert raw.closed


def test_browser_that_goes_away_halfway_leaves_nothing_open(pieces: Pieces, raw: io.BytesIO) -> None:
    response = FileResponse(pieces)

    assert next(iter(response)) == b"0123"
    response.close()

    assert raw.closed
