"""What the tests of photos share: people, and photos that really lie in the store."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from photos import processing, tasks, upload
from photos.models import Photo
from portal.models import User
from tests import pictures
from tests.factories import PetFactory, UserFactory

EVERYTHING = [
    "photos.view_photo",
    "photos.add_photo",
    "photos.change_photo",
    "photos.delete_photo",
    "photos.publish_photo",
    "photos.download_original",
    "pets.view_pet",
    "pets.change_pet",
]


@pytest.fixture
def curator(db: None) -> User:
    """Somebody who may do all that is done with photos, and see all but where they were taken."""
    return UserFactory(username="curator", rights=EVERYTHING)


@pytest.fixture
def viewer(db: None) -> User:
    """Somebody who may look."""
    return UserFactory(username="viewer", rights=["photos.view_photo", "pets.view_pet"])


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of photos that were queued, instead of a queue."""
    sent: list[str] = []
    monkeypatch.setattr(tasks.process, "delay", sent.append)
    return sent


def picture(**options: Any) -> bytes:
    """Return a good JPEG whose bytes nobody has seen before."""
    return pictures.jpeg(comment=uuid4().bytes, **options)


@pytest.fixture
def stored(photo_bucket: str, db: None, queued: list[str]) -> Callable[..., Photo]:
    """Upload a file through the portal and return its row, which is `stored`."""

    def make(data: bytes | None = None, *, name: str = "cat.jpg", **options: Any) -> Photo:
        pet = options.pop("pet") if "pet" in options else PetFactory()
        file = ContentFile(picture() if data is None else data, name=name)
        return upload.receive(actor=None, pet=pet, upload=file, file_name=name)

    return make


@pytest.fixture
def ready(stored: Callable[..., Photo]) -> Callable[..., Photo]:
    """Upload a file and process it."""

    def make(data: bytes | None = None, **options: Any) -> Photo:
        photo = stored(data, **options)
        processing.process(str(photo.pk))
        photo.refresh_from_db()
        return photo

    return make


@pytest.fixture
def page(client: Client, curator: User, queued: list[str]) -> Client:
    """A browser with the curator at it."""
    client.force_login(curator)
    return client


@pytest.fixture
def reachable(settings: Any) -> None:
    """A store that browsers reach; nobody answers there, and nobody needs to."""
    settings.S3_CONNECTIONS = {
        "default": {
            "endpoint_url": "http://127.0.0.1:1",
            "browser_endpoint_url": "http://store.test",
            "region": "us-east-1",
        }
    }
