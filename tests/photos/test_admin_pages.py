"""The pages of photos: rows only in lists, one door for each button, calm words when the store is away."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from photos.choices import PhotoStatus
from photos.models import Photo
from portal.audit import AuditEvent
from tests.factories import PetFactory, PhotoFactory, UserFactory
from tests.photos.conftest import EVERYTHING
from tests.photos.pages import LIST, button, change, image, queries_of

pytestmark = pytest.mark.django_db

NASTY = "<script>alert(1)</script>\"'.jpg"


# --- Lists: no call to the store, no query for each photo ------------------------------


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
    fill(22)  # 48 live ones: a full page, and the only one

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


def test_filter_for_ready_shows_exactly_the_ready_ones(page) -> None:
    PhotoFactory()
    for status in set(PhotoStatus) - {PhotoStatus.READY}:
        PhotoFactory(**{status.value: True})

    response = page.get(f"{LIST}?status={PhotoStatus.READY}")

    assert {photo.status for photo in response.context["cl"].result_list} == {PhotoStatus.READY}
