"""A day is there whole or not at all, wherever a worker dies, however long it slept, whoever comes second."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from photos.models import Photo
from portal.s3 import objects, session
from portal.s3.errors import ObjectNotFound
from portal.s3.session import Timeouts
from storage_admin.analytics import asking, layout, parquet, running, tables
from storage_admin.models import AnalyticsExport
from tests.factories import PetFactory, PhotoFactory
from tests.storage_admin.analytics.conftest import exported, keys, manifest, table
from tests.store import answering, refusal

pytestmark = [pytest.mark.servers, pytest.mark.django_db]

State = AnalyticsExport.State


class Killed(BaseException):
    """The worker is gone: no handler of its own sees that."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows a row group, four a part."""
    monkeypatch.setattr(tables, "BATCH", 2)
    monkeypatch.setattr(parquet, "PART_ROWS", 4)


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """Kill the worker at this moment: each call has two, before it is sent and after its answer."""
    moments: list[str] = []

    def pass_by(what: str) -> None:
        moments.append(what)
        if len(moments) == number:
            raise Killed

    def before(event_name: str, **_event: Any) -> None:
        pass_by(f"before {event_name.rpartition('.')[2]}")

    def after(event_name: str, **_event: Any) -> None:
        pass_by(f"after {event_name.rpartition('.')[2]}")

    events = [session.client(timeouts=timeouts).meta.events for timeouts in Timeouts]
    for event in events:
        event.register_first("before-send.s3", before)
        event.register_first("after-call.s3", after)
    try:
        yield moments
    finally:
        for event in events:
            event.unregister("before-send.s3", before)
            event.unregister("after-call.s3", after)


def die_of_age(export: AnalyticsExport) -> None:
    """Let its claim be older than any worker lives."""
    long_ago = timezone.now() - timedelta(seconds=asking.STALE_SECONDS + 1)
    AnalyticsExport.objects.filter(pk=export.pk).update(beat_at=long_ago)


def worked_off(export: AnalyticsExport) -> None:
    while running.work(export.pk):
        pass
    export.refresh_from_db()


def assert_whole(bucket: str, export: AnalyticsExport, pets: int, photos: int) -> None:
    told = manifest(bucket, export)
    assert told["export"] == export.name
    found = table(bucket, told, "pets").column("pet_id").to_pylist()
    assert (len(found), len(set(found))) == (pets, pets)
    assert table(bucket, told, "photos").num_rows == photos
    for name in layout.TABLES:
        listed = objects.read(bucket, layout.symlink(export.prefix, name, export.day)).decode()
        assert listed.count("\n") == len(told["tables"][name]["files"])
        assert export.name in listed


def test_wherever_a_worker_dies_the_next_one_ends_it(either: str) -> None:
    for _number in range(9):
        PhotoFactory()
    with killed_at(0) as moments:
        exported()
    assert moments.count("before PutObject") == 3 + 3 + 3 + 1 + 5  # photos, pets, usage, manifest, lists
    before = manifest(either, AnalyticsExport.objects.get())

    for number in range(1, len(moments) + 1):
        export, _is_new = asking.begin(None)
        with killed_at(number) as passed, pytest.raises(Killed):
            worked_off(export)

        told = manifest(either, export)
        is_switched = told["export"] == export.name
        assert is_switched or told == before, passed
        assert table(either, told, "pets").num_rows == 9  # whichever it is, it is whole
        export.refresh_from_db()
        die_of_age(export)
        if export.state == State.RUNNING:
            worked_off(export)
        assert export.state == State.DONE, passed
        assert_whole(either, export, pets=9, photos=9)
        before = manifest(either, export)


def test_first_day_has_no_manifest_until_all_of_it_is_there(analytics: str) -> None:
    PetFactory()
    export, _is_new = asking.begin(None)

    with answering("PutObject", refusal(503, "SlowDown"), times=None):
        worked_off(export)
    with pytest.raises(ObjectNotFound):
        manifest(analytics, export)
    assert (export.state, export.attempts) == (State.RUNNING, 0)  # an outage is nobody's fault
    assert "SlowDown" in export.error

    worked_off(export)
    assert (export.state, export.error) == (State.DONE, "")
    assert_whole(analytics, export, pets=1, photos=0)


@contextmanager
def asleep_before(key_part: str, meanwhile: Callable[[], None]) -> Iterator[None]:
    """Let the worker sleep when it is about to put such a key; others live on meanwhile."""
    done: list[str] = []

    def before(request: Any, **_event: Any) -> None:
        if key_part in request.url and not done:
            done.append(request.url)
            meanwhile()

    events = session.client(timeouts=Timeouts.WORKER).meta.events
    events.register_first("before-send.s3.PutObject", before)
    try:
        yield
    finally:
        events.unregister("before-send.s3.PutObject", before)
    assert done


def test_worker_that_slept_over_its_part_changes_nothing_of_the_next_ones(analytics: str) -> None:
    """It read its rows before some came: its part ends elsewhere than the one that is there by now."""
    for _number in range(9):
        PetFactory()
    export, _is_new = asking.begin(None)

    def another_goes_on() -> None:
        for _number in range(20):
            PetFactory()
        die_of_age(export)
        worked_off(AnalyticsExport.objects.get(pk=export.pk))

    with asleep_before("part-00001", another_goes_on):
        worked_off(export)

    assert export.state == State.DONE
    told = manifest(analytics, export)
    found = table(analytics, told, "pets").column("pet_id").to_pylist()
    assert len(found) == len(set(found))
    assert [key for key in keys(analytics) if key.endswith(".parquet")] == sorted(
        one["key"] for name in layout.TABLES for one in told["tables"][name]["files"]
    )


def test_worker_that_slept_over_the_manifest_does_not_bring_it_back(analytics: str) -> None:
    PetFactory()
    export, _is_new = asking.begin(None)
    later: list[AnalyticsExport] = []

    def others_go_on() -> None:
        die_of_age(export)
        worked_off(AnalyticsExport.objects.get(pk=export.pk))
        PetFactory()
        later.append(exported())

    with asleep_before("_manifest.json", others_go_on):
        running.work(export.pk)

    assert_whole(analytics, later[0], pets=2, photos=0)


def test_second_export_of_the_day_leaves_the_first_to_its_readers(either: str) -> None:
    PetFactory()
    first = exported()
    read_before = manifest(either, first)
    PetFactory()

    second = exported()

    assert_whole(either, second, pets=2, photos=0)
    assert table(either, read_before, "pets").num_rows == 1


def test_what_no_worker_survives_is_given_up_with_the_reason(
    analytics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_given: Any) -> None:
        raise ValueError("for a test")

    monkeypatch.setattr(parquet, "part", breaks)
    export, _is_new = asking.begin(None)

    for _number in range(running.WORKERS):
        with pytest.raises(ValueError, match="for a test"):
            running.work(export.pk)
    worked_off(export)

    assert export.state == State.FAILED
    assert "ValueError" in export.error
    assert asking.last_failed()
    monkeypatch.undo()
    assert exported().state == State.DONE  # and the next one is not in its way
    assert not asking.last_failed()


def test_refusal_of_the_store_ends_it_in_words(analytics: str) -> None:
    export, _is_new = asking.begin(None)

    with answering("PutObject", refusal(403, "AccessDenied")):
        worked_off(export)

    assert export.state == State.FAILED
    assert "AccessDenied" in export.error


def test_export_of_yesterday_that_never_ended_is_given_up(analytics: str) -> None:
    export, _is_new = asking.begin(None)
    old = timezone.now() - timedelta(hours=running.GIVE_UP_HOURS + 1)
    AnalyticsExport.objects.filter(pk=export.pk).update(begun_at=old, error="The store does not answer.")

    worked_off(export)

    assert (export.state, "does not answer" in export.error) == (State.FAILED, True)


def test_two_workers_do_not_work_on_one_export(analytics: str) -> None:
    Photo.objects.all().delete()
    export, _is_new = asking.begin(None)
    seen: list[bool] = []

    with asleep_before("part-00000", lambda: seen.append(running.work(export.pk))):
        worked_off(export)

    assert seen == [False]
    assert export.state == State.DONE
