"""Trash, share links, sessions: what is over its time goes, each with its trace, and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from photos.choices import PhotoStatus
from photos.models import Photo
from portal.audit import AuditEvent
from portal.s3 import objects
from portal.s3.errors import AccessRefused, StorageUnavailable
from storage_admin import purge
from storage_admin.models import Bucket, Schedule, ShareLink
from storage_admin.schedules import acts
from storage_admin.schedules.act import Outcome, Went
from storage_admin.sharing import endings
from tests.factories import PhotoFactory, ShareLinkFactory

pytestmark = pytest.mark.django_db

AtItsTime = Callable[[str], Went]
Put = Callable[..., Any]


@pytest.fixture
def trashed(house: Bucket, put_in: Put) -> Callable[..., Photo]:
    """Put a photo into the trash, so many days ago."""

    def make(days: int, **facts: Any) -> Photo:
        photo: Photo = PhotoFactory(status=PhotoStatus.TRASHED, bucket=house.name, **facts)
        answer = put_in(photo.key)
        Photo.objects.filter(pk=photo.pk).update(
            version_id=answer["VersionId"], status_changed_at=timezone.now() - timedelta(days=days)
        )
        return photo

    return make


@pytest.mark.servers
def test_expired_trash_goes_in_steps_and_one_that_stays_holds_up_no_other(
    house: Bucket, trashed: Any, at_its_time: AtItsTime, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRASH_DAYS = 30
    monkeypatch.setattr(purge, "BATCH", 2)
    photos = [trashed(31) for _number in range(5)]
    young = trashed(29)
    kept = min(photos, key=lambda photo: photo.pk)
    whole = objects.versions

    def versions(bucket: str, prefix: str, **options: Any) -> Any:
        if str(kept.pk) in prefix:
            raise AccessRefused("No.", code="AccessDenied")
        return whole(bucket, prefix, **options)

    monkeypatch.setattr(objects, "versions", versions)
    assert acts.named("trash").would() == "Would destroy 5 photos."

    went = at_its_time("trash")

    assert went.outcome == Outcome.FAILED
    assert "4 photos destroyed. 1 stay" in went.words
    assert set(Photo.objects.values_list("pk", flat=True)) == {kept.pk, young.pk}
    assert {one.key for one in whole(house.name, "")} == {kept.key, young.key}
    assert AuditEvent.objects.filter(action="photo.purged").count() == 4


@pytest.mark.servers
def test_trash_that_takes_long_goes_on_in_a_minute(
    trashed: Any, at_its_time: AtItsTime, monkeypatch: Any
) -> None:
    monkeypatch.setattr(purge, "BATCH", 1)
    monkeypatch.setattr("storage_admin.schedules.running.RUN_SECONDS", -1)
    for _number in range(2):
        trashed(99)

    went = at_its_time("trash")

    assert (went.outcome, went.again_seconds) == (Outcome.BEGUN, 0)
    assert Photo.objects.count() == 1
    assert at_its_time("trash").outcome == Outcome.BEGUN
    assert at_its_time("trash").outcome == Outcome.NOTHING


def test_store_that_is_away_is_tried_again_soon(at_its_time: AtItsTime, monkeypatch: Any) -> None:
    def away(*_given: Any, **_options: Any) -> Any:
        raise StorageUnavailable("away", code="SlowDown")

    monkeypatch.setattr(objects, "versions", away)
    PhotoFactory(status=PhotoStatus.TRASHED)
    Photo.objects.update(status_changed_at=timezone.now() - timedelta(days=99))

    went = at_its_time("trash")

    assert (went.outcome, went.again_seconds) == (Outcome.FAILED, 900)
    assert "SlowDown" in went.words
    assert Schedule.objects.get(name="trash").next_due_at is not None


def test_ended_links_are_closed_each_with_its_trace_once(at_its_time: AtItsTime, monkeypatch: Any) -> None:
    monkeypatch.setattr(endings, "BATCH", 2)
    ended = [ShareLinkFactory(ended=True, opened_count=number) for number in range(3)]
    live = ShareLinkFactory()
    revoked = ShareLinkFactory(ended=True, revoked=True)
    assert acts.named("share-links").would() == "Would close 3 links."

    assert at_its_time("share-links").words == "3 links closed."
    assert at_its_time("share-links").outcome == Outcome.NOTHING

    closed = ShareLink.objects.filter(closed_at__isnull=False)
    assert set(closed) == set(ended)
    assert {live, revoked}.isdisjoint(closed)
    events = AuditEvent.objects.filter(action="link.ended").order_by("pk")
    assert [event.after["opened"] for event in events if event.after] == [0, 1, 2]
    assert set(ShareLink.objects.expired()) == set(ended)


def test_closed_link_stays_closed_whatever_its_end_says_later(at_its_time: AtItsTime) -> None:
    link = ShareLinkFactory(ended=True)
    at_its_time("share-links")

    ShareLink.objects.update(expires_at=timezone.now() + timedelta(days=9))

    link.refresh_from_db()
    assert not link.is_live
    assert not ShareLink.objects.live().exists()
    assert ShareLink.objects.expired().get() == link


def test_ended_sessions_go_and_others_stay(at_its_time: AtItsTime) -> None:
    now = timezone.now()
    for key, hours in (("old", -1), ("live", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(hours=hours))
    assert acts.named("sessions").would() == "Would delete 1 session."

    assert at_its_time("sessions").words == "1 session deleted."
    assert at_its_time("sessions").outcome == Outcome.NOTHING

    assert Session.objects.get().session_key == "live"
