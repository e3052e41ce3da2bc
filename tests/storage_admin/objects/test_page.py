"""The page of one object and its buttons: what they do, what they refuse, and what is kept of it."""

import html
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from portal.audit import AuditEvent
from portal.s3 import listing, session, versioning
from portal.s3.attributes import read as facts
from portal.s3.errors import ObjectNotFound
from portal.s3.types import VersioningState
from storage_admin.objects import services
from tests.factories import BucketFactory, PetFactory, PhotoFactory
from tests.storage_admin.conftest import address
from tests.store import answering, refusal, use_store

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def entries(bucket, key):
    return listing.key_versions(bucket.name, key, size=100).versions


def delete(bucket, key) -> str:
    return session.client().delete_object(Bucket=bucket.name, Key=key)["VersionId"]


def said(response) -> str:
    """What the page after a button press tells."""
    return " ".join(str(message) for message in response.context["messages"])


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("id"))


# --- What is shown -------------------------------------------------------------------------------


def test_page_shows_what_head_says_now(page, bucket, prefix, put) -> None:
    key = f"{prefix}a.txt"
    version = put(
        key, b"12345", ContentType="text/plain", CacheControl="max-age=7",
        Metadata={"who": "<b>ann</b>"}, Tagging="kind=<i>",
    )  # fmt: skip

    text = page.get(address("object", bucket, key=key)).text

    for shown in ("5 B (5 bytes)", "text/plain", "max-age=7", "&lt;b&gt;ann&lt;/b&gt;", "&lt;i&gt;", version):
        assert shown in text
    assert "<b>ann" not in text


def test_page_asks_the_store_six_things(page, bucket, prefix, put, store_calls) -> None:
    put(f"{prefix}a")
    store_calls.clear()

    page.get(address("object", bucket, key=f"{prefix}a"))

    assert store_calls == [
        "GetBucketVersioning", "ListObjectVersions", "HeadObject", "GetObjectTagging",
        "GetBucketOwnershipControls", "GetObjectLockConfiguration",
    ]  # fmt: skip


def test_timeline_is_of_exactly_this_key_newest_first(page, bucket, prefix, put) -> None:
    key = f"{prefix}a.jpg"
    first = put(key, b"1")
    marker = delete(bucket, key)
    second = put(key, b"2")
    put(f"{key}.bak")

    timeline = page.get(address("object", bucket, key=key)).context["timeline"]

    found = [entry["version"].version_id for entry in timeline]
    assert found[0] == second
    assert sorted(found) == sorted([first, marker, second])


def test_timeline_of_many_versions_has_pages(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    wanted = {put(key, b"%d" % number) for number in range(30)}
    put(f"{key}.bak")

    first = page.get(address("object", bucket, key=key))
    second = page.get(first.context["older_url"])

    seen = [entry["version"].version_id for one in (first, second) for entry in one.context["timeline"]]
    assert len(seen) == 30
    assert set(seen) == wanted
    assert not second.context["older_url"]
    assert all(entry["restore_url"] for entry in second.context["timeline"])


def test_older_version_shows_its_own_facts(page, bucket, prefix, put) -> None:
    old = put(f"{prefix}a", b"1")
    put(f"{prefix}a", b"22")

    response = page.get(address("object", bucket, key=f"{prefix}a", version=old))

    assert response.context["facts"].bytes == 1
    assert "an older version" in response.text
    assert "Delete (hide)" not in response.text


def test_marker_opens_as_a_marker(page, bucket, prefix, put) -> None:
    put(f"{prefix}a")
    marker = delete(bucket, f"{prefix}a")
    put(f"{prefix}a")

    response = page.get(address("object", bucket, key=f"{prefix}a", version=marker))

    assert response.status_code == 200
    assert "a delete marker" in response.text
    assert not response.context["download_url"]


def test_photo_is_linked_and_its_version_marked(page, bucket, put) -> None:
    photo = PhotoFactory(pet=PetFactory(), bucket=bucket.name, renditions=True)
    photo.version_id = put(photo.key)
    photo.save()

    response = page.get(address("object", bucket, key=photo.key))

    assert photo.get_absolute_url() in response.text
    assert "shown by the photo" in response.text


def test_unreadable_tags_are_told_and_the_rest_shown(page, bucket, prefix, put) -> None:
    put(f"{prefix}a", b"12345")

    with answering("GetObjectTagging", refusal(403, "AccessDenied")):
        text = page.get(address("object", bucket, key=f"{prefix}a")).text

    assert "They could not be read" in text
    assert "5 B (5 bytes)" in text


def test_unlisted_versions_are_told_and_the_rest_shown(page, bucket, prefix, put) -> None:
    put(f"{prefix}a", b"12345")

    with answering("ListObjectVersions", refusal(501, "NotImplemented")):
        text = page.get(address("object", bucket, key=f"{prefix}a")).text

    assert "The versions could not be read" in text
    assert "5 B (5 bytes)" in text
    assert "Delete (hide)" not in text


def test_object_that_is_not_there_says_so(page, bucket, prefix, put) -> None:
    put(f"{prefix}a.bak")

    response = page.get(address("object", bucket, key=f"{prefix}a"))

    assert response.status_code == 404
    assert "There is no such object" in response.text


def test_version_that_is_not_there_says_so(page, bucket, prefix, put) -> None:
    put(f"{prefix}a")

    response = page.get(address("object", bucket, key=f"{prefix}a", version="0" * 32))

    assert response.status_code == 404
    assert "no such version" in response.text


@pytest.mark.parametrize("name", ["object", "download"])
def test_pages_of_objects_while_the_store_is_away_are_calm(page, no_store, name) -> None:
    assert page.get(address(name, BucketFactory(), key="a")).status_code == 503


@pytest.mark.parametrize("name", ["link", "hide", "undelete", "restore"])
def test_buttons_while_the_store_is_away_are_calm(page, no_store, name) -> None:
    response = page.post(address(name, BucketFactory(), key="a", version="v", newest="w"))

    assert response.status_code == 503
    assert AuditEvent.objects.get().outcome == AuditEvent.Outcome.FAILED


@pytest.mark.parametrize(
    ("name", "operation"),
    [("hide", "DeleteObject"), ("restore", "CopyObject"), ("link", "HeadObject"), ("download", "HeadObject")],
)
def test_refusals_of_the_store_are_told_with_their_code(page, bucket, prefix, put, name, operation) -> None:
    key = f"{prefix}a"
    old, new = put(key, b"1"), put(key, b"2")
    version = old if name == "restore" else new
    where = address(name, bucket, key=key, version=version, newest=new)

    with answering(operation, refusal(403, "AccessDenied")):
        response = page.get(where) if name == "download" else page.post(where)

    told = page.get(address("object", bucket, key=key)) if response.status_code == 302 else response
    assert "AccessDenied" in told.text or "403" in told.text
    assert AuditEvent.objects.get().outcome == AuditEvent.Outcome.FAILED


@pytest.mark.parametrize("name", ["object", "download", "link", "hide", "undelete", "restore"])
def test_pages_of_a_bucket_that_is_gone_say_so(page, photo_bucket, name) -> None:
    row = BucketFactory(name="gone-for-good")
    where = address(name, row, key="a", version="v", newest="w")

    response = page.get(where) if name in {"object", "download"} else page.post(where, follow=True)

    assert response.status_code in {404, 502}
    assert "no such" in response.text


def test_address_without_a_key_is_not_found(page, bucket) -> None:
    assert page.get(address("object", bucket)).status_code == 404
    assert page.post(address("hide", bucket, key="a")).status_code == 404


def test_restore_without_the_newest_version_that_was_seen_is_not_found(page, bucket) -> None:
    assert page.post(address("restore", bucket, key="a", version="v")).status_code == 404


# --- Hide and undelete ---------------------------------------------------------------------------


def test_hiding_puts_a_marker_and_offers_undo(page, bucket, prefix, put, ada) -> None:
    key = f"{prefix}a <b>\n.jpg"
    version = put(key)
    text = html.unescape(page.get(address("object", bucket, key=key)).text)
    assert address("hide", bucket, key=key, version=version) in text

    response = page.post(address("hide", bucket, key=key, version=version), follow=True)

    [marker, old] = entries(bucket, key)
    assert (marker.is_delete_marker, old.version_id) == (True, version)
    [event] = events("object.hidden")
    assert (event.actor, event.key, event.version_id) == (ada, key, version)
    assert event.after == {"marker": marker.version_id}
    assert "Undelete" in response.text
    [undo] = re.findall(r'formaction="([^"]*undelete[^"]*)"', said(response))

    page.post(html.unescape(undo))

    assert [one.version_id for one in entries(bucket, key)] == [version]


def test_undelete_touches_this_key_alone(page, bucket, prefix, put) -> None:
    version, _bak = put(f"{prefix}a.jpg"), put(f"{prefix}a.jpg.bak")
    marker, other = delete(bucket, f"{prefix}a.jpg"), delete(bucket, f"{prefix}a.jpg.bak")

    response = page.post(address("undelete", bucket, key=f"{prefix}a.jpg", version=marker), follow=True)

    assert "is back" in said(response)
    assert [one.version_id for one in entries(bucket, f"{prefix}a.jpg")] == [version]
    assert entries(bucket, f"{prefix}a.jpg.bak")[0].version_id == other
    [event] = events("object.undeleted")
    assert event.after == {"removed_markers": [marker]}


def test_undelete_removes_markers_that_lie_on_each_other(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key)
    delete(bucket, key)
    marker = delete(bucket, key)

    response = page.post(address("undelete", bucket, key=key, version=marker), follow=True)

    assert "2 delete markers were removed" in said(response)
    assert facts(bucket.name, key).bytes == 5


def test_undelete_keeps_older_markers_below_a_version(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key)
    below = delete(bucket, key)
    put(key)
    marker = delete(bucket, key)

    page.post(address("undelete", bucket, key=key, version=marker))

    assert below in {one.version_id for one in entries(bucket, key)}


def test_undelete_leaves_a_marker_that_somebody_adds_meanwhile(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key)
    marker = delete(bucket, key)
    fresh: list[str] = []

    def interfere() -> None:
        fresh.append(delete(bucket, key))

    with answering("DeleteObjects", interfere, times=1):
        response = page.post(address("undelete", bucket, key=key, version=marker), follow=True)

    assert "another one is there" in said(response)
    assert [one.version_id for one in entries(bucket, key) if one.is_delete_marker] == fresh
    [event] = events("object.undeleted")
    assert (event.outcome, event.after) == (AuditEvent.Outcome.FAILED, {"removed_markers": [marker]})


def test_marker_that_the_store_keeps_is_not_called_removed(page, another_bucket, put) -> None:
    """SeaweedFS says "Deleted" of the marker `null`, and keeps it."""
    bucket = another_bucket(VersioningState.ENABLED)
    old = put("a", into=bucket.name)
    versioning.suspend(bucket.name)
    marker = delete(bucket, "a")

    response = page.post(address("undelete", bucket, key="a", version=marker), follow=True)
    page.post(address("restore", bucket, key="a", version=old, newest=marker))

    assert "keeps this delete marker" in said(response)
    assert events("object.undeleted")[0].outcome == AuditEvent.Outcome.REFUSED
    assert facts(bucket.name, "a").bytes == 5


def test_undelete_of_a_key_with_markers_alone_is_refused(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key)
    marker = delete(bucket, key)
    session.client().delete_object(Bucket=bucket.name, Key=key, VersionId=version)

    shown = page.get(address("object", bucket, key=key))
    response = page.post(address("undelete", bucket, key=key, version=marker), follow=True)

    assert "Only delete markers are left" in shown.text
    assert "nothing to bring back" in said(response)
    assert [one.version_id for one in entries(bucket, key)] == [marker]


def test_undelete_from_the_list_leads_back_to_it(page, bucket, prefix, put) -> None:
    put(f"{prefix}a")
    marker = delete(bucket, f"{prefix}a")
    where = address("browse", bucket, prefix=prefix, mode="deleted")
    assert "Undelete" in page.get(where).text

    response = page.post(address("undelete", bucket, key=f"{prefix}a", version=marker), {"next": where})

    assert response["Location"] == where


def test_buttons_lead_to_no_other_site(page, bucket, prefix, put) -> None:
    version = put(f"{prefix}a")

    response = page.post(
        address("hide", bucket, key=f"{prefix}a", version=version), {"next": "https://evil.test/"}
    )

    assert response["Location"].startswith("/admin/")


@pytest.mark.parametrize("name", ["hide", "undelete", "restore"])
def test_stale_forms_are_refused(page, bucket, prefix, put, name) -> None:
    key = f"{prefix}a"
    old = put(key, b"1")
    seen = delete(bucket, key) if name == "undelete" else put(key, b"2")
    put(key, b"by somebody else")
    before = entries(bucket, key)

    version = old if name == "restore" else seen
    response = page.post(address(name, bucket, key=key, version=version, newest=seen), follow=True)

    assert "changed meanwhile" in said(response)
    assert entries(bucket, key) == before
    assert AuditEvent.objects.get().outcome == AuditEvent.Outcome.REFUSED


@pytest.mark.parametrize("operation", ["DeleteObject", "CopyObject"])
def test_change_at_the_last_moment_is_refused_by_the_store_itself(
    page, bucket, prefix, put, operation
) -> None:
    key = f"{prefix}a"
    old, new = put(key, b"1"), put(key, b"2")
    name, version = ("hide", new) if operation == "DeleteObject" else ("restore", old)
    writes = iter([lambda: put(key, b"by somebody else")])

    def interfere() -> None:
        next(writes, lambda: "")()

    with answering(operation, interfere, times=1):
        response = page.post(address(name, bucket, key=key, version=version, newest=new), follow=True)

    assert "changed meanwhile" in said(response)
    assert not entries(bucket, key)[0].is_delete_marker
    assert len(entries(bucket, key)) == 3


def test_original_of_a_live_photo_is_not_hidden(page, bucket, put) -> None:
    photo = PhotoFactory(pet=PetFactory(), bucket=bucket.name)
    version = put(photo.key)
    shown = page.get(address("object", bucket, key=photo.key))
    assert "move it to the trash" in shown.text
    assert "Delete (hide)" not in shown.text

    response = page.post(address("hide", bucket, key=photo.key, version=version), follow=True)

    assert "Move the photo to the trash" in said(response)
    assert [one.version_id for one in entries(bucket, photo.key)] == [version]
    assert events("object.hidden")[0].outcome == AuditEvent.Outcome.REFUSED


@pytest.mark.parametrize(
    ("state", "words"),
    [(VersioningState.NEVER_SET, "for good"), (VersioningState.SUSPENDED, "destroys the version “null”")],
)
def test_delete_that_would_destroy_is_explained_and_not_offered(
    page, another_bucket, put, state, words
) -> None:
    bucket = another_bucket(state)
    put("a", into=bucket.name)

    shown = page.get(address("object", bucket, key="a"))
    response = page.post(address("hide", bucket, key="a", version="null"), follow=True)

    assert words in shown.text
    assert "Delete (hide)" not in shown.text
    assert "would destroy" in said(response)
    assert facts(bucket.name, "a").bytes == 5


def test_hiding_asks_for_the_state_of_the_bucket_again(page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.ENABLED)
    version = put("a", into=bucket.name)
    assert "Delete (hide)" in page.get(address("object", bucket, key="a")).text
    versioning.suspend(bucket.name)

    page.post(address("hide", bucket, key="a", version=version))

    assert facts(bucket.name, "a").version_id == version


# --- Restore -------------------------------------------------------------------------------------


def test_restored_version_is_the_newest_with_all_it_had(page, bucket, prefix, put, ada) -> None:
    key = f"{prefix}a b+%20é.txt"
    old = put(
        key, b"first", ContentType="text/plain", CacheControl="max-age=7", Metadata={"who": "ann"},
        Tagging="kind=first",
    )  # fmt: skip
    new = put(key, b"second")

    response = page.post(address("restore", bucket, key=key, version=old, newest=new), follow=True)

    assert "copied on top" in said(response)
    assert len(entries(bucket, key)) == 3
    restored = facts(bucket.name, key)
    assert (restored.headers.content_type, restored.headers.cache_control) == ("text/plain", "max-age=7")
    assert restored.metadata == {"who": "ann"}
    assert response.context["found"].tags == {"kind": "first"}
    body = session.client().get_object(Bucket=bucket.name, Key=key)["Body"].read()
    assert body == b"first"
    [event] = events("object.restored")
    assert (event.actor, event.version_id) == (ada, old)
    assert event.before == {"newest": new}
    assert (event.after or {})["newest"] == restored.version_id


def test_version_below_a_marker_is_restored(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    old = put(key, b"first")
    marker = delete(bucket, key)

    page.post(address("restore", bucket, key=key, version=old, newest=marker))

    assert facts(bucket.name, key).bytes == 5


def test_null_version_is_restored(page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)
    put("a", b"before versioning", into=bucket.name)
    versioning.enable(bucket.name)
    new = put("a", b"after", into=bucket.name)

    page.post(address("restore", bucket, key="a", version="null", newest=new))

    assert facts(bucket.name, "a").bytes == len(b"before versioning")


def test_large_versions_are_not_copied_from_a_page(page, bucket, prefix, put, monkeypatch) -> None:
    monkeypatch.setattr(services, "MAX_RESTORE_BYTES", 3)
    old, new = put(f"{prefix}a", b"four"), put(f"{prefix}a", b"2")

    response = page.post(address("restore", bucket, key=f"{prefix}a", version=old, newest=new), follow=True)

    assert "at most 3 B" in said(response)
    assert len(entries(bucket, f"{prefix}a")) == 2


# --- Download and links --------------------------------------------------------------------------


def test_download_is_a_short_link_to_exactly_this_version(page, bucket, prefix, put, ada) -> None:
    key = f'{prefix}a "b"\n;.html'
    old = put(key, b"<script>1</script>", ContentType="text/html")
    put(key, b"newer")

    response = page.get(address("download", bucket, key=key, version=old))

    query = parse_qs(urlsplit(response["Location"]).query)
    assert int(query["X-Amz-Expires"][0]) <= 300
    with urlopen(response["Location"]) as opened:
        assert opened.read() == b"<script>1</script>"
        assert opened.headers["Content-Type"] == "application/octet-stream"
        assert opened.headers["Content-Disposition"].startswith("attachment")
    [event] = events("object.downloaded")
    assert (event.actor, event.version_id) == (ada, old)


def test_download_passes_through_the_portal_where_browsers_cannot_reach_the_store(
    page, bucket, prefix, put, seaweedfs, settings
) -> None:
    put(f"{prefix}a", b"12345", ContentType="text/html")
    use_store(settings, seaweedfs.endpoint_url)

    response = page.get(address("download", bucket, key=f"{prefix}a"))

    assert b"".join(response.streaming_content) == b"12345"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"


def test_temporary_link_opens_and_tells_its_true_end(page, bucket, prefix, put) -> None:
    version = put(f"{prefix}a", b"12345")

    response = page.post(address("link", bucket, key=f"{prefix}a", version=version), {"hours": "168"})

    link = response.context["link"]
    with urlopen(link.url) as opened:
        assert opened.read() == b"12345"
    query = parse_qs(urlsplit(link.url).query)
    assert int(query["X-Amz-Expires"][0]) <= 604_800
    assert query["versionId"] == [version]
    assert abs(link.ends_at - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    [event] = events("object.shared")
    assert "ends_at" in (event.after or {})
    assert "X-Amz-Signature" not in str(event.after)


def test_link_asked_for_an_odd_time_lasts_an_hour(page, bucket, prefix, put) -> None:
    put(f"{prefix}a")

    link = page.post(address("link", bucket, key=f"{prefix}a"), {"hours": "100000"}).context["link"]

    assert link.ends_at - datetime.now(UTC) <= timedelta(hours=1)


def test_link_to_a_deleted_object_is_refused(page, bucket, prefix, put) -> None:
    """96"""
    put(f"{prefix}a")
    delete(bucket, f"{prefix}a")

    response = page.post(address("link", bucket, key=f"{prefix}a"), {"hours": "1"})

    assert response.status_code == 404
    assert "X-Amz-Signature" not in response.text


def test_archived_objects_are_to_be_restored_first(page, bucket, prefix, put) -> None:
    put(f"{prefix}a", StorageClass="GLACIER")

    response = page.get(address("download", bucket, key=f"{prefix}a"), follow=True)

    assert "must be restored" in said(response)


def test_missing_object_raises_its_own_error(bucket, prefix) -> None:
    """What the pages above lean on."""
    with pytest.raises(ObjectNotFound):
        facts(bucket.name, f"{prefix}none")
