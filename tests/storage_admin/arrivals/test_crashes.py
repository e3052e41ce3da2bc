"""A worker that dies at any point leaves one photo a file; poison becomes a dead letter, and comes back."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from photos import incoming
from photos.models import Photo
from portal.audit import AuditEvent
from portal.aws import queues
from portal.local import ports
from portal.s3 import objects
from portal.s3.errors import StorageUnavailable
from storage_admin.arrivals import consuming, looking, queue_state, services, taking
from storage_admin.models import Arrival, EventQueue, EventTrouble, Look
from tests.factories import UserFactory
from tests.storage_admin.arrivals.conftest import Place
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
Reader = Callable[..., consuming.Read]
EVENTS = "admin:storage_admin_arrival_events"
AGAIN = "admin:storage_admin_arrival_again"
REDRIVE = "admin:storage_admin_arrival_redrive"
SEE, SEND = "storage_admin.view_arrival", "storage_admin.redrive_event"


class Killed(BaseException):
    """What no `except Exception` sees: the process is gone."""


def dying(function: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    """Return the function so that its worker dies right before, or right after it, the first time."""
    died: list[bool] = []

    def act(*args: Any, **options: Any) -> Any:
        if not died and before:
            died.append(True)
            raise Killed
        found = function(*args, **options)
        if not died:
            died.append(True)
            raise Killed
        return found

    return act


def work_for_long() -> None:
    for _slice in range(5):
        consuming.work(3.0)


# Each stands between two things that last: the row, the copy, the commit, the message.
POINTS = {
    "before the row": (objects, "head", True),
    "after the row": (taking, "_checked", True),
    "before the copy": (objects, "put", True),
    "after the copy": (objects, "put", False),
    "in the transaction": (incoming, "take_in", False),
    "after the commit": (taking, "take", False),
    "before the message is deleted": (queues, "delete", True),
}


@pytest.fixture
def comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a dead worker held is back at once."""
    monkeypatch.setattr(consuming, "HIDDEN_SECONDS", 1)


@pytest.mark.parametrize("point", POINTS)
def test_worker_that_dies_leaves_one_photo_a_file(
    outside: Place, house: Place, read: Reader, comes_again: None, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    read()  # the test events
    where, name, before = POINTS[point]
    with monkeypatch.context() as patch:
        patch.setattr(where, name, dying(getattr(where, name), before=before))
        outside.put("incoming/a.jpg")
        with pytest.raises(Killed):
            work_for_long()

    read()

    photo = Photo.objects.get()
    assert Arrival.objects.get().photo == photo.pk
    assert house.keys("photos/") == [photo.key]
    assert AuditEvent.objects.filter(action="photo.arrived").count() == 1
    assert not queues.depth(queue_state.both()[0]).total


@pytest.mark.parametrize("point", ["after the row", "after the copy"])
def test_look_goes_on_where_no_message_comes_again(
    outside: Place, house: Place, settings: Any, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    where, name, before = POINTS[point]
    outside.put("incoming/a.jpg")
    with monkeypatch.context() as patch:
        patch.setattr(where, name, dying(getattr(where, name), before=before))
        with pytest.raises(Killed):
            looking.work()
    monkeypatch.setattr(taking, "RETRY_AFTER", taking.RETRY_AFTER * 0)

    looking.work()

    photo = Photo.objects.get()
    assert Arrival.objects.get().state == Arrival.State.TAKEN
    assert house.keys("photos/") == [photo.key]


@pytest.fixture
def portal_of_its_own(outside: Place, house: Place, ministack: Any, settings: Any, tmp_path: Path) -> Any:
    """Run a program of a portal that has a database of its own, with these stores and this queue."""
    environment = {
        **os.environ,
        "PORTAL_DATA_DIR": str(tmp_path),
        "SECRET_KEY": "of-a-test",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'portal.sqlite3'}",
        "REDIS_URL": f"redis://127.0.0.1:{ports.pick(['closed'])['closed']}/0",
        "AWS_ENDPOINT_URL_S3": settings.S3_CONNECTIONS["default"]["endpoint_url"],
        "AWS_STORAGE_BUCKET_NAME": house.source.bucket,
        "AWS_REGION": "us-east-1",
        "S3_ADDRESSING_STYLE": "path",
        "S3_SERVER": "seaweedfs",
        "S3_CONNECTION_NAMES": "outside",
        "S3_OUTSIDE_ENDPOINT_URL": ministack.endpoint_url,
        "S3_OUTSIDE_REGION": "us-east-1",
        "S3_OUTSIDE_SERVER": "ministack",
        "SERVICES_ENDPOINT_URL": ministack.endpoint_url,
        "S3_EVENTS": "true",
        "ARRIVALS": "true",
        "ARRIVALS_SOURCES": f"outside/{outside.source.bucket}",
        "EVENTS_QUEUE": settings.EVENTS_QUEUE,
    }

    def run(*arguments: str) -> int:
        return subprocess.run(
            [sys.executable, *arguments], env=environment, cwd=settings.BASE_DIR, check=False,
            capture_output=True,
        ).returncode  # fmt: skip

    assert run("manage.py", "migrate", "--no-input", "-v", "0") == 0
    return run


def test_killed_processes_leave_one_photo_a_file(
    outside: Place, house: Place, portal_of_its_own: Any, tmp_path: Path
) -> None:
    """The same with processes that are killed: nothing is caught, nothing is cleaned up."""
    worker = ("-m", "tests.storage_admin.arrivals.worker")
    names = []
    for point in ("row", "copy", "commit", "delete"):
        names.append(f"{point}.jpg")
        outside.put(f"incoming/{point}.jpg")
        assert portal_of_its_own(*worker, point, "20") == -signal.SIGKILL

    for _try in range(5):
        assert portal_of_its_own(*worker, "none", "4") == 0
        if not queues.depth(queue_state.both()[0]).total:
            break

    with closing(sqlite3.connect(tmp_path / "portal.sqlite3")) as database:
        photos = database.execute("select key, file_name, status from photos_photo order by 2").fetchall()
        arrivals = database.execute("select key, state from storage_admin_arrival order by 1").fetchall()
    assert [name for _key, name, _status in photos] == sorted(names)
    assert {status for _key, _name, status in photos} == {"stored"}
    assert arrivals == [(f"incoming/{name}", "taken") for name in sorted(names)]
    assert house.keys("photos/") == sorted(key for key, _name, _status in photos)


def test_store_that_is_away_puts_events_off_and_loses_none(
    outside: Place, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside.put("incoming/a.jpg")
    head = objects.head
    away = [True]

    def sometimes(*args: Any, **options: Any) -> Any:
        if away:
            away.clear()
            raise StorageUnavailable("The store does not answer.", operation="HeadObject", code="503")
        return head(*args, **options)

    monkeypatch.setattr(objects, "head", sometimes)

    done = read()

    assert (done.put_off, Photo.objects.count()) == (1, 1)
    assert not EventTrouble.objects.exists()


def test_outage_uses_up_no_tries_but_those_with_a_pause(
    outside: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any, **_options: Any) -> Any:
        raise StorageUnavailable("The store does not answer.", operation="HeadObject", code="503")

    queue, dead = queue_state.both()
    consuming.work(2.0)  # the test event
    for number in range(3):
        outside.put(f"incoming/{number}.jpg")
    monkeypatch.setattr(objects, "head", away)
    monkeypatch.setattr(consuming, "_FIRST_PAUSE_SECONDS", 3_600)

    assert sum(consuming.work(1.0).put_off for _slice in range(10)) == 3

    assert (queues.depth(queue).in_work, queues.depth(dead).total) == (3, 0)
    row = queue_state.row()
    assert row is not None
    assert (row.waiting, row.behind_since is None) == (3, False)


def test_refused_files_are_tried_again_when_the_reason_is_gone(
    house: Place, settings: Any, client: Client
) -> None:
    settings.MAX_UPLOAD_BYTES = 10
    house.put("incoming/a.jpg")
    looking.work()
    assert Arrival.objects.get().state == Arrival.State.REFUSED
    settings.MAX_UPLOAD_BYTES = 1_000_000
    client.force_login(UserFactory(rights=[SEE]))
    assert client.post(reverse(AGAIN)).status_code == 403
    assert "Refused files" in client.get(reverse(EVENTS)).content.decode()

    client.force_login(UserFactory(rights=[SEE, SEND]))
    client.post(reverse(AGAIN))
    looking.work()

    assert Photo.objects.count() == 1
    assert AuditEvent.objects.filter(action="arrival.tried_again").exists()


def test_file_that_may_not_be_read_is_told_with_the_look(house: Place) -> None:
    house.put("incoming/a.jpg")

    with answering("HeadObject", refusal(403, "AccessDenied")):
        looking.work()

    assert "incoming/a.jpg" in Look.objects.get(bucket=house.source.bucket).error
    looking.work()
    assert Look.objects.get(bucket=house.source.bucket).error == ""


def test_refused_read_leaves_the_file_pending_with_the_reason(house: Place) -> None:
    house.put("incoming/a.jpg")

    with answering("GetObject", refusal(403, "AccessDenied")):
        looking.work()

    arrival = Arrival.objects.get()
    assert arrival.state == Arrival.State.PENDING
    assert "AccessDenied" in arrival.reason


POISON = [
    "no JSON at all",
    '{"Records": [{"s3": {}}]}',
    '{"Records": "' + "x" * 1000 + '"}',
    "[1, 2]",
    '{"Type": "Notification", "Message": "<b>"}',
]


def test_poison_ends_as_a_dead_letter_with_its_reason_and_is_sent_again(
    outside: Place, read: Reader, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, dead = queue_state.both()
    for body in POISON:
        queues.send(queue, body)
    queues.send(queue, '{"Records": [], "script": "<script>alert(1)</script>"}')  # harmless: nothing in it

    read()

    assert queues.depth(dead).total == len(POISON)
    client.force_login(UserFactory(rights=[SEE, SEND]))
    told = client.get(reverse(EVENTS)).content.decode()
    assert "no JSON at all" in told
    assert "That is no event notification of S3" in told
    assert "&lt;b&gt;" in told
    assert told.count("Send again") == len(POISON)
    assert queues.depth(dead).total == len(POISON)  # looking takes nothing away

    handled: list[str] = []
    monkeypatch.setattr(consuming, "_handle", lambda message: handled.append(message.body))
    [first] = [one for one in queue_state.dead_letters() if one.message.body == POISON[0]]
    client.post(reverse(REDRIVE), {"message": first.message.id})
    read()
    assert handled == [POISON[0]]

    client.post(reverse(REDRIVE))
    read()
    assert sorted(handled) == sorted(POISON)
    assert not queues.depth(dead).total
    assert AuditEvent.objects.filter(action="event.redriven").count() == 2
    assert "There are none" in client.get(reverse(EVENTS)).content.decode()


def test_dead_letter_is_sent_again_by_who_may_alone(outside: Place, client: Client) -> None:
    _queue, dead = queue_state.both()
    queues.send(dead, "poison")
    client.force_login(UserFactory(rights=[SEE]))

    assert "Send again" not in client.get(reverse(EVENTS)).content.decode()
    assert client.post(reverse(REDRIVE)).status_code == 403
    assert queues.depth(dead).total == 1


def test_queue_that_is_away_is_a_calm_page(
    outside: Place, client: Client, settings: Any, no_queue: str
) -> None:
    client.force_login(UserFactory(rights=[SEE, SEND]))

    answer = client.get(reverse(EVENTS))

    assert answer.status_code == 200
    assert "does not answer" in answer.content.decode()
    assert client.post(reverse(REDRIVE), follow=True).status_code == 200


def test_queue_that_was_never_made_says_how(outside: Place, client: Client, settings: Any) -> None:
    settings.EVENTS_QUEUE = "never-made"
    client.force_login(UserFactory(rights=[SEE]))

    assert "manage.py setup_events" in client.get(reverse(EVENTS)).content.decode()


def test_today_says_how_far_behind_it_is(outside: Place, read: Reader, client: Client) -> None:
    queue, _dead = queue_state.both()
    read()
    queues.send(queue, "poison")
    long_ago = timezone.now() - 7 * queue_state.SILENT_AFTER
    EventQueue.objects.update(asked_at=long_ago)

    assert queue_state.minutes_behind() == 14
    client.force_login(UserFactory(rights=[SEE]))
    told = client.get(reverse("admin:index")).content.decode()
    assert "minutes behind" in told

    read()
    assert queue_state.minutes_behind() == 0
    assert services.RIGHT == SEND
