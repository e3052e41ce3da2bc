"""The pages of photos: rows only in lists, one door for each button, calm words when the store is away."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from photos import processing
from photos.choices import PhotoStatus
from photos.models import Photo
from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import objects
from tests import pictures
from tests.factories import PetFactory, PhotoFactory, UserFactory
from tests.photos.conftest import EVERYTHING, picture

pytestmark = pytest.mark.django_db

LIST = "/admin/photos/photo/"
NASTY = "<script>alert(1)</script>\"'.jpg"
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def queue(queued: list[str]) -> list[str]:
    return queued


@pytest.fixture
def page(client: Client, curator: User) -> Client:
    client.force_login(curator)
    return client


@pytest.fixture
def reachable(settings) -> None:
    """A store that browsers reach; nobody answers there, and nobody needs to."""
    settings.S3_CONNECTIONS = {
        "default": {
            "endpoint_url": "http://127.0.0.1:1",
            "browser_endpoint_url": "http://store.test",
            "region": "us-east-1",
        }
    }


def button(photo: Photo, name: str) -> str:
    return reverse(f"admin:photos_photo_{name}", args=[photo.pk])


def change(photo: Photo) -> str:
    return reverse("admin:photos_photo_change", args=[photo.pk])


def image(data: bytes | None = None, name: str = "cat.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture() if data is None else data, "image/jpeg")


# --- Lists: no call to the store, no query for each photo ------------------------------


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    assert response.status_code == 200
    return len(captured)


@pytest.fixture
def pages_of_pet() -> Callable[[int], str]:
    """Make a pet with that many photos in every state; return the address of its page."""

    def make(count: int) -> str:
        pet = PetFactory()
        for number in range(count):
            PhotoFactory(pet=pet, renditions=number % 3 != 0, failed=number % 5 == 4)
            PhotoFactory().also_shows.add(pet)
        return reverse("admin:pets_pet_change", args=[pet.pk])

    return make


@pytest.mark.parametrize(
    "query", ["", "?status=ready", "?status=trashed", "?q=IMG_0", "?assigned=no", "?o=-5"]
)
def test_list_asks_the_same_number_of_queries_for_3_and_for_60_photos(
    page, reachable, store_calls, query: str
) -> None:
    def fill(count: int) -> None:
        for number in range(count):
            PhotoFactory(renditions=number % 2 == 0)
            PhotoFactory(trashed=True, renditions=number % 2 == 0)
            PhotoFactory(pet=None, stored=True)

    fill(2)
    page.get(LIST + query)  # what is read once a process, such as content types
    few = queries_of(page, LIST + query)
    fill(28)  # 60 live ones: a full page, and the only one

    assert queries_of(page, LIST + query) == few
    assert few <= 12
    assert store_calls == []


def test_panel_of_a_pet_asks_the_same_number_of_queries_for_3_and_for_60_photos(
    page, reachable, store_calls, pages_of_pet
) -> None:
    page.get(pages_of_pet(1))
    few = queries_of(page, pages_of_pet(3))

    assert queries_of(page, pages_of_pet(60)) == few
    assert store_calls == []


def test_page_of_a_photo_asks_the_store_nothing(page, reachable, store_calls) -> None:
    photo = PhotoFactory(renditions=True)

    content = page.get(change(photo)).text

    assert store_calls == []
    assert f"http://store.test/pettracker-tests/renditions/{photo.pk}/full-" in content
    assert "missing.svg" not in content.split('id="upload')[0]


def test_lists_stay_usable_while_the_store_is_away(page, no_store) -> None:
    photo = PhotoFactory(renditions=True)

    assert f"renditions/{photo.pk}/tile-" in page.get(LIST).text
    assert page.get(change(photo)).status_code == 200


@pytest.mark.parametrize(
    ("trait", "shown"),
    [
        ("pending", "waiting.svg"),
        ("stored", "waiting.svg"),
        ("processing", "waiting.svg"),
        ("failed", "missing.svg"),
        ("rejected", "missing.svg"),
    ],
)
def test_photo_that_is_not_ready_shows_a_placeholder(page, reachable, trait: str, shown: str) -> None:
    photo = PhotoFactory(renditions=True, **{trait: True})
    status = "rejected" if trait == "rejected" else ""

    assert shown in page.get(f"{LIST}?status={status}" if status else LIST).text
    assert shown in page.get(change(photo)).text


def test_ready_photo_without_its_tile_shows_a_placeholder(page, reachable) -> None:
    PhotoFactory()

    assert "missing.svg" in page.get(LIST).text


def test_file_name_of_a_stranger_is_never_markup(page, reachable) -> None:
    photo = PhotoFactory(file_name=NASTY, pet=None)
    addresses = [LIST, change(photo), f"{LIST}?q={photo.pk}"]

    for address in addresses:
        assert "<script>alert" not in page.get(address).text
    page.post(button(photo, "trash"))
    assert "<script>alert" not in page.get(LIST).text


def test_place_is_shown_only_to_those_who_may_know_it(page, reachable, curator) -> None:
    photo = PhotoFactory(latitude="52.516300", longitude="13.377700")
    assert "52.516" not in page.get(change(photo)).text

    page.force_login(UserFactory(rights=[*EVERYTHING, "photos.view_photo_location"]))

    assert "52.516300, 13.377700" in page.get(change(photo)).text


# --- Doors -----------------------------------------------------------------------------

BUTTONS = ["trash", "restore", "turn", "main", "retry", "replace"]
PLAIN = ["photos_photo_upload", "photos_photo_sign", "photos_photo_complete", "photos_photo_status"]


@pytest.fixture
def addresses() -> dict[str, str]:
    photo = PhotoFactory()
    found = {name: button(photo, name) for name in [*BUTTONS, "original"]}
    found["picture"] = reverse("admin:photos_photo_picture", args=[photo.pk, "tile"])
    return found | {name.rpartition("_")[2]: reverse(f"admin:{name}") for name in PLAIN}


def test_strangers_are_sent_to_the_log_in(client, addresses) -> None:
    for address in addresses.values():
        response = client.post(address)
        assert response.status_code == 302, address
        assert response["Location"].startswith("/admin/login/"), address


def test_viewer_may_look_and_nothing_else(client, viewer, addresses) -> None:
    client.force_login(viewer)

    refused = {name for name, address in addresses.items() if client.post(address).status_code == 403}

    assert refused == set(addresses) - {"picture", "status"}
    assert Photo.objects.get().status == PhotoStatus.READY


@pytest.mark.parametrize("name", [*BUTTONS, "sign", "complete"])
def test_link_is_no_button(page, addresses, name: str) -> None:
    response = page.get(addresses[name])

    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert Photo.objects.get().status == PhotoStatus.READY


@pytest.mark.parametrize("name", [*BUTTONS, "sign", "complete", "upload"])
def test_form_of_another_site_is_refused(curator, addresses, name: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(curator)

    assert strict.post(addresses[name]).status_code == 403
    assert Photo.objects.get().status == PhotoStatus.READY


def test_there_is_no_way_to_delete_a_photo_for_good(page, curator) -> None:
    photo = PhotoFactory()

    page.post(reverse("admin:photos_photo_delete", args=[photo.pk]), {"post": "yes"})
    page.post(LIST, {"action": "delete_selected", "_selected_action": [photo.pk], "post": "yes"})

    assert Photo.objects.filter(pk=photo.pk).exists()


# --- Buttons -----------------------------------------------------------------------------


def test_trash_offers_undo_and_undo_restores(page) -> None:
    photo = PhotoFactory(renditions=True)

    content = page.post(button(photo, "trash"), {"next": LIST}, follow=True).text

    photo.refresh_from_db()
    assert photo.status == PhotoStatus.TRASHED
    assert f'formaction="{button(photo, "restore")}"' in content
    page.post(button(photo, "restore"))
    assert Photo.objects.get(pk=photo.pk).status == PhotoStatus.READY


@pytest.mark.parametrize("name", ["turn", "main", "retry"])
def test_buttons_do_what_they_say(page, name: str) -> None:
    photo = PhotoFactory(failed=name == "retry")

    response = page.post(button(photo, name), {"degrees": "90"}, follow=True)

    photo.refresh_from_db()
    done = {"turn": photo.rotation == 90, "main": photo.is_primary, "retry": photo.status == "stored"}
    assert response.status_code == 200
    assert done[name]


@pytest.mark.parametrize("degrees", ["", "45", "x", "-90", "٩٠", "9" * 5000])
def test_turn_by_nonsense_is_refused_in_words(page, degrees: str) -> None:
    photo = PhotoFactory()

    content = page.post(button(photo, "turn"), {"degrees": degrees}, follow=True).text

    photo.refresh_from_db()
    assert photo.rotation == 0
    assert "90, 180 or 270 degrees" in content


def test_refusal_is_told_on_the_page(page) -> None:
    photo = PhotoFactory(trashed=True)

    assert "cannot be moved to the trash" in page.post(button(photo, "trash"), follow=True).text


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_button_leads_back_to_own_pages_only(page, address: str) -> None:
    photo = PhotoFactory()

    assert page.post(button(photo, "trash"), {"next": address})["Location"] == change(photo)


def test_button_leads_back_to_where_it_was(page) -> None:
    assert page.post(button(PhotoFactory(), "trash"), {"next": LIST})["Location"] == LIST


def test_photo_that_is_gone_is_not_found(page) -> None:
    photo = PhotoFactory()
    Photo.objects.all().delete()

    assert page.post(button(photo, "trash")).status_code == 404


def test_bulk_action_tells_what_was_done_and_what_was_not(page) -> None:
    fine, refused = PhotoFactory(), PhotoFactory(pending=True, file_name="Pending.jpg")

    content = page.post(
        LIST, {"action": "trash_selected", "_selected_action": [fine.pk, refused.pk]}, follow=True
    ).text

    assert "1 moved to the trash." in content
    assert "Pending.jpg: A photo that is waiting for the upload cannot" in content


def test_text_is_saved_with_its_trace_and_the_pet_by_the_service(page) -> None:
    photo, pet = PhotoFactory(), PetFactory()
    form = {"pet": str(pet.pk), "caption": "On the sofa", "alt_text": "", "position": "3"}

    response = page.post(change(photo), form)

    photo.refresh_from_db()
    assert response.status_code == 302
    assert (photo.pet, photo.caption, photo.position) == (pet, "On the sofa", 3)
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert actions == {"photo.edited", "photo.assigned"}


@pytest.mark.servers
def test_replace_button_stores_a_new_version(page, ready) -> None:
    photo = ready()
    before = photo.version_id

    page.post(button(photo, "replace"), {"file": image()})

    photo.refresh_from_db()
    assert photo.version_id != before
    assert photo.status == PhotoStatus.STORED


def test_replace_while_the_store_is_away_is_a_calm_page(page, no_store) -> None:
    photo = PhotoFactory()

    response = page.post(button(photo, "replace"), {"file": image()})

    photo.refresh_from_db()
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "does not answer" in response.text
    assert photo.status == PhotoStatus.READY


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
    page, photo_bucket, queue, django_capture_on_commit_callbacks
) -> None:
    data = picture()
    pet = PetFactory()
    signed = ask(page, "sign", announcement(data, pet=str(pet.pk))).json()
    with urlopen(Request(signed["url"], data=data, headers=signed["headers"], method="PUT")) as put:
        etag = put.headers["ETag"]

    with django_capture_on_commit_callbacks(execute=True):
        done = ask(page, "complete", {"photo": signed["photo"], "etag": etag}).json()

    assert (done["status"], done["settled"]) == ("stored", False)
    assert queue == [signed["photo"]]
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


# --- Pictures and originals --------------------------------------------------------------------


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


def test_original_that_never_arrived_is_not_found(page) -> None:
    assert page.get(button(PhotoFactory(pending=True), "original")).status_code == 404
