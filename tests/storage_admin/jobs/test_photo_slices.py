"""A share of the originals: what a stretch of ids names, however it is read, and samples that people take."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from photos.models import Photo
from portal.models import User
from storage_admin.errors import NotPossible
from storage_admin.jobs import photo_slices, running, services
from storage_admin.jobs.kinds.verifying import VerifyForm
from storage_admin.models import Bucket, Job, JobState
from tests.factories import BucketFactory, PhotoFactory

NAME = "photos-of-slices"


def named(rule: photo_slices.Rule, size: int) -> list[UUID]:
    """Return the ids of all pages."""
    found: list[UUID] = []
    cursor: dict[str, Any] | None = {}
    while cursor is not None:
        page, cursor = photo_slices.page(NAME, rule, cursor, size)
        assert len(page) <= size
        found += [photo.pk for photo in page]
    return found


class TestStretches(TestCase):
    """Against a list in memory that is turned to its place."""

    @settings(deadline=None, max_examples=60)
    @given(
        ids=st.sets(st.integers(1, 40), max_size=12),
        place=st.integers(0, 41),
        count=st.integers(1, 14),
        size=st.integers(1, 5),
    )
    def test_stretch_is_the_next_rows_in_a_ring(
        self, ids: set[int], place: int, count: int, size: int
    ) -> None:
        template = PhotoFactory.build(bucket=NAME, pet=None)
        Photo.objects.bulk_create(
            Photo(
                pk=UUID(int=number), bucket=NAME, key=f"photos/{number}", file_name="a.jpg", bytes=1,
                status=template.status, sha256=f"{number:064x}", etag="e", content_type="image/jpeg",
                width=1, height=1, queued_at=template.queued_at,
            )
            for number in ids
        )  # fmt: skip

        rule = photo_slices.after(NAME, UUID(int=place), count)

        ring = [*(one for one in sorted(ids) if one > place), *(one for one in sorted(ids) if one <= place)]
        if rule is None:
            assert not ids
        else:
            assert [found.int for found in named(rule, size)] == ring[:count]


@pytest.fixture
def gallery(settings: Any, db: None) -> Bucket:
    settings.AWS_STORAGE_BUCKET_NAME = NAME
    for number in range(10):
        PhotoFactory(bucket=NAME, key=f"photos/{'ab'[number % 2]}/{number}.jpg")
    row: Bucket = BucketFactory(name=NAME)
    return row


def planned(ada: User, bucket: Bucket, **options: Any) -> Job:
    job = services.draft(actor=ada, kind="verify", bucket=bucket, **options)
    while running.work(job.pk):
        pass
    job.refresh_from_db()
    return job


@pytest.mark.parametrize(
    ("parameters", "prefix", "total"),
    [
        ({"sample": 3}, "", 3),
        ({"sample": 99}, "", 10),
        ({"percent": 25}, "", 3),
        ({"percent": 100}, "", 10),
        ({"sample": 3}, "photos/a/", 3),
        ({"percent": 1}, "photos/a/", 1),
        ({"sample": 3}, "none/", 0),
        ({}, "", 10),
    ],
)
def test_sample_is_as_large_as_was_asked_for(
    gallery: Bucket, ada: User, parameters: dict[str, int], prefix: str, total: int
) -> None:
    job = planned(ada, gallery, parameters=parameters, prefix=prefix)

    assert (job.state, job.total) == (JobState.PLANNED, total)
    assert all(one["key"].startswith(prefix) for one in job.plan["samples"])


def test_run_again_takes_the_same_sample(gallery: Bucket, ada: User) -> None:
    job = planned(ada, gallery, parameters={"sample": 3})
    Job.objects.update(state=JobState.CANCELLED, ended_at=job.made_at)
    job.refresh_from_db()

    again = services.run_again(actor=ada, job=job)

    assert again.selection == job.selection


def test_sample_of_chosen_photos_is_not_taken_for_all_of_them(gallery: Bucket, ada: User) -> None:
    ids = [str(photo.pk) for photo in Photo.objects.all()]

    job = planned(ada, gallery, parameters={"sample": 3}, selection={"what": "photos", "ids": ids})

    assert job.state == JobState.PAUSED
    assert "not of photos that were chosen" in job.stopped_because


def test_bucket_without_photos_is_refused_before_anything_is_counted(gallery: Bucket, ada: User) -> None:
    with pytest.raises(NotPossible):
        services.draft(actor=ada, kind="verify", bucket=BucketFactory(), parameters={"percent": 5})


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({}, {"read": False}),
        ({"sample": "5"}, {"read": False, "sample": 5}),
        ({"percent": "5", "read": "on"}, {"read": True, "percent": 5}),
    ],
)
def test_form_keeps_what_was_given_alone(typed: dict[str, str], kept: dict[str, Any]) -> None:
    form = VerifyForm(typed)

    assert form.is_valid()
    assert form.cleaned_data == kept


@pytest.mark.parametrize("typed", [{"sample": "5", "percent": "5"}, {"sample": "0"}, {"percent": "101"}])
def test_form_refuses_what_means_nothing(typed: dict[str, str]) -> None:
    assert not VerifyForm(typed).is_valid()
