"""Waiting for what was written: not at all where it is there, not for ever where it is not."""

from types import SimpleNamespace
from uuid import uuid4

import pytest

from portal.s3 import objects, session, waiting
from portal.s3.errors import S3Error
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.waiter.time", SimpleNamespace(sleep=lambda _seconds: None))


def test_what_is_there_is_asked_for_once(photo_bucket: str, store_calls: list[str]) -> None:
    key = uuid4().hex
    session.client().put_object(Bucket=photo_bucket, Key=key, Body=b"12")
    store_calls.clear()

    assert waiting.for_written(photo_bucket, key).bytes == 2
    assert store_calls == ["HeadObject"]


def test_what_comes_a_moment_later_is_waited_for(photo_bucket: str) -> None:
    """41: after versioning was first enabled, what was written may not be found at once."""
    key = uuid4().hex
    session.client().put_object(Bucket=photo_bucket, Key=key, Body=b"12")

    with answering("HeadObject", refusal(404, "NoSuchKey"), times=3):
        found = waiting.for_written(photo_bucket, key)

    assert found.etag == objects.head(photo_bucket, key).etag


def test_what_never_comes_is_an_error(photo_bucket: str) -> None:
    with pytest.raises(S3Error, match="Max attempts"):
        waiting.for_written(photo_bucket, "never-written")
