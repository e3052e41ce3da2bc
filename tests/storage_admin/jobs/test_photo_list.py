"""Photos of the admin's list become a job: by its filter, read again, or by those that were ticked."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from photos.choices import PhotoStatus
from photos.filters import PetFilter
from photos.models import Photo
from portal.models import User
from portal.s3 import attributes, objects, session
from portal.s3.errors import StorageUnavailable
from storage_admin.errors import NotPossible
from storage_admin.jobs import planning, running, services, targets
from storage_admin.jobs.kinds.describing import EditTags
from storage_admin.models import Bucket, Job, JobState
from tests.factories import BucketFactory, PhotoFactory, UserFactory
from tests.storage_admin.conftest import address, in_role
from tests.storage_admin.jobs.conftest import Put

pytestmark = pytest.mark.django_db

Planned = Callable[..., Job]
Worked = Callable[[Job], Job]
LIST = "/admin/photos/photo/"
WEBP = "content_type__exact=image%2Fwebp"
TAGS = {"add": "shown=yes", "remove": ""}
HIDDEN = re.compile(r'<input type="hidden" name="photo" value="([^"]*)"')


@pytest.fixture
def gallery(yard: Bucket, put_in: Put, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Originals of five photos, three of them WebP, and an object without a row; read two at a time."""
    settings.AWS_STORAGE_BUCKET_NAME = yard.name
    monkeypatch.setattr(planning, "PAGE", 2)
    monkeypatch.setattr(EditTags, "batch_size", 2)
    for name in "abcde":
        key, body = f"photos/{name}.jpg", f"bytes of {name}".encode()
        version = put_in(key, body)
        PhotoFactory(
            bucket=yard.name, key=key, version_id=version, etag=objects.head(yard.name, key).etag,
            bytes=len(body), content_type="image/webp" if name in "abc" else "image/jpeg",
        )  # fmt: skip
    put_in("photos/without-a-row.jpg")
    return yard


@pytest.fixture
def album(settings: Any) -> Bucket:
    """The photos' bucket, as rows alone."""
    bucket: Bucket = BucketFactory()
    settings.AWS_STORAGE_BUCKET_NAME = bucket.name
    return bucket


def tagged(bucket: Bucket) -> str:
    """Return the names of the originals that have tags."""
    client = session.client()
    return "".join(
        key.removeprefix("photos/").removesuffix(".jpg")
        for key in sorted(one["Key"] for one in client.list_objects_v2(Bucket=bucket.name)["Contents"])
        if client.get_object_tagging(Bucket=bucket.name, Key=key)["TagSet"]
    )


def originals(**rule: Any) -> dict[str, Any]:
    return {"what": "originals", **rule}


@pytest.mark.servers
def test_filter_is_read_again_page_by_page_and_hits_its_photos_alone(
    gallery: Bucket, planned: Planned, worked: Worked
) -> None:
    job = planned("edit-tags", selection=originals(filter=WEBP), parameters=TAGS)
    Photo.objects.filter(key="photos/c.jpg").update(content_type="image/jpeg")
    Photo.objects.filter(key="photos/d.jpg").update(content_type="image/webp")

    worked(job)

    assert (job.total, job.plan["looked_at"]) == (3, 3)
    assert (job.state, job.done, job.failed) == (JobState.DONE, 3, 0)
    assert tagged(gallery) == "abd"


@pytest.mark.servers
def test_targets_are_the_very_versions_that_rows_name(gallery: Bucket) -> None:
    rule, cursor, found = originals(filter=""), None, []
    while True:
        page = targets.read(gallery, rule, cursor, 2)
        assert len(page.targets) <= 2
        found += page.targets
        cursor = page.cursor
        if cursor is None:
            break

    rows = set(Photo.objects.values_list("key", "version_id", "bytes"))
    assert {(one.key, one.version_id, one.bytes) for one in found} == rows
    assert len(found) == 5
    assert all(one.modified and one.storage_class for one in found)


@pytest.mark.servers
def test_what_is_not_the_photos_current_original_is_passed_over_with_its_reason(
    gallery: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    put_in("photos/a.jpg", b"by hand, on top")
    session.client().delete_object(Bucket=gallery.name, Key="photos/b.jpg")
    rows = Photo.objects.filter
    rows(key="photos/c.jpg").update(status=PhotoStatus.PENDING)
    rows(key="photos/d.jpg").update(bucket="elsewhere")

    job = worked(planned("edit-tags", selection=originals(filter=""), parameters=TAGS))

    assert (job.done, job.skipped) == (1, 4)
    assert job.result["skips"] == {"not-current": 2, "no-original": 2}
    assert {code: said["count"] for code, said in job.plan["skips"].items()} == job.result["skips"]
    session.client().delete_objects(
        Bucket=gallery.name,
        Delete={"Objects": [{"Key": "photos/a.jpg"}, {"Key": "photos/without-a-row.jpg"}]},
    )
    assert tagged(gallery) == "e"


@pytest.mark.servers
def test_originals_of_live_photos_are_never_hidden(gallery: Bucket, planned: Planned) -> None:
    job = planned("hide", selection=originals(filter=""))

    assert job.total == 0
    assert {code: said["count"] for code, said in job.plan["skips"].items()} == {"photo": 5}


@pytest.mark.servers
def test_rows_follow_the_copies_that_a_job_makes_of_them(
    gallery: Bucket, planned: Planned, worked: Worked
) -> None:
    before = dict(Photo.objects.values_list("key", "version_id"))
    headers = {"cache_control": "no-cache", "add": "", "remove": ""}

    job = worked(planned("edit-metadata", selection=originals(filter=WEBP), parameters=headers))

    after = dict(Photo.objects.values_list("key", "version_id"))
    assert (job.state, job.done) == (JobState.DONE, 3)
    assert {key for key in after if after[key] != before[key]} == {f"photos/{name}.jpg" for name in "abc"}
    assert all(attributes.read(gallery.name, key).version_id == named for key, named in after.items())


@pytest.mark.servers
def test_verifying_takes_the_list_by_its_rows_alone(gallery: Bucket, planned: Planned) -> None:
    job = planned("verify", selection={"what": "photos", "filter": WEBP})

    assert (job.total, job.plan["skips"]) == (3, {})


@pytest.mark.servers
def test_filter_that_is_none_any_more_stops_the_job_in_words(
    gallery: Bucket, planned: Planned, monkeypatch: pytest.MonkeyPatch, page: Client
) -> None:
    Photo.objects.update(pet=None)
    job = planned("edit-tags", selection=originals(filter="assigned=no"), parameters=TAGS)
    services.start(actor=job.made_by, job=job)
    monkeypatch.setattr(PetFilter, "lookups", lambda *_args: [("yes", "known")])

    assert running.work(job.pk) is False

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "does not offer “no”" in job.stopped_because
    assert tagged(gallery) == ""
    shown = page.get(reverse("admin:storage_admin_job_change", args=[job.pk]))
    assert "does not offer “no”" in html.unescape(shown.content.decode())


@pytest.mark.servers
def test_outage_while_originals_are_asked_for_leaves_the_plan_to_the_sweep(
    gallery: Bucket, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any, **_options: Any) -> Any:
        raise StorageUnavailable("away", code="SlowDown")

    job = services.draft(
        actor=ada, kind="edit-tags", bucket=gallery, selection=originals(filter=""), parameters=TAGS
    )
    monkeypatch.setattr(attributes, "read", away)

    assert running.work(job.pk) is False

    job.refresh_from_db()
    assert job.state == JobState.DRAFT
    assert "SlowDown" in job.stopped_because


@pytest.mark.servers
def test_right_to_see_photos_is_asked_again_while_the_job_runs(
    gallery: Bucket, planned: Planned, ada: User
) -> None:
    job = planned("edit-tags", selection=originals(filter=""), parameters=TAGS)
    services.start(actor=ada, job=job)
    ada.groups.clear()
    ada.user_permissions.add(Permission.objects.get(codename="edit_object"))

    running.work(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.PAUSED
    assert "photos.view_photo" in job.stopped_because


def test_draft_needs_the_right_to_see_photos_and_a_filter_that_is_one(album: Bucket) -> None:
    tags: Any = {"kind": "edit-tags", "bucket": album, "parameters": TAGS}
    blind, ada = UserFactory(rights=["storage_admin.edit_object"]), in_role("Storage admin")

    with pytest.raises(PermissionDenied, match=r"photos\.view_photo"):
        services.draft(actor=blind, selection=originals(filter=""), **tags)
    with pytest.raises(NotPossible, match="does not offer"):
        services.draft(actor=ada, selection=originals(filter="status=gone"), **tags)
    with pytest.raises(NotPossible, match="No photos live"):
        services.draft(
            actor=ada,
            kind="edit-tags",
            bucket=BucketFactory(),
            selection=originals(filter=""),
            parameters=TAGS,
        )
    with pytest.raises(NotPossible, match="selection"):
        services.draft(actor=ada, kind="destroy", bucket=album, selection=originals(filter=""))
    assert not Job.objects.exists()


def test_search_of_contact_data_is_the_drafters_and_not_the_forms(album: Bucket) -> None:
    ada = in_role("Storage admin")  # may not see owners' contact data
    forged = originals(filter="q=x", contact=True)

    job = services.draft(actor=ada, kind="edit-tags", bucket=album, selection=forged, parameters=TAGS)

    assert job.selection["contact"] is False


@pytest.mark.parametrize(
    ("role", "offered"),
    [("Storage admin", True), ("Storage operator", True), ("Curator", False), ("Auditor", False)],
)
def test_action_is_for_those_who_may_draft_a_job(
    client: Client, album: Bucket, role: str, offered: bool
) -> None:
    PhotoFactory()
    client.force_login(in_role(role))

    text = client.get(LIST).content.decode()

    assert ('value="draft_storage_job"' in text) is offered


def test_all_that_match_go_on_as_one_filter(page: Client, album: Bucket) -> None:
    chosen = [PhotoFactory(content_type="image/webp", bucket=album.name) for _ in range(3)]
    PhotoFactory()
    action = {"action": "draft_storage_job", "_selected_action": [chosen[0].pk], "select_across": "1"}

    answer = page.post(f"{LIST}?{WEBP}&p=1", action, follow=True)

    text = html.unescape(answer.content.decode())
    assert answer.redirect_chain[0] == (address("jobs", album, photos=f"?{WEBP}"), 302)
    assert "3 photos that match: status: all but the trash, type: webp" in text
    assert "Empty the bucket" not in text
    assert "Destroy versions" not in text
    form = reverse("admin:storage_admin_bucket_new_job", args=[album.pk, "edit-tags"])
    [link] = [one for one in re.findall(r'href="([^"]*)"', text) if one.startswith(form)]
    assert "3 photos that match" in page.get(link).content.decode()
    page.post(link, {**TAGS, "draft": "yes"})
    assert Job.objects.get().selection == {"what": "originals", "filter": WEBP, "contact": False}


def test_ticked_photos_go_on_by_name_through_all_forms(page: Client, album: Bucket) -> None:
    chosen = [str(PhotoFactory().pk) for _ in range(2)]
    PhotoFactory()
    action = {"action": "draft_storage_job", "_selected_action": chosen, "select_across": "0"}

    answer = page.post(LIST, action, follow=True)

    text = answer.content.decode()
    assert answer.redirect_chain == [(address("jobs", album).rstrip("?"), 307)]
    assert "2 chosen photos" in text
    assert set(HIDDEN.findall(text)) == set(chosen)
    form = reverse("admin:storage_admin_bucket_new_job", args=[album.pk, "edit-tags"])
    carried = HIDDEN.findall(page.post(form, {"photo": chosen}).content.decode())
    page.post(form, {**TAGS, "photo": carried, "draft": "yes"})
    job = Job.objects.get()
    assert set(job.selection["ids"]) == set(chosen)
    shown = page.get(reverse("admin:storage_admin_job_change", args=[job.pk]))
    assert "2 chosen photos" in shown.content.decode()


def test_job_page_tells_the_filter_and_leads_to_the_list(page: Client, album: Bucket) -> None:
    job = services.draft(
        actor=in_role("Storage admin"), kind="edit-tags", bucket=album, parameters=TAGS,
        selection=originals(filter="q=%3Cb%3E&status=ready"),
    )  # fmt: skip

    text = page.get(reverse("admin:storage_admin_job_change", args=[job.pk])).content.decode()

    assert f'<a href="{LIST}?q=%3Cb%3E&amp;status=ready">' in text
    assert "photos that match: status: ready, search: &lt;b&gt;" in text


def test_pages_refuse_photos_to_the_blind_a_foreign_bucket_and_an_old_filter(
    client: Client, page: Client, album: Bucket
) -> None:
    here = address("jobs", album, photos="?status=ready")
    assert page.get(here).status_code == 200
    assert page.get(address("jobs", BucketFactory(), photos="?")).status_code == 404
    old = page.get(address("jobs", album, photos="?status=gone"))
    assert old["Location"] == LIST
    assert "does not offer" in str(next(iter(get_messages(old.wsgi_request))))
    client.force_login(UserFactory(rights=["storage_admin.view_bucket"]))
    assert client.get(here).status_code == 403


def test_action_without_the_buckets_row_says_so(page: Client, settings: Any) -> None:
    settings.AWS_STORAGE_BUCKET_NAME = "not-looked-for-yet"
    photo = PhotoFactory()

    answer = page.post(LIST, {"action": "draft_storage_job", "_selected_action": [photo.pk]})

    assert "not in the list of buckets yet" in str(next(iter(get_messages(answer.wsgi_request))))


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_command_takes_the_lists_query_string(
    gallery: Bucket, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("storage_admin.tasks.run_job.delay", lambda _job_id: None)

    call_command("edit_tags", bucket=gallery.name, photos=WEBP, add="shown=yes")
    with pytest.raises(CommandError, match="does not offer"):
        call_command("edit_tags", bucket=gallery.name, photos="status=gone", add="shown=yes")

    assert "would work on 3" in capsys.readouterr().out
    assert tagged(gallery) == "abc"
