"""Django's storage: keys as they are, nothing overwritten, nothing public, no key shown."""

import hashlib
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages

from portal.s3 import objects, session
from portal.s3.errors import Conflict
from portal.s3.storage import PhotoStorage

pytestmark = pytest.mark.servers


@pytest.fixture
def storage(photo_bucket: str) -> PhotoStorage:
    return PhotoStorage()


@pytest.fixture
def name() -> str:
    return f"storage/{uuid4()}/é a+b.jpg"


def test_default_storage_is_the_photo_storage(photo_bucket: str) -> None:
    assert isinstance(storages["default"], PhotoStorage)
    assert default_storage.bucket_name == photo_bucket  # type: ignore[attr-defined]  # it is a PhotoStorage


def test_save_stores_under_exactly_the_name(storage: PhotoStorage, photo_bucket: str, name: str) -> None:
    assert storage.save(name, ContentFile(b"one")) == name
    assert objects.read(photo_bucket, name) == b"one"


def test_save_never_overwrites(storage: PhotoStorage, photo_bucket: str, name: str) -> None:
    storage.save(name, ContentFile(b"one"))

    with pytest.raises(Conflict):
        storage.save(name, ContentFile(b"two"))

    assert objects.read(photo_bucket, name) == b"one"


def test_save_passes_type_digest_and_metadata_on(storage: PhotoStorage, photo_bucket: str, name: str) -> None:
    content = ContentFile(b"one")
    content.content_type = "image/webp"  # type: ignore[attr-defined]  # read by the storage
    content.sha256 = hashlib.sha256(b"one").hexdigest()  # type: ignore[attr-defined]
    content.metadata = {"photo-id": "3"}  # type: ignore[attr-defined]

    storage.save(name, content)

    found = objects.head(photo_bucket, name)
    assert found.content_type == "image/webp"
    assert found.sha256 == hashlib.sha256(b"one").hexdigest()
    assert found.metadata == {"photo-id": "3"}


def test_save_sends_no_acl(storage: PhotoStorage, name: str) -> None:
    sent = {}

    def note(**event):
        sent.update(event.get("params", {}).get("headers", {}))

    events = session.client(timeouts=session.Timeouts.WORKER).meta.events
    events.register("before-call.s3.PutObject", note)
    try:
        storage.save(name, ContentFile(b"one"))
    finally:
        events.unregister("before-call.s3.PutObject", note)

    assert sent
    assert "x-amz-acl" not in {header.lower() for header in sent}


def test_save_refuses_to_leave_the_bucket_by_its_name(storage: PhotoStorage) -> None:
    with pytest.raises(Exception, match="traversal"):
        storage.save("../elsewhere.jpg", ContentFile(b"one"))


def test_name_that_is_too_long_is_refused_not_cut(storage: PhotoStorage) -> None:
    with pytest.raises(ValueError, match="12 characters; 10 fit"):
        storage.get_available_name("a" * 12, max_length=10)


def test_open_exists_and_size_use_the_portals_connection(storage: PhotoStorage, name: str) -> None:
    storage.save(name, ContentFile(b"one"))

    with storage.open(name) as opened:
        assert opened.read() == b"one"
    assert storage.exists(name)
    assert not storage.exists(f"{name}.bak")
    assert storage.size(name) == 3


def test_url_is_signed_with_version_4_for_a_limited_time(storage: PhotoStorage, name: str, settings) -> None:
    query = parse_qs(urlsplit(storage.url(name, parameters={"VersionId": "v1"}, expire=60)).query)

    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["60"]
    assert query["versionId"] == ["v1"]


def test_url_signs_reads_only(storage: PhotoStorage, name: str) -> None:
    with pytest.raises(ValueError, match="reads only"):
        storage.url(name, http_method="PUT")


def test_nothing_shows_a_key(storage: PhotoStorage, seaweedfs) -> None:
    shown = f"{storage!r} {storage.deconstruct()} {vars(storage)}"

    assert seaweedfs.access_key not in shown
    assert seaweedfs.secret_key not in shown
