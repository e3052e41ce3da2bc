"""Pictures and originals: signed links, or passed on by the portal."""

import hashlib
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from django.urls import reverse

from portal.audit import AuditEvent
from portal.s3 import objects
from tests.factories import PhotoFactory
from tests.photos.pages import LIST, button

pytestmark = pytest.mark.django_db


@pytest.mark.servers
def test_original_is_downloaded_by_a_short_link_under_its_own_name(page, ready, curator) -> None:
    photo = ready(name='Süße "Mau"日.HEIF.jpg')

    response = page.get(button(photo, "original"))

    query = parse_qs(urlsplit(response["Location"]).query)
    assert response.status_code == 302
    assert int(query["X-Amz-Expires"][0]) <= 300
    assert query["versionId"] == [photo.version_id]
    with urlopen(response["Location"]) as opened:
        assert hashlib.sha256(opened.read()).hexdigest() == photo.sha256
        assert opened.headers["Content-Type"] == "image/jpeg"
        assert opened.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''S%C3%BC%C3%9Fe")
    event = AuditEvent.objects.get(action="photo.downloaded")
    assert (event.actor, event.version_id) == (curator, photo.version_id)


@pytest.mark.servers
def test_original_passes_through_the_portal_where_browsers_cannot_reach_the_store(
    page, ready, private_store
) -> None:
    photo = ready(name="日.jpg")

    response = page.get(button(photo, "original"))

    assert response.status_code == 200
    assert hashlib.sha256(b"".join(response.streaming_content)).hexdigest() == photo.sha256
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.servers
def test_picture_passes_through_the_portal_and_is_kept_by_browsers(page, ready, private_store) -> None:
    photo = ready()
    tile = photo.renditions.get(name="tile")
    assert f"/picture/tile/?digest={tile.digest}" in page.get(LIST).text

    response = page.get(
        f"{reverse('admin:photos_photo_picture', args=[photo.pk, 'tile'])}?digest={tile.digest}"
    )

    assert b"".join(response.streaming_content) == objects.read(photo.bucket, tile.key)
    assert response["Content-Type"] == "image/webp"
    assert "immutable" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]
    assert "no-store" not in response["Cache-Control"]


@pytest.mark.servers
def test_picture_asked_for_by_an_old_digest_is_not_kept(page, ready, private_store) -> None:
    photo = ready()

    response = page.get(f"{reverse('admin:photos_photo_picture', args=[photo.pk, 'tile'])}?digest=old")

    assert "no-store" in response["Cache-Control"]
    response.close()


def test_picture_and_original_while_the_store_is_away_are_no_crash(page, no_store, settings) -> None:
    settings.S3_CONNECTIONS = {"default": {**settings.S3_CONNECTIONS["default"], "browser_endpoint_url": ""}}
    photo = PhotoFactory(renditions=True)

    assert page.get(reverse("admin:photos_photo_picture", args=[photo.pk, "tile"])).status_code == 503
    assert page.get(button(photo, "original")).status_code == 503


@pytest.mark.servers
def test_rendition_that_is_gone_from_the_store_is_not_found(page, ready, private_store) -> None:
    photo = ready()
    photo.renditions.update(key=f"renditions/{photo.pk}/gone.webp")

    response = page.get(reverse("admin:photos_photo_picture", args=[photo.pk, "tile"]))

    assert response.status_code == 404


def test_original_that_never_arrived_is_not_found(page) -> None:
    assert page.get(button(PhotoFactory(pending=True), "original")).status_code == 404
