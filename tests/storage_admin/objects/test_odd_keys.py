"""Keys that SeaweedFS refuses or stores otherwise, on moto, which keeps them as S3 does.

moto itself writes version listings without URL encoding, so control characters are not among
them: `test_browser` has S3's own answer for those.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from moto import mock_aws

from portal.s3 import listing, session
from portal.s3.attributes import read
from portal.s3.errors import ObjectNotFound
from storage_admin.models import Bucket
from tests.factories import BucketFactory
from tests.storage_admin.conftest import address
from tests.storage_admin.objects.test_browser import named
from tests.storage_admin.objects.test_forms import filled
from tests.store import leave_store, use_store

pytestmark = pytest.mark.django_db

ODD = ["x//y", "//leading", "a//", "a/", "../x", "q/../z", "./z", "/.hidden", "é/日", "<script>//x"]
MOST_FOLDERS = 4


@pytest.fixture(scope="module")
def amazon() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def bucket(amazon: None, settings: Any) -> Iterator[Bucket]:
    """A versioned bucket of moto's."""
    use_store(settings, "")
    name = f"odd-{uuid4().hex}"
    session.client().create_bucket(Bucket=name)
    session.client().put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    row: Bucket = BucketFactory(name=name)
    yield row
    leave_store()


def put(bucket: Bucket, key: str, body: bytes) -> str:
    return session.client().put_object(Bucket=bucket.name, Key=key, Body=body)["VersionId"]


@pytest.mark.parametrize("key", ODD)
def test_odd_key_is_found_by_walking_down_the_folders(page, bucket, key) -> None:
    put(bucket, key, b"bytes")

    prefix = ""
    for _ in range(MOST_FOLDERS):
        response = page.get(address("browse", bucket, prefix=prefix))
        if key in named(response.text):
            break
        [folder] = [row.url for row in response.context["listed"].rows if row.is_folder]
        prefix = parse_qs(urlsplit(folder).query)["prefix"][0]

    assert named(response.text) == {key}


@pytest.mark.parametrize("key", ODD)
def test_odd_key_is_hidden_brought_back_and_restored(page, bucket, key) -> None:
    old, new = put(bucket, key, b"first"), put(bucket, key, b"second")
    assert len(page.get(address("object", bucket, key=key)).context["timeline"]) == 2

    page.post(address("hide", bucket, key=key, version=new))
    marker = listing.key_versions(bucket.name, key, size=1).versions[0]
    assert marker.is_delete_marker
    with pytest.raises(ObjectNotFound):
        read(bucket.name, key)
    assert named(page.get(address("browse", bucket, mode="deleted")).text) == {key}

    page.post(address("undelete", bucket, key=key, version=marker.version_id))
    assert read(bucket.name, key).version_id == new

    page.post(address("restore", bucket, key=key, version=old, newest=new))
    assert session.client().get_object(Bucket=bucket.name, Key=key)["Body"].read() == b"first"


@pytest.mark.parametrize("key", ODD)
def test_odd_key_is_written_over_and_its_versions_destroyed(page, bucket, key) -> None:
    old = put(bucket, key, b"first")
    where = address("upload", bucket, key=key)

    page.post(where, {**filled(page.get(where)), "file": SimpleUploadedFile("x", b"second")})
    new = read(bucket.name, key).version_id
    for version in (old, new):
        form = address("destroy", bucket, key=key, version=version)
        shown = page.get(form)
        page.post(form, filled(shown, typed=shown.context["form"].fields["typed"].word))

    assert old != new
    assert listing.key_versions(bucket.name, key, size=9).versions == []


@pytest.mark.parametrize("key", ["../x", "q/../z", "./z"])
def test_key_that_browsers_change_passes_through_the_portal_and_has_no_link(page, bucket, key) -> None:
    put(bucket, key, b"bytes")

    shown = page.get(address("object", bucket, key=key))
    downloaded = page.get(address("download", bucket, key=key))
    shared = page.post(address("link", bucket, key=key), {"hours": "1"}, follow=True)

    assert "Make the link" not in shown.text
    assert b"".join(downloaded.streaming_content) == b"bytes"
    assert "Browsers cannot open this key" in shared.text
