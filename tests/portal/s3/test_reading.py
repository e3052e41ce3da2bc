"""An open object's bytes: whoever goes away early, or never begins, leaves no connection open."""

import io

import pytest
from botocore.response import StreamingBody
from django.http import FileResponse

from portal.s3.reading import Pieces

pytestmark = pytest.mark.django_db  # at the end of an answer Django lets go of its connections

BYTES = b"0123456789"


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
