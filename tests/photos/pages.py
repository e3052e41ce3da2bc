"""Addresses and questions that the tests of photo pages share."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from photos.models import Photo
from tests.photos.conftest import picture

LIST = "/admin/photos/photo/"


def button(photo: Photo, name: str) -> str:
    return reverse(f"admin:photos_photo_{name}", args=[photo.pk])


def change(photo: Photo) -> str:
    return reverse("admin:photos_photo_change", args=[photo.pk])


def image(data: bytes | None = None, name: str = "cat.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture() if data is None else data, "image/jpeg")


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    assert response.status_code == 200
    return len(captured)
