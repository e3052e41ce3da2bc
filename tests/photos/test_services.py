"""What people do to photos: right, state, change, trace; then the queue."""

from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from kombu.exceptions import OperationalError

from photos import services, tasks
from photos.choices import PhotoStatus
from photos.errors import NotPossible
from photos.models import Photo
from portal.audit import AuditEvent
from tests.factories import PetFactory, PhotoFactory

pytestmark = pytest.mark.django_db

ALL = ["ready", "pending", "stored", "processing", "failed", "rejected", "trashed"]


@pytest.fixture(autouse=True)
def queue(queued: list[str]) -> list[str]:
    return queued


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def photo_that_is(status: str, **options) -> Photo:
    return PhotoFactory(**options) if status == "ready" else PhotoFactory(**{status: True, **options})


def event(action: str) -> AuditEvent:
    return AuditEvent.objects.get(action=action)


# --- Rights and states, for all of them at once ---------------------------------------

ACTS = {
    "trash": (lambda actor, photo: services.trash(actor=actor, photo=photo)),
    "restore": (lambda actor, photo: services.restore(actor=actor, photo=photo)),
    "turn": (lambda actor, photo: services.turn(actor=actor, photo=photo, by_degrees=90)),
    "retry": (lambda actor, photo: services.retry(actor=actor, photo=photo)),
    "make_main": (lambda actor, photo: services.make_main(actor=actor, photo=photo)),
}
POSSIBLE = {
    "trash": {"ready", "stored", "processing", "failed"},
    "restore": {"trashed"},
    "turn": {"ready", "failed"},
    "retry": {"failed"},
    "make_main": {"ready"},
}


@pytest.mark.parametrize("act", ACTS)
def test_without_the_right_nothing_changes(act: str, viewer) -> None:
    photo = photo_that_is(next(iter(POSSIBLE[act])))
    before = Photo.objects.values().get(pk=photo.pk)

    with pytest.raises(PermissionDenied):
        ACTS[act](viewer, photo)

    assert Photo.objects.values().get(pk=photo.pk) == before
    assert not AuditEvent.objects.exists()


def test_publishing_and_assigning_need_their_rights(viewer) -> None:
    photo = PhotoFactory()

    with pytest.raises(PermissionDenied, match="publish_photo"):
        services.publish(actor=viewer, photos=[photo], published=True)
    with pytest.raises(PermissionDenied, match="change_photo"):
        services.assign(actor=viewer, photo=photo, pet=None)


@pytest.mark.parametrize("status", ALL)
@pytest.mark.parametrize("act", ACTS)
def test_only_what_the_state_allows_is_done(act: str, status: str, curator, queue, commit) -> None:
    photo = photo_that_is(status)

    if status in POSSIBLE[act]:
        with commit():
            ACTS[act](curator, photo)
        assert AuditEvent.objects.get().actor == curator
        assert AuditEvent.objects.get().target_id == str(photo.pk)
        assert (photo.status == PhotoStatus.STORED) == (queue == [str(photo.pk)])
    else:
        with pytest.raises(NotPossible) as refused:
            ACTS[act](curator, photo)
        assert str(refused.value).endswith(".")
        assert not AuditEvent.objects.exists()
        assert queue == []


@pytest.mark.parametrize("act", ACTS)
def test_photo_that_changed_meanwhile_is_left_alone(act: str, curator) -> None:
    photo = photo_that_is(next(iter(POSSIBLE[act])))
    Photo.objects.filter(pk=photo.pk).update(status=PhotoStatus.REJECTED, reason="meanwhile")

    with pytest.raises(NotPossible, match="meanwhile"):
        ACTS[act](curator, photo)

    photo.refresh_from_db()
    assert photo.reason == "meanwhile"
    assert not AuditEvent.objects.exists()


# --- Trash and restore ----------------------------------------------------------------


def test_trashed_main_photo_is_followed_by_the_next(curator) -> None:
    main = PhotoFactory(is_primary=True)
    last = PhotoFactory(pet=main.pet, position=9)
    next_one = PhotoFactory(pet=main.pet, position=1)
    PhotoFactory(pet=main.pet, position=0, failed=True)

    services.trash(actor=curator, photo=main)

    assert list(Photo.objects.filter(is_primary=True)) == [next_one]
    assert not main.is_primary
    assert event("photo.trashed").before == {"status": "ready", "is_primary": True}
    assert last.pk != next_one.pk


def test_trashed_photo_in_work_is_taken_from_its_worker(curator) -> None:
    photo = PhotoFactory(processing=True)

    services.trash(actor=curator, photo=photo)

    assert (photo.status, photo.claim) == (PhotoStatus.TRASHED, None)


def test_restored_photo_with_renditions_is_ready_at_once(curator, queue, commit) -> None:
    photo = PhotoFactory(trashed=True, renditions=True)

    with commit():
        services.restore(actor=curator, photo=photo)

    assert (photo.status, photo.is_primary) == (PhotoStatus.READY, True)
    assert queue == []


def test_restored_photo_without_renditions_is_queued(curator, queue, commit) -> None:
    photo = PhotoFactory(trashed=True)

    with commit():
        services.restore(actor=curator, photo=photo)

    assert photo.status == PhotoStatus.STORED
    assert queue == [str(photo.pk)]


def test_restore_undoes_trash(curator) -> None:
    photo = PhotoFactory(renditions=True, is_primary=True)
    services.trash(actor=curator, photo=photo)

    services.restore(actor=curator, photo=photo)

    assert (photo.status, photo.is_primary) == (PhotoStatus.READY, True)


def test_restore_is_refused_while_a_twin_lives(curator) -> None:
    photo = PhotoFactory(trashed=True)
    PhotoFactory(pet=photo.pet, sha256=photo.sha256, file_name="twin.jpg")

    with pytest.raises(NotPossible, match=r"there already as “twin\.jpg”"):
        services.restore(actor=curator, photo=photo)

    photo.refresh_from_db()
    assert photo.status == PhotoStatus.TRASHED


def test_restore_is_refused_once_the_purge_has_begun(curator) -> None:
    photo = PhotoFactory(trashed=True, purge_started_at=timezone.now())

    with pytest.raises(NotPossible):
        services.restore(actor=curator, photo=photo)

    photo.refresh_from_db()
    assert photo.status == PhotoStatus.TRASHED


# --- Turn, main -----------------------------------------------------------------------


@pytest.mark.parametrize(("before", "by", "after"), [(0, 90, 90), (270, 90, 0), (180, 270, 90)])
def test_turns_add_up(curator, before: int, by: int, after: int) -> None:
    photo = PhotoFactory(rotation=before)

    services.turn(actor=curator, photo=photo, by_degrees=by)

    assert (photo.rotation, photo.status) == (after, PhotoStatus.STORED)
    assert event("photo.turned").after == {"rotation": after}


@pytest.mark.parametrize("degrees", [0, 45, -90, 360])
def test_turns_other_than_by_quarters_are_refused(curator, degrees: int) -> None:
    with pytest.raises(NotPossible, match="90, 180 or 270"):
        services.turn(actor=curator, photo=PhotoFactory(), by_degrees=degrees)


def test_main_photo_is_one(curator) -> None:
    former = PhotoFactory(is_primary=True)
    photo = PhotoFactory(pet=former.pet)

    services.make_main(actor=curator, photo=photo)

    assert list(Photo.objects.filter(is_primary=True)) == [photo]
    assert event("photo.main").before == {"main": str(former.pk)}


def test_photo_without_a_pet_is_nobodys_main(curator) -> None:
    with pytest.raises(NotPossible, match="ready photo of a pet"):
        services.make_main(actor=curator, photo=PhotoFactory(pet=None))


# --- Publish, assign ------------------------------------------------------------------


def test_only_ready_photos_are_published(curator) -> None:
    photos = [PhotoFactory(), PhotoFactory(failed=True), PhotoFactory(is_published=True)]

    assert services.publish(actor=curator, photos=photos, published=True) == 1
    assert event("photo.published").target_id == str(photos[0].pk)
    assert services.publish(actor=curator, photos=photos, published=False) == 2


def test_assigned_photo_keeps_its_key_and_the_pets_their_main_photos(curator) -> None:
    photo = PhotoFactory(is_primary=True)
    sibling = PhotoFactory(pet=photo.pet)
    former, key, pet = photo.pet, photo.key, PetFactory()
    photo.also_shows.add(pet)

    services.assign(actor=curator, photo=photo, pet=pet)

    assert (photo.pet, photo.key, photo.is_primary) == (pet, key, True)
    assert list(photo.also_shows.all()) == []
    assert Photo.objects.get(pet=former, is_primary=True) == sibling
    trace = event("photo.assigned")
    assert trace.before
    assert trace.after
    assert (UUID(trace.before["pet"]), UUID(trace.after["pet"])) == (former.pk, pet.pk)


def test_assigned_photo_leaves_the_main_photo_of_its_new_pet_alone(curator) -> None:
    main = PhotoFactory(is_primary=True)
    photo = PhotoFactory(is_primary=True)

    services.assign(actor=curator, photo=photo, pet=main.pet)

    assert Photo.objects.get(pet=main.pet, is_primary=True) == main


def test_photo_can_be_taken_from_its_pet(curator) -> None:
    photo = PhotoFactory(is_primary=True)

    services.assign(actor=curator, photo=photo, pet=None)

    assert (photo.pet, photo.is_primary) == (None, False)


def test_assigning_to_the_same_pet_is_nothing(curator) -> None:
    photo = PhotoFactory(is_primary=True)

    services.assign(actor=curator, photo=photo, pet=photo.pet)

    assert photo.is_primary
    assert not AuditEvent.objects.exists()


def test_assigning_to_a_pet_that_has_the_picture_is_refused(curator) -> None:
    photo = PhotoFactory()
    twin = PhotoFactory(sha256=photo.sha256, file_name="twin.jpg")

    with pytest.raises(NotPossible, match="twin"):
        services.assign(actor=curator, photo=photo, pet=twin.pet)


def test_assigning_to_a_pet_in_the_trash_is_refused(curator) -> None:
    with pytest.raises(NotPossible, match="in the trash; restore the pet"):
        services.assign(actor=curator, photo=PhotoFactory(), pet=PetFactory(trashed=True))


def test_queue_that_is_away_leaves_the_photo_to_the_sweep(curator, monkeypatch, commit) -> None:
    def refuse(_photo_id):
        raise OperationalError("nobody listens")

    monkeypatch.setattr(tasks.process, "delay", refuse)
    photo = PhotoFactory(failed=True)

    with commit():
        services.retry(actor=curator, photo=photo)

    assert photo.status == PhotoStatus.STORED
    assert photo.queued_at is not None


def test_row_follows_a_copy_of_the_version_that_it_names(curator) -> None:
    photo = PhotoFactory(version_id="old", etag="a")

    followed = services.follow_copy(actor=curator, photo=photo, copied_from="old", version_id="new", etag="b")

    assert followed
    assert (photo.version_id, photo.etag, photo.status) == ("new", "b", PhotoStatus.READY)
    assert event("photo.followed_copy").before == {"version_id": "old", "etag": "a"}


def test_row_that_names_another_version_follows_nothing(curator) -> None:
    photo = PhotoFactory(version_id="mine", etag="a")

    followed = services.follow_copy(actor=curator, photo=photo, copied_from="old", version_id="new", etag="b")

    assert not followed
    assert photo.version_id == "mine"
    assert not AuditEvent.objects.filter(action="photo.followed_copy").exists()
