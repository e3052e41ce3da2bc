"""Pages of keys and versions: nothing lost, nothing twice, one call each."""

from uuid import uuid4

import pytest

from portal.s3 import listing, session
from portal.s3.errors import BucketNotFound
from portal.s3.listing import Mark

pytestmark = pytest.mark.servers


@pytest.fixture
def prefix() -> str:
    return f"{uuid4().hex}/"


def put(bucket: str, key: str, body: bytes = b"x") -> str:
    return session.client().put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]


def test_objects_are_paged_by_token_with_folders_among_them(photo_bucket, prefix) -> None:
    for name in ("a", "b/1", "b/2", "c", "d/1", "e"):
        put(photo_bucket, prefix + name)

    folders, keys, token, calls = [], [], "", 0
    while True:
        page = listing.objects_page(photo_bucket, prefix=prefix, token=token, size=2)
        folders += page.folders
        keys += [one.key for one in page.objects]
        calls += 1
        token = page.next_token
        if not token:
            break

    assert folders == [f"{prefix}b/", f"{prefix}d/"]
    assert keys == [f"{prefix}a", f"{prefix}c", f"{prefix}e"]
    assert calls >= 3


def test_versions_of_one_key_span_pages(photo_bucket, prefix) -> None:
    wanted = [put(photo_bucket, f"{prefix}a", b"%d" % number) for number in range(5)]

    seen, mark = [], None
    while True:
        page = listing.versions_page(photo_bucket, prefix=prefix, mark=mark, size=2)
        seen += [one.version_id for one in page.versions]
        mark = page.next_mark
        if mark is None:
            break

    assert len(seen) == 5
    assert set(seen) == set(wanted)


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("size", [1, 2, 50])
def test_key_versions_are_of_the_key_and_of_no_other(photo_bucket, prefix, size, hidden) -> None:
    key = f"{prefix}a.jpg"
    wanted = {put(photo_bucket, key)}
    for other in (f"{key}.bak", f"{key}/below", f"{key}0"):
        put(photo_bucket, other)
        session.client().delete_object(Bucket=photo_bucket, Key=other)
    if hidden:
        wanted.add(session.client().delete_object(Bucket=photo_bucket, Key=key)["VersionId"])

    seen: set[str] = set()
    mark: Mark | None = None
    while True:
        page = listing.key_versions(photo_bucket, key, mark=mark, size=size)
        seen |= {one.version_id for one in page.versions}
        mark = page.next_mark
        if mark is None:
            break

    assert seen == wanted


def test_newest_entry_comes_first_among_equal_times(photo_bucket, prefix) -> None:
    key = f"{prefix}a"
    put(photo_bucket, key)
    marker = session.client().delete_object(Bucket=photo_bucket, Key=key)["VersionId"]

    newest = listing.key_versions(photo_bucket, key, size=10).versions[0]

    assert (newest.version_id, newest.is_latest, newest.is_delete_marker) == (marker, True, True)


def test_versions_of_one_second_stand_newest_first(photo_bucket, prefix) -> None:
    key = f"{prefix}a"
    made = [put(photo_bucket, key, b"%d" % number) for number in range(4)]
    made.append(session.client().delete_object(Bucket=photo_bucket, Key=key)["VersionId"])
    made.append(put(photo_bucket, key, b"last"))

    page = listing.key_versions(photo_bucket, key, size=10)

    assert [one.version_id for one in page.versions] == made[::-1]


def test_lists_of_a_missing_bucket_say_so(photo_bucket) -> None:
    with pytest.raises(BucketNotFound):
        listing.objects_page(f"no-{uuid4()}", size=1)
    with pytest.raises(BucketNotFound):
        listing.versions_page(f"no-{uuid4()}", size=1)
