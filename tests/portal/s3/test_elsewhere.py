"""What stores other than Amazon's leave undone: here, a condition that is refused without a cause."""

from uuid import uuid4

import pytest

from portal.s3 import objects
from portal.s3.errors import Conflict
from tests.store import answering, refusal

pytestmark = pytest.mark.servers


@pytest.fixture
def key() -> str:
    return f"elsewhere/{uuid4()}.jpg"


def test_refusal_without_a_cause_is_overruled(photo_bucket: str, key: str) -> None:
    first = objects.put(photo_bucket, key, b"first", content_type="image/jpeg")

    with answering("PutObject", refusal(412, "PreconditionFailed"), times=1):
        objects.put(photo_bucket, key, b"newer", content_type="image/jpeg", if_etag=first.etag)

    assert objects.read(photo_bucket, key) == b"newer"


def test_refusal_because_it_is_gone_stays_one(photo_bucket: str, key: str) -> None:
    with answering("PutObject", refusal(412, "PreconditionFailed"), times=1), pytest.raises(Conflict):
        objects.put(photo_bucket, key, b"newer", content_type="image/jpeg", if_etag="0" * 32)
