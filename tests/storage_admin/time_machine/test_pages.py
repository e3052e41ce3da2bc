"""The time machine's page in the hands of people: see what changed, choose of it, draft the job."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from portal.models import User
from portal.s3.types import VersioningState
from storage_admin.jobs import running, services
from storage_admin.models import Bucket, Job, JobState
from storage_admin.time_machine import looking
from tests.factories import BucketFactory, JobFactory, PhotoFactory, UserFactory
from tests.storage_admin.conftest import address, in_role
from tests.storage_admin.jobs.conftest import Put
from tests.storage_admin.jobs.test_time_machine import delete, moment, state
from tests.storage_admin.time_machine.conftest import Mishap
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


def seen(page: Client, bucket: Bucket, when: object = "", **query: str) -> str:
    told = getattr(when, "isoformat", lambda: "")()
    return page.get(address("time_machine", bucket, moment=told, **query)).content.decode()


def rows(text: str) -> dict[str, str]:
    """Return the table's lines as words, by the key."""
    (body,) = re.findall(r"<tbody>(.*?)</tbody>", text, re.DOTALL) or [""]
    found = {}
    for line in ROW.findall(body):
        key = re.search(r'<bdi class="key">(.*?)</bdi>', line)
        assert key is not None
        found[TAG.sub("", key[1])] = " ".join(html.unescape(TAG.sub(" ", line)).split())
    return found


def draft(page: Client, bucket: Bucket, when: object, which: str, *keys: str, prefix: str = "in/") -> Job:
    told = getattr(when, "isoformat", lambda: "")()
    sent = {"prefix": quote(prefix, safe=""), "moment": told, "which": which}
    page.post(address("time_machine_draft", bucket), {**sent, "key": [quote(one, safe="") for one in keys]})
    return Job.objects.latest("id")


def worked_off(job: Job, actor: User) -> Job:
    while running.work(job.pk):
        pass
    job.refresh_from_db()
    assert job.state == JobState.PLANNED, job.stopped_because
    services.start(actor=actor, job=job)
    while running.work(job.pk):
        pass
    job.refresh_from_db()
    return job


def test_page_tells_what_was_and_what_is_of_each_key(page: Client, yard: Bucket, mishap: Mishap) -> None:
    text = seen(page, yard, mishap.when, prefix="in/")

    found = rows(text)
    assert set(found) == {"added.jpg", "changed.jpg", "deleted.jpg"}
    assert "added" in found["added.jpg"]
    assert "not there" in found["added.jpg"]
    assert "14 B" in found["changed.jpg"]
    assert "29 B" in found["changed.jpg"]
    assert mishap.versions["in/changed.jpg"][:13] in found["changed.jpg"]
    assert "Looked at 5 keys: 3 are not as they were." in text
    assert "That was all." in text
    links = {html.unescape(one) for one in re.findall(r'href="([^"]*/object/[^"]*)"', text)}
    asked = [parse_qs(urlsplit(one).query) for one in links]
    assert {"key": ["in/deleted.jpg"]} in asked
    assert {"key": ["in/deleted.jpg"], "version": [mishap.versions["in/deleted.jpg"]]} in asked


def test_filter_shows_one_kind_and_counts_all(page: Client, yard: Bucket, mishap: Mishap) -> None:
    text = seen(page, yard, mishap.when, prefix="in/", change="deleted")

    assert set(rows(text)) == {"deleted.jpg"}
    assert "3 are not as they were" in text
    assert "Bring back what was deleted" in text
    assert "Take back the changes" not in text


def test_deletions_alone_are_drafted_and_come_back(
    page: Client, ada: User, yard: Bucket, mishap: Mishap
) -> None:
    job = draft(page, yard, mishap.when, "deleted")

    assert job.selection["changes"] == ["deleted"]
    ended = worked_off(job, ada)
    assert (ended.done, ended.failed) == (1, 0)
    now = state(yard)
    assert now["in/deleted.jpg"] == b"in/deleted.jpg"
    assert now["in/changed.jpg"] == b"worse, and longer than it was"
    assert "inside.jpg" not in now


def test_chosen_keys_are_rolled_back_and_none_that_begin_so(
    page: Client, ada: User, yard: Bucket, put_in: Put
) -> None:
    for name in ("a.jpg", "a.jpg.bak"):
        put_in(name)
    when = moment()
    for name in ("a.jpg", "a.jpg.bak"):
        delete(yard, name)

    ended = worked_off(draft(page, yard, when, "chosen", "a.jpg", prefix=""), ada)

    assert ended.done == 1
    assert set(state(yard)) == {"a.jpg"}


def test_everything_rolled_back_is_undone(page: Client, ada: User, yard: Bucket, mishap: Mishap) -> None:
    before = state(yard)
    job = worked_off(draft(page, yard, mishap.when, "everything"), ada)
    assert job.done == 3
    assert set(state(yard)) == {"in/kept.jpg", "in/deleted.jpg", "in/deleted.jpg.bak", "in/changed.jpg"}

    undone = worked_off(services.undo(actor=ada, job=job), ada)

    assert (undone.state, state(yard)) == (JobState.DONE, before)


def test_nothing_chosen_drafts_nothing(page: Client, yard: Bucket, mishap: Mishap) -> None:
    sent = {"prefix": "in%2F", "moment": mishap.when.isoformat(), "which": "chosen"}

    told = page.post(address("time_machine_draft", yard), sent, follow=True).content.decode()

    assert "No object was chosen." in told
    assert not Job.objects.exists()


def test_hostile_keys_are_inert_and_chosen_as_they_are(page: Client, yard: Bucket, put_in: Put) -> None:
    key = "in/<img src=x onerror=alert(1)>\nb & \"c'.jpg"
    when = moment()
    put_in(key)

    text = seen(page, yard, when, prefix="in/")
    job = draft(page, yard, when, "chosen", key)

    assert "<img src=x" not in text
    assert f'value="{quote(key, safe="")}"' in text
    assert job.selection["keys"] == [key]


def test_a_page_is_bounded_and_goes_on(
    page: Client, yard: Bucket, put_in: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    when = moment()
    for number in range(5):
        put_in(f"in/{number}.jpg")
    monkeypatch.setattr(looking, "ROWS", 2)

    text, found = seen(page, yard, when), set()
    for _page in range(3):
        found |= set(rows(text))
        onward = re.search(r'href="([^"]*)" rel="next"', text)
        if onward is None:
            break
        assert "counts are of this page alone" in text
        text = page.get(html.unescape(onward[1])).content.decode()

    assert found == {f"in/{number}.jpg" for number in range(5)}
    assert "That was all." in text


def test_store_that_becomes_slow_leaves_what_was_read(
    page: Client, yard: Bucket, put_in: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    when = moment()
    for number in range(3):
        put_in(f"in/{number}.jpg")
    monkeypatch.setattr("portal.s3.listing.LARGEST_PAGE", 2)
    busy, first = refusal(503, "SlowDown"), iter([True])

    with answering("ListObjectVersions", lambda: None if next(first, False) else busy()):
        text = seen(page, yard, when)

    assert "became too slow" in text
    assert len(rows(text)) == 1


def test_outage_is_told_calmly(page: Client, no_store: str) -> None:
    shown = page.get(address("time_machine", BucketFactory(), moment="2026-01-01T00:00:00"))

    assert shown.status_code == 503
    assert "Retry" in shown.content.decode()


@pytest.mark.parametrize(
    ("status", "code", "answer"), [(403, "AccessDenied", 502), (404, "NoSuchBucket", 404)]
)
def test_refusal_and_a_bucket_that_is_gone_are_told(
    page: Client, yard: Bucket, status: int, code: str, answer: int
) -> None:
    with answering("ListObjectVersions", refusal(status, code)):
        shown = page.get(address("time_machine", yard, moment="2026-01-01T00:00:00"))

    assert shown.status_code == answer
    assert code in shown.content.decode()


@pytest.mark.parametrize("typed", ["yesterday", "2026-13-01T00:00", "9999-01-01T00:00"])
def test_moment_that_is_none_is_said_and_nothing_is_read(page: Client, yard: Bucket, typed: str) -> None:
    with answering("ListObjectVersions", refusal(500, "must not be asked")):
        text = page.get(address("time_machine", yard, moment=typed)).content.decode()

    assert "moment-error" in text
    assert typed in text


def test_moment_without_a_zone_is_in_the_persons_own(client: Client, yard: Bucket) -> None:
    user = in_role("Storage admin")
    user.time_zone = "Asia/Tokyo"
    user.save()
    client.force_login(user)
    sent = {"prefix": "", "moment": "2026-01-01T09:00:00", "which": "deleted"}

    client.post(address("time_machine_draft", yard), sent)

    assert Job.objects.get().selection["moment"] == "2026-01-01T09:00:00+09:00"


def test_path_that_is_typed_gets_one_address(page: Client, yard: Bucket) -> None:
    asked = address("time_machine", yard, folder="in%2F", begins="a b", moment="2026-01-01T00:00")

    led = page.get(asked)

    assert parse_qs(urlsplit(led["Location"]).query) == {"prefix": ["in/a b"], "moment": ["2026-01-01T00:00"]}


def test_beginning_that_is_no_folder_says_so(page: Client, yard: Bucket, mishap: Mishap) -> None:
    as_beginning, as_folder = (seen(page, yard, mishap.when, prefix=one) for one in ("in", "in/"))

    assert "inside.jpg" in rows(as_beginning)
    assert "Only the folder of that name" in as_beginning
    assert "Only the folder of that name" not in as_folder


def test_bucket_without_versioning_says_that_nothing_is_kept(
    page: Client, another_bucket: Callable[[VersioningState], Bucket]
) -> None:
    text = seen(page, another_bucket(VersioningState.NEVER_SET), timezone.now() - timedelta(hours=1))

    assert "never had versioning" in text
    assert "selection-form" not in text


def test_suspended_bucket_shows_and_offers_nothing(
    page: Client, another_bucket: Callable[[VersioningState], Bucket]
) -> None:
    text = seen(page, another_bucket(VersioningState.SUSPENDED), timezone.now() - timedelta(hours=1))

    assert "Switch versioning on first" in text
    assert "selection-form" not in text


def test_what_cannot_come_back_says_why_and_cannot_be_chosen(
    page: Client, yard: Bucket, put_in: Put, destroy: Callable[[str, str], None]
) -> None:
    archived = put_in("in/archived.jpg", StorageClass="GLACIER")
    assert archived
    version = put_in("in/destroyed.jpg")
    when = moment()
    put_in("in/archived.jpg", b"newer")
    delete(yard, "in/destroyed.jpg")
    destroy("in/destroyed.jpg", version)
    put_in("in/passing.jpg")
    delete(yard, "in/passing.jpg")
    JobFactory(
        bucket=yard, kind="destroy", prefix="in/", state="done", done=7,
        started_at=timezone.now(), ended_at=timezone.now(),
    )  # fmt: skip

    text = seen(page, yard, when, prefix="in/")

    assert set(rows(text)) == {"archived.jpg"}
    assert "must be restored first" in rows(text)["archived.jpg"]
    assert 'name="key"' not in text
    assert "Of 1 key nothing is left but a delete marker" in text
    assert "1 key was added and deleted again since then" in text
    assert re.search(r"Destroy versions #\d+</a>: 7", text)


def test_live_photo_that_was_added_stays(page: Client, bucket: Bucket, put: Put) -> None:
    when = moment()
    photo = PhotoFactory(bucket=bucket.name)
    put(photo.key)

    found = rows(seen(page, bucket, when, prefix=photo.key))

    (line,) = found.values()
    assert "A photo shows it" in line


def test_moments_before_jobs_are_offered(page: Client, yard: Bucket, put_in: Put, ada: User) -> None:
    put_in("in/a.jpg")
    moment()
    job = services.draft(actor=ada, kind="hide", bucket=yard, prefix="in/")
    worked_off(job, ada)

    offered = seen(page, yard)
    (url,) = re.findall(r'<a href="([^"]*)"[^>]*>Before “Delete \(hide\)', offered)
    text = page.get(html.unescape(url)).content.decode()

    assert "deleted" in rows(text)["in/a.jpg"]


def test_who_may_only_look_sees_no_button(client: Client, yard: Bucket, mishap: Mishap) -> None:
    client.force_login(in_role("Auditor"))

    text = seen(client, yard, mishap.when, prefix="in/")
    pressed = client.post(address("time_machine_draft", yard), {"which": "everything"})

    assert len(rows(text)) == 3
    assert "selection-form" not in text
    assert pressed.status_code == 403
    assert not Job.objects.exists()


def test_who_may_not_hide_rolls_no_additions_back(client: Client, yard: Bucket, mishap: Mishap) -> None:
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_bucket", "recover_object"]))
    client.force_login(user)

    job = draft(client, yard, mishap.when, "everything")
    draft(client, yard, mishap.when, "added")

    assert job.selection["changes"] == ["changed", "deleted"]
    assert Job.objects.filter(selection__changes=["added"]).count() == 0


def test_ways_to_the_page(page: Client, bucket: Bucket, put: Put, prefix: str) -> None:
    put(f"{prefix}a.jpg")
    delete(bucket, f"{prefix}a.jpg")
    here = html.escape(address("time_machine", bucket, prefix=prefix))
    undelete = f"/job/undelete/?prefix={quote(prefix, safe='')}"

    current = page.get(address("browse", bucket, prefix=prefix)).content.decode()
    deleted = page.get(address("browse", bucket, prefix=prefix, mode="deleted")).content.decode()
    kinds = page.get(address("jobs", bucket, prefix=prefix)).content.decode()

    assert here in current
    assert here in kinds
    assert undelete in deleted
    assert "Undelete this folder" in deleted
    assert undelete not in current
