"""Signed addresses, opened as a browser would: by the address alone, at a real store."""

import base64
import hashlib
import time
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from portal.s3 import links, objects, session
from tests import store

pytestmark = pytest.mark.servers

BODY = b"not really a picture"
NASTY_KEYS = ["a b+c%20.jpg", "é/日.jpg", "x&<>\"'.jpg", "a?b=c#d;e,f.jpg", "~tilde!*'()$@:.jpg"]


@pytest.fixture
def stored(photo_bucket: str) -> str:
    """The key of an object, new for each test."""
    key = f"links/{uuid4()}.jpg"
    objects.put(photo_bucket, key, BODY, content_type="image/jpeg", overwrite=True)
    return key


def test_read_url_opens_the_object(photo_bucket: str, stored: str) -> None:
    with urlopen(links.read_url(photo_bucket, stored, seconds=60)) as opened:
        assert opened.read() == BODY
        assert opened.headers["Content-Type"] == "image/jpeg"


def test_read_url_is_signed_with_version_4_and_holds_no_secret(photo_bucket: str, stored: str) -> None:
    url = links.read_url(photo_bucket, stored, seconds=60)

    assert parse_qs(urlsplit(url).query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert str(session.credentials().secret_key) not in url


@pytest.mark.parametrize("key", NASTY_KEYS)
def test_read_url_opens_nasty_keys(photo_bucket: str, key: str) -> None:
    objects.put(photo_bucket, key, key.encode(), content_type="image/jpeg", overwrite=True)

    with urlopen(links.read_url(photo_bucket, key, seconds=60, rounded=True)) as opened:
        assert opened.read() == key.encode()


def test_read_url_of_another_key_is_refused(photo_bucket: str, stored: str) -> None:
    url = links.read_url(photo_bucket, stored, seconds=60)

    assert status_of(url.replace("links/", "other/")) == 403


def test_rounded_url_is_the_same_within_its_window_and_another_after(
    photo_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(moment: float) -> str:
        monkeypatch.setattr("portal.s3.links.time.time", lambda: moment)
        return links.read_url(photo_bucket, "a.jpg", seconds=3600, rounded=True)

    begin = 1_800_000_000 - 1_800_000_000 % 1800

    assert at(begin) == at(begin + 900.5) == at(begin + 1799)
    assert at(begin + 1800) != at(begin)


def test_rounded_url_still_opens_at_the_end_of_its_window(
    photo_bucket: str, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Signed as of the window's start, which may be up to half of `seconds` ago.
    url = links.read_url(photo_bucket, stored, seconds=3600, rounded=True)

    assert status_of(url) == 200
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["3600"]


def test_url_that_is_not_rounded_is_signed_as_of_now(
    photo_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.s3.links.time.time", lambda: 1_800_000_123)

    query = parse_qs(urlsplit(links.read_url(photo_bucket, "a.jpg", seconds=300)).query)

    assert query["X-Amz-Date"] == ["20270115T080203Z"]
    assert query["X-Amz-Expires"] == ["300"]


def test_read_url_expires(photo_bucket: str, stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    an_hour_ago = time.time() - 3600
    monkeypatch.setattr("portal.s3.links.time.time", lambda: an_hour_ago)

    assert status_of(links.read_url(photo_bucket, stored, seconds=300)) == 403


def test_read_url_pins_a_version(photo_bucket: str, stored: str) -> None:
    """96"""
    former = objects.head(photo_bucket, stored)
    objects.put(photo_bucket, stored, b"newer", content_type="image/jpeg", overwrite=True)

    with urlopen(links.read_url(photo_bucket, stored, seconds=60, version_id=former.version_id)) as opened:
        assert opened.read() == BODY


def test_read_url_replaces_type_and_disposition(photo_bucket: str, stored: str) -> None:
    disposition = "attachment; filename*=UTF-8''%C3%A9%20%22x%22.jpg"
    url = links.read_url(photo_bucket, stored, seconds=60, content_type="image/png", disposition=disposition)

    with urlopen(url) as opened:
        assert opened.headers["Content-Type"] == "image/png"
        assert opened.headers["Content-Disposition"] == disposition


def test_read_url_uses_the_address_that_browsers_use(photo_bucket: str, seaweedfs, settings) -> None:
    store.use_store(settings, seaweedfs.endpoint_url, browser_endpoint_url="https://pictures.example.org")

    url = links.read_url(photo_bucket, "a.jpg", seconds=60)

    assert url.startswith(f"https://pictures.example.org/{photo_bucket}/a.jpg?")


# --- Uploads -------------------------------------------------------------------------


class Upload:
    """A signed upload of BODY to a key of its own."""

    def __init__(self, bucket: str, *, digest: bool = True) -> None:
        self.key = f"uploads/{uuid4()}.jpg"
        self.signed = links.upload_url(
            bucket,
            self.key,
            seconds=60,
            size=len(BODY),
            content_type="image/jpeg",
            sha256_base64=base64.b64encode(hashlib.sha256(BODY).digest()).decode() if digest else "",
            metadata={"photo-id": "1", "pet-id": ""},
        )

    def send(self, body: bytes = BODY, **headers: str) -> int:
        changed = {name.replace("_", "-"): text for name, text in headers.items()}
        request = Request(
            self.signed.url, data=body, headers={**self.signed.headers, **changed}, method="PUT"
        )
        return status_of(request)


@pytest.fixture
def upload(photo_bucket: str) -> Upload:
    return Upload(photo_bucket)


def test_upload_url_stores_the_announced_bytes_with_type_and_metadata(
    upload: Upload, photo_bucket: str
) -> None:
    assert upload.send() == 200

    found = objects.head(photo_bucket, upload.key)
    assert found.bytes == len(BODY)
    assert found.content_type == "image/jpeg"
    assert found.metadata["photo-id"] == "1"
    assert found.sha256 == hashlib.sha256(BODY).hexdigest()


def test_upload_url_without_digest_stores_too(photo_bucket: str) -> None:
    assert Upload(photo_bucket, digest=False).send() == 200


def test_upload_url_refuses_another_length(upload: Upload) -> None:
    assert upload.send(BODY + b"!") == 403


def test_upload_url_refuses_another_type(upload: Upload) -> None:
    assert upload.send(Content_Type="text/html") == 403


def test_upload_url_refuses_other_bytes_of_the_same_length(upload: Upload) -> None:
    assert upload.send(BODY[::-1]) == 400


def test_upload_url_refuses_to_go_without_its_condition(upload: Upload) -> None:
    assert upload.send(If_None_Match="x") == 403


def test_upload_url_works_once(upload: Upload) -> None:
    assert upload.send() == 200
    assert upload.send() == 412


def status_of(request: Request | str) -> int:
    try:
        with urlopen(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
