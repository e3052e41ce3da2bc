"""The verbs on objects, against a real store."""

import hashlib
import io
from uuid import uuid4

import pytest
from botocore.exceptions import EndpointConnectionError

from portal.s3 import objects, session
from portal.s3.errors import (
    BadContent,
    BucketNotFound,
    Conflict,
    ObjectNotFound,
    StorageUnavailable,
    VersionNotFound,
)
from portal.s3.types import ObjectInfo
from tests.store import answering, refusal

pytestmark = pytest.mark.servers

BODY = bytes(range(256)) * 8


@pytest.fixture
def key() -> str:
    return f"objects/{uuid4()}.jpg"


def put(bucket: str, key: str, body: bytes = BODY, **options) -> ObjectInfo:
    return objects.put(bucket, key, body, content_type="image/jpeg", **options)


def test_head_tells_what_was_put(photo_bucket: str, key: str) -> None:
    stored = put(photo_bucket, key, sha256=digest(BODY), metadata={"photo-id": "7"})

    found = objects.head(photo_bucket, key)

    assert (found.key, found.bytes, found.content_type) == (key, len(BODY), "image/jpeg")
    assert (found.etag, found.version_id) == (stored.etag, stored.version_id)
    assert '"' not in found.etag
    assert found.sha256 == digest(BODY)
    assert found.metadata == {"photo-id": "7"}


def test_head_of_what_is_not_there_says_so(photo_bucket: str, key: str) -> None:
    with pytest.raises(ObjectNotFound):
        objects.head(photo_bucket, key)


def test_read_of_a_version_that_is_not_there_says_so(photo_bucket: str, key: str) -> None:
    gone = put(photo_bucket, key).version_id
    put(photo_bucket, key, overwrite=True)
    objects.delete_versions(photo_bucket, [(key, gone)])

    with pytest.raises((VersionNotFound, ObjectNotFound)):
        objects.read(photo_bucket, key, version_id=gone)


def test_read_of_a_missing_bucket_says_so(photo_bucket: str) -> None:
    with pytest.raises(BucketNotFound):
        objects.read(f"no-{uuid4()}", "a.jpg")


def test_read_returns_the_named_version(photo_bucket: str, key: str) -> None:
    former = put(photo_bucket, key)
    put(photo_bucket, key, b"newer", overwrite=True)

    assert objects.read(photo_bucket, key, version_id=former.version_id) == BODY
    assert objects.read(photo_bucket, key) == b"newer"


def test_first_bytes_reads_no_further(photo_bucket: str, key: str) -> None:
    put(photo_bucket, key)

    assert objects.first_bytes(photo_bucket, key, 64) == BODY[:64]
    assert objects.first_bytes(photo_bucket, key, 10_000) == BODY


def test_stream_gives_the_bytes_in_pieces(photo_bucket: str, key: str) -> None:
    put(photo_bucket, key)

    pieces = list(objects.stream(photo_bucket, key, chunk_bytes=500))

    assert b"".join(pieces) == BODY
    assert len(pieces) == 5


def test_stream_fails_when_it_is_opened_not_when_it_is_read(photo_bucket: str, key: str) -> None:
    with pytest.raises(ObjectNotFound):
        objects.stream(photo_bucket, key)


def test_put_refuses_a_key_that_exists(photo_bucket: str, key: str) -> None:
    put(photo_bucket, key)

    with pytest.raises(Conflict):
        put(photo_bucket, key, b"other")

    assert objects.read(photo_bucket, key) == BODY


def test_put_replaces_exactly_the_named_bytes(photo_bucket: str, key: str) -> None:
    former = put(photo_bucket, key)

    newer = put(photo_bucket, key, b"newer", if_etag=former.etag)

    assert objects.head(photo_bucket, key).version_id == newer.version_id != former.version_id


def test_put_refuses_to_replace_what_changed_meanwhile(photo_bucket: str, key: str) -> None:
    former = put(photo_bucket, key)
    put(photo_bucket, key, b"newer", if_etag=former.etag)

    with pytest.raises(Conflict):
        put(photo_bucket, key, b"newest", if_etag=former.etag)


def test_put_of_other_bytes_than_announced_stores_nothing(photo_bucket: str, key: str) -> None:
    with pytest.raises(BadContent):
        put(photo_bucket, key, sha256=digest(b"others"))

    with pytest.raises(ObjectNotFound):
        objects.head(photo_bucket, key)


def test_put_once_takes_its_own_earlier_attempt_for_success(photo_bucket: str, key: str) -> None:
    put(photo_bucket, key, sha256=digest(BODY))

    objects.put_once(photo_bucket, key, io.BytesIO(BODY), content_type="image/jpeg", sha256=digest(BODY))

    assert len(list(objects.versions(photo_bucket, key))) == 1


def test_put_once_refuses_a_stranger_under_its_key(photo_bucket: str, key: str) -> None:
    put(photo_bucket, key, b"a stranger", sha256=digest(b"a stranger"))

    with pytest.raises(Conflict):
        objects.put_once(photo_bucket, key, io.BytesIO(BODY), content_type="image/jpeg", sha256=digest(BODY))


def test_put_survives_an_answer_that_got_lost(photo_bucket: str, key: str) -> None:
    lost = EndpointConnectionError(endpoint_url="http://store.test")

    def lose():
        raise lost

    with answering("PutObject", lose, times=1):
        objects.put_once(photo_bucket, key, io.BytesIO(BODY), content_type="image/jpeg", sha256=digest(BODY))

    assert objects.read(photo_bucket, key) == BODY


def test_store_that_is_overloaded_is_unavailable(photo_bucket: str, key: str) -> None:
    with answering("HeadObject", refusal(503, "SlowDown")), pytest.raises(StorageUnavailable):
        objects.head(photo_bucket, key)


def test_store_that_is_away_is_unavailable(no_store: str) -> None:
    with pytest.raises(StorageUnavailable):
        objects.head("bucket", "key")


def test_versions_lists_all_pages_of_all_keys_below_a_prefix(
    photo_bucket: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = put(photo_bucket, key)
    second = put(photo_bucket, key, b"2", overwrite=True)
    put(photo_bucket, f"{key}.bak", b"other")
    by_two = session.client().get_paginator("list_object_versions")
    paginate = by_two.paginate
    monkeypatch.setattr(
        by_two, "paginate", lambda **given: paginate(**given, PaginationConfig={"PageSize": 1})
    )
    monkeypatch.setattr(session.client(), "get_paginator", lambda _name: by_two)

    found = list(objects.versions(photo_bucket, key))

    assert {(one.key, one.is_latest) for one in found} == {(key, True), (key, False), (f"{key}.bak", True)}
    assert {one.version_id for one in found if one.key == key} == {first.version_id, second.version_id}


def test_versions_tells_delete_markers(photo_bucket: str, key: str) -> None:
    put(photo_bucket, key)
    session.client().delete_object(Bucket=photo_bucket, Key=key)

    marker, version = sorted(objects.versions(photo_bucket, key), key=lambda one: not one.is_delete_marker)

    assert marker.is_delete_marker
    assert marker.is_latest
    assert marker.bytes == 0
    assert (version.bytes, version.is_latest) == (len(BODY), False)


def test_delete_versions_takes_only_what_is_named(photo_bucket: str, key: str) -> None:
    first = put(photo_bucket, key)
    second = put(photo_bucket, key, b"2", overwrite=True)

    outcomes = objects.delete_versions(photo_bucket, [(key, first.version_id)])

    assert [(one.key, one.version_id, one.code) for one in outcomes] == [(key, first.version_id, "")]
    assert [one.version_id for one in objects.versions(photo_bucket, key)] == [second.version_id]


def test_delete_versions_of_nothing_asks_nothing(photo_bucket: str, store_calls: list[str]) -> None:
    assert objects.delete_versions(photo_bucket, []) == []
    assert store_calls == []


def test_delete_versions_goes_in_batches(
    photo_bucket: str, key: str, store_calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "DELETE_BATCH", 2)
    made = [put(photo_bucket, key, bytes([n]), overwrite=True).version_id for n in range(3)]
    store_calls.clear()

    outcomes = objects.delete_versions(photo_bucket, [(key, version) for version in made])

    assert {one.version_id for one in outcomes} == set(made)
    assert store_calls == ["DeleteObjects", "DeleteObjects"]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_delete_has_one_outcome_for_each_version_whatever_the_store_says(no_store) -> None:
    targets = [("a", "1"), ("a", "2"), ("b", "1"), ("c", "null"), ("d", "1"), ("d", "2"), ("e", "1")]
    said = (
        "<Deleted><Key>a</Key><VersionId>1</VersionId></Deleted>"
        "<Deleted><Key>c</Key></Deleted>"  # without its version
        "<Deleted><Key>d</Key></Deleted>"  # one of two, and nobody knows which
        "<Deleted><Key>stranger</Key><VersionId>1</VersionId></Deleted>"
        "<Error><Key>a</Key><Code>AccessDenied</Code><Message>locked</Message></Error>"
        "<Error><Key>b</Key><VersionId>1</VersionId><Code>AccessDenied</Code></Error>"
    )

    with answering("DeleteObjects", refusal(200, "", body=f"<DeleteResult>{said}</DeleteResult>")):
        outcomes = objects.delete_versions("any", targets)

    assert {(one.key, one.version_id): one.code for one in outcomes} == {
        ("a", "1"): "",
        ("a", "2"): "AccessDenied",
        ("b", "1"): "AccessDenied",
        ("c", "null"): "",
        ("d", "1"): "NoAnswer",
        ("d", "2"): "NoAnswer",
        ("e", "1"): "NoAnswer",
    }
    assert len(outcomes) == len(targets)
