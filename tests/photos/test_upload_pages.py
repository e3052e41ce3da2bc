"""Uploads by page: without a script, and as the script asks for them."""

import base64
import hashlib
import json
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.test import Client
from django.urls import reverse

from photos import processing
from photos.models import Photo
from portal.s3 import objects
from tests import pictures
from tests.factories import PetFactory, PhotoFactory
from tests.photos.conftest import picture
from tests.photos.pages import LIST, change, image, queries_of

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}


# --- Upload without script -----------------------------------------------------------------


@pytest.mark.servers
def test_one_bad_file_stops_no_other(page, photo_bucket) -> None:
    pet = PetFactory()
    files = [
        image(name="one.jpg"),
        image(b"no picture", "bad.jpg"),
        image(pictures.alpha_png(), "two.png"),
        image(b"", "empty.jpg"),
        image(name="<b>evil</b>.txt"),
    ]

    content = page.post(reverse("admin:photos_photo_upload"), {"pet": pet.pk, "files": files}).text

    assert set(pet.photos.values_list("file_name", "status")) == {
        ("one.jpg", "stored"),
        ("two.png", "stored"),
    }
    assert "bad.jpg is a text file by its content" in content
    assert "empty.jpg is empty (0 bytes)" in content
    assert "ends in “txt”" in content
    assert "<b>evil" not in content


@pytest.mark.servers
def test_duplicate_is_answered_with_a_link_to_the_other(page, ready) -> None:
    there = ready()
    data = objects.read(there.bucket, there.key)

    content = page.post(
        reverse("admin:photos_photo_upload"), {"pet": there.pet_id, "files": [image(data)]}
    ).text

    assert "This very picture is there already" in content
    assert f'href="{change(there)}"' in content


@pytest.mark.servers
def test_script_gets_the_same_answers_as_json(page, photo_bucket) -> None:
    address = reverse("admin:photos_photo_upload")

    (good,) = page.post(address, {"files": [image()]}, headers=JSON).json()["answers"]
    (bad,) = page.post(address, {"files": [image(b"no")]}, headers=JSON).json()["answers"]

    assert (good["status"], good["settled"], good["name"]) == ("stored", False, "cat.jpg")
    assert (bad["code"], bad["retry"]) == ("content", False)
    assert page.post(address, {}, headers=JSON).json()["answers"] == [{"error": "Choose at least one photo."}]


def test_upload_while_the_store_is_away_offers_a_retry_for_each_file(page, no_store) -> None:
    address = reverse("admin:photos_photo_upload")

    answers = page.post(address, {"files": [image(), image()]}, headers=JSON).json()["answers"]

    assert [(answer["retry"], "does not answer" in answer["error"]) for answer in answers] == [
        (True, True)
    ] * 2
    assert set(Photo.objects.values_list("status", flat=True)) == {"pending"}
    assert page.get(LIST).status_code == 200


def test_too_many_files_at_once_are_refused_with_both_numbers(page, settings) -> None:
    settings.MAX_UPLOAD_FILES = 2

    content = page.post(reverse("admin:photos_photo_upload"), {"files": [image() for _n in range(3)]}).text

    assert "3 files at once are too many; at most 2 are taken." in content
    assert not Photo.objects.exists()


# --- Upload with script: sign, PUT, complete, status ------------------------------------------


def ask(client: Client, name: str, body: Any) -> Any:
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post(
        reverse(f"admin:photos_photo_{name}"), data, content_type="application/json", headers=JSON
    )


def announcement(data: bytes, **changes: Any) -> dict[str, Any]:
    asked = {
        "name": "cat.jpg",
        "size": len(data),
        "head": base64.b64encode(data[:64]).decode(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "pet": "",
    }
    return {name: value for name, value in {**asked, **changes}.items() if value is not None}


@pytest.mark.servers
def test_signed_upload_goes_all_the_way(
    page, photo_bucket, queued, django_capture_on_commit_callbacks
) -> None:
    data = picture()
    pet = PetFactory()
    signed = ask(page, "sign", announcement(data, pet=str(pet.pk))).json()
    with urlopen(Request(signed["url"], data=data, headers=signed["headers"], method="PUT")) as put:
        etag = put.headers["ETag"]

    with django_capture_on_commit_callbacks(execute=True):
        done = ask(page, "complete", {"photo": signed["photo"], "etag": etag}).json()

    assert (done["status"], done["settled"]) == ("stored", False)
    assert queued == [signed["photo"]]
    processing.process(signed["photo"])
    (shown,) = page.get(f"{reverse('admin:photos_photo_status')}?ids={signed['photo']}").json()["photos"]
    assert (shown["status"], shown["settled"]) == ("ready", True)
    with urlopen(shown["tile"]) as tile:
        assert tile.headers["Content-Type"] == "image/webp"


def test_sign_gives_no_address_where_browsers_cannot_reach_the_store(page, settings) -> None:
    settings.S3_CONNECTIONS = {"default": {"endpoint_url": "http://127.0.0.1:1"}}

    assert ask(page, "sign", announcement(picture())).json() == {"url": ""}
    assert not Photo.objects.exists()


def test_sign_refuses_in_the_words_of_the_form(page, reachable) -> None:
    response = ask(page, "sign", announcement(b"%PDF-1.7"))

    assert response.status_code == 422
    assert response.json()["error"].startswith("cat.jpg is a PDF document by its content")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        "[]",
        "null",
        '"text"',
        "{}",
        announcement(b"x", head="not base64!"),
        announcement(b"x", head=None),
        announcement(b"x", head=5),
        announcement(b"x", size="many"),
        announcement(b"x", size=None),
        announcement(b"x", size=float("inf")),
        announcement(b"x", pet="no uuid"),
        announcement(b"x", pet=5),
        announcement(b"x", pet=["x"]),
    ],
)
def test_announcement_that_makes_no_sense_is_a_bad_request(page, reachable, body: Any) -> None:
    response = ask(page, "sign", body)

    assert response.status_code == 400
    assert response.json()["error"]
    assert not Photo.objects.exists()


@pytest.mark.parametrize("body", [b"", "[]", "null", "{}", {"photo": "x"}, {"photo": 5}, {"photo": None}])
def test_completion_that_makes_no_sense_is_a_bad_request(page, body: Any) -> None:
    response = ask(page, "complete", body)

    assert response.status_code == 400
    assert response.json()["error"]


def test_unknown_pet_and_unknown_photo_are_not_found(page, reachable) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"

    assert ask(page, "sign", announcement(picture(), pet=nobody)).status_code == 404
    assert ask(page, "complete", {"photo": nobody}).status_code == 404


@pytest.mark.servers
def test_completion_before_arrival_offers_a_retry(page, photo_bucket) -> None:
    signed = ask(page, "sign", announcement(picture())).json()

    response = ask(page, "complete", {"photo": signed["photo"]})

    assert response.status_code == 422
    assert response.json()["retry"]


def test_completion_while_the_store_is_away_offers_a_retry(page, no_store) -> None:
    photo = PhotoFactory(pending=True)

    response = ask(page, "complete", {"photo": str(photo.pk)})

    assert response.status_code == 503
    assert response.json()["retry"]


@pytest.mark.parametrize("ids", ["x", "1,2", "'"])
def test_status_of_nonsense_is_a_bad_request(page, ids: str) -> None:
    assert page.get(reverse("admin:photos_photo_status"), {"ids": ids}).status_code == 400


def test_status_of_many_is_answered_from_rows_alone(page, reachable, store_calls) -> None:
    photos = [PhotoFactory(renditions=True) for _number in range(5)]
    address = f"{reverse('admin:photos_photo_status')}?ids={','.join(str(photo.pk) for photo in photos)}"

    assert queries_of(page, address) <= 6
    assert store_calls == []
