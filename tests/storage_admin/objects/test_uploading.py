"""New versions and new objects from files: what is refused, what stays, what is kept in the audit."""

import hashlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from photos import keys
from portal.audit import AuditEvent
from portal.s3 import listing, session, tags, versioning
from portal.s3.attributes import read as facts
from portal.s3.types import VersioningState
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket
from storage_admin.objects import uploading
from tests.factories import BucketFactory, UserFactory
from tests.storage_admin.conftest import address, in_role
from tests.storage_admin.objects.test_forms import filled
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def file(name: str = "b.txt", content: bytes = b"second") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "text/html")  # what browsers say of the type is not asked


def count(bucket: Bucket, key: str) -> int:
    return len(listing.key_versions(bucket.name, key, size=100).versions)


def body(bucket: Bucket, key: str) -> bytes:
    return session.client().get_object(Bucket=bucket.name, Key=key)["Body"].read()


def sent(response: Any, **changes: Any) -> dict[str, Any]:
    return {"file": file(), **filled(response), **changes}


# --- A new version -----------------------------------------------------------------------------------


def test_new_version_keeps_all_that_stood_beside_the_old_one(page, bucket, prefix, put, ada) -> None:
    key = f"{prefix}a.txt"
    old = put(
        key, b"first", ContentType="text/plain", CacheControl="max-age=7", Metadata={"who": "ann"},
        Tagging="kind=x%2By", StorageClass="STANDARD_IA",
    )  # fmt: skip
    where = address("upload", bucket, key=key, version=old)
    form = page.get(where)
    assert "This adds a version" in form.text
    assert 'enctype="multipart/form-data"' in form.text

    response = page.post(where, sent(form), follow=True)

    assert "uploaded as the newest version" in response.text
    found = facts(bucket.name, key)
    assert (body(bucket, key), count(bucket, key)) == (b"second", 2)
    assert (found.headers.content_type, found.headers.cache_control) == ("text/plain", "max-age=7")
    assert (found.metadata, found.storage_class) == ({"who": "ann"}, "STANDARD_IA")
    assert tags.of_object(bucket.name, key) == {"kind": "x+y"}
    event = AuditEvent.objects.get(action="object.uploaded")
    assert (event.actor, event.version_id, event.outcome) == (ada, found.version_id, "done")
    assert event.before is not None
    assert event.after is not None
    assert event.before["version"] == old
    assert event.after["sha256"] == hashlib.sha256(b"second").hexdigest()


def test_type_and_class_of_a_new_version_can_be_changed(page, bucket, prefix, put) -> None:
    key = f"{prefix}a.txt"
    version = put(key, ContentType="text/plain")
    where = address("upload", bucket, key=key, version=version)
    form = page.get(where)

    assert "A type looks like" in page.post(where, sent(form, content_type="<script>")).text
    page.post(where, sent(form, content_type="image/png", storage_class="STANDARD_IA"))

    found = facts(bucket.name, key)
    assert (found.headers.content_type, found.storage_class) == ("image/png", "STANDARD_IA")


def test_empty_type_is_guessed_by_the_key(page, bucket, prefix, put) -> None:
    key = f"{prefix}a.png"
    version = put(key, ContentType="text/plain")
    where = address("upload", bucket, key=key, version=version)

    page.post(where, sent(page.get(where), content_type=""))

    assert facts(bucket.name, key).headers.content_type == "image/png"


def test_version_over_one_that_somebody_else_wrote_is_refused(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key)
    where = address("upload", bucket, key=key)
    form = page.get(where)
    put(key, b"by somebody else")

    response = page.post(where, sent(form))

    assert version
    assert response.status_code == 409
    assert body(bucket, key) == b"by somebody else"
    assert AuditEvent.objects.get(action="object.uploaded").outcome == "refused"


def test_write_at_the_last_moment_is_refused_by_the_store_itself(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key)
    where = address("upload", bucket, key=key)
    form = page.get(where)
    writes = iter([lambda: put(key, b"by somebody else")])

    def interfere() -> None:
        next(writes, lambda: "")()

    with answering("PutObject", interfere, times=1):
        page.post(where, sent(form))

    assert body(bucket, key) == b"by somebody else"


@pytest.mark.parametrize("state", [VersioningState.NEVER_SET, VersioningState.SUSPENDED])
def test_bytes_that_nothing_keeps_are_overwritten_by_those_who_may_destroy(
    client, another_bucket, put, state
) -> None:
    bucket = another_bucket(state)
    put("a", b"first", into=bucket.name)
    where = address("upload", bucket, key="a")
    client.force_login(UserFactory(rights=["storage_admin.view_bucket", uploading.UPLOAD]))
    form = client.get(where)
    assert "lost for good" in form.text
    assert "Your account may not do that" in form.text
    assert client.post(where, sent(form)).status_code == 403
    assert body(bucket, "a") == b"first"

    client.force_login(in_role("Storage admin"))
    client.post(where, sent(client.get(where)))

    assert body(bucket, "a") == b"second"
    event = AuditEvent.objects.filter(action="object.uploaded", outcome="done").get()
    assert event.before is not None
    assert event.before["kept"] is False


def test_suspended_bucket_keeps_a_version_with_an_id(page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.ENABLED)
    put("a", into=bucket.name)
    versioning.suspend(bucket.name)

    assert "This adds a version" in page.get(address("upload", bucket, key="a")).text


def test_photos_are_uploaded_elsewhere(page, bucket, put) -> None:
    key = f"{keys.ORIGINALS}x/a.jpg"
    version = put(key)

    response = page.get(address("upload", bucket, key=key, version=version))

    assert "Upload photos on the page for that" in response.text
    with pytest.raises(NotPossible, match="Upload photos"):
        uploading.upload(actor=None, bucket=bucket, key=key, file=file(), overwrite=True)
    assert body(bucket, key) == b"bytes"


def test_file_that_is_too_large_is_refused(page, bucket, prefix, put, settings) -> None:
    settings.MAX_UPLOAD_BYTES = 5
    put(f"{prefix}a")
    where = address("upload", bucket, key=f"{prefix}a")

    response = page.post(where, sent(page.get(where)))

    assert "at most 5 B are taken" in response.text
    assert body(bucket, f"{prefix}a") == b"bytes"


def test_bytes_that_the_store_got_otherwise_are_no_success(page, bucket, prefix, put) -> None:
    put(f"{prefix}a")
    where = address("upload", bucket, key=f"{prefix}a")
    form = page.get(where)

    with answering("PutObject", refusal(400, "BadDigest")):
        response = page.post(where, sent(form))

    assert response.status_code == 502
    assert "not the ones that were announced" in response.text
    assert AuditEvent.objects.get(action="object.uploaded").outcome == "failed"


# --- New objects below a prefix ------------------------------------------------------------------------


def test_files_become_objects_below_the_folder(page, bucket, prefix, ada) -> None:
    where = address("upload_here", bucket, prefix=f"{prefix}beginning-of-a-name")
    form = page.get(where)
    assert form.context["folder"] == prefix

    response = page.post(where, {"files": [file("a b+%.png"), file("b.tar.gz")]}, follow=True)

    assert "2 files are uploaded" in response.text
    assert response.redirect_chain[-1][0] == address("browse", bucket, prefix=prefix)
    assert body(bucket, f"{prefix}a b+%.png") == b"second"
    assert facts(bucket.name, f"{prefix}a b+%.png").headers.content_type == "image/png"
    assert facts(bucket.name, f"{prefix}b.tar.gz").headers.content_type == "application/gzip"
    events = AuditEvent.objects.filter(action="object.uploaded", actor=ada, outcome="done")
    assert {event.key for event in events} == {f"{prefix}a b+%.png", f"{prefix}b.tar.gz"}


def test_object_of_the_same_name_is_overwritten_only_when_told(page, bucket, prefix, put) -> None:
    put(f"{prefix}b.txt", b"first")
    where = address("upload_here", bucket, prefix=prefix)

    response = page.post(where, {"files": [file("b.txt"), file("new.txt")]})

    assert response.status_code == 409
    assert "There is an object of this name already" in response.text
    assert [answer.is_done for answer in response.context["answers"]] == [False, True]
    assert body(bucket, f"{prefix}b.txt") == b"first"
    page.post(where, {"files": file("b.txt"), "overwrite": "on", "storage_class": "STANDARD_IA"})
    assert body(bucket, f"{prefix}b.txt") == b"second"
    assert count(bucket, f"{prefix}b.txt") == 2
    assert facts(bucket.name, f"{prefix}b.txt").storage_class == "STANDARD_IA"


def test_large_file_passes_through_the_disk_whole(page, bucket, prefix, settings) -> None:
    content = b"0123456789" * settings.FILE_UPLOAD_MAX_MEMORY_SIZE

    page.post(address("upload_here", bucket, prefix=prefix), {"files": file("big.bin", content)})

    assert body(bucket, f"{prefix}big.bin") == content


def test_store_that_goes_away_in_between_is_told_file_by_file(page, bucket, prefix) -> None:
    answers = iter([None, None])

    def away() -> Any:
        return next(answers, refusal(503, "SlowDown")())

    with answering("PutObject", away):
        response = page.post(
            address("upload_here", bucket, prefix=prefix),
            {"files": [file(name) for name in ("a.txt", "b.txt", "c.txt")]},
        )

    assert response.status_code == 409
    assert [answer.is_done for answer in response.context["answers"]] == [True, True, False]
    assert "It may be stored all the same" in response.text


def test_key_that_somebody_takes_at_the_last_moment_is_not_overwritten(page, bucket, prefix, put) -> None:
    key = f"{prefix}b.txt"
    writes = iter([lambda: put(key, b"by somebody else")])

    def interfere() -> None:
        next(writes, lambda: "")()

    with answering("PutObject", interfere, times=1):
        response = page.post(address("upload_here", bucket, prefix=prefix), {"files": file("b.txt")})

    assert response.status_code == 409
    assert body(bucket, key) == b"by somebody else"


def test_deleted_object_is_uploaded_anew(page, bucket, prefix, put) -> None:
    put(f"{prefix}b.txt", b"first")
    session.client().delete_object(Bucket=bucket.name, Key=f"{prefix}b.txt")

    page.post(address("upload_here", bucket, prefix=prefix), {"files": file("b.txt")})

    assert body(bucket, f"{prefix}b.txt") == b"second"
    assert count(bucket, f"{prefix}b.txt") == 3


def test_hostile_names_are_shown_and_never_run(page, bucket, prefix) -> None:
    name = "<img src=x onerror=alert(1)>.txt"
    page.post(address("upload_here", bucket, prefix=prefix), {"files": file(name)})

    response = page.post(address("upload_here", bucket, prefix=prefix), {"files": file(name)})

    assert body(bucket, prefix + name) == b"second"
    assert "<img src=x" not in response.text
    assert "&lt;img src=x" in response.text


def test_folder_of_photos_says_where_to_upload_them(page, bucket) -> None:
    where = address("upload_here", bucket, prefix="photos/x/")

    response = page.get(where)

    assert "Upload photos on the page for that" in response.text
    assert response.context["form"] is None
    assert "Upload here" not in page.get(address("browse", bucket, prefix="photos/x/")).text
    assert page.post(where, {"files": file()}).status_code == 409


def test_form_without_a_file_says_so(page, bucket, prefix) -> None:
    response = page.post(address("upload_here", bucket, prefix=prefix), {})

    assert response.status_code == 200
    assert "This field is required" in response.text


def test_button_stands_in_the_browser_for_those_who_may(client, bucket, prefix, put) -> None:
    put(f"{prefix}a")
    shown = {}
    for role in ("Auditor", "Storage operator", "Storage admin"):
        client.force_login(in_role(role))
        shown[role] = "Upload here" in client.get(address("browse", bucket, prefix=prefix)).text
        status = client.get(address("upload_here", bucket, prefix=prefix)).status_code
        assert (status == 200) is shown[role]

    assert shown == {"Auditor": False, "Storage operator": False, "Storage admin": True}


def test_store_that_is_away_or_refuses_is_told(page, bucket, prefix, request) -> None:
    where = address("upload_here", bucket, prefix=prefix)
    with answering("PutObject", refusal(403, "AccessDenied")):
        refused = page.post(where, {"files": file()})
    request.getfixturevalue("no_store")

    away = page.post(address("upload_here", BucketFactory(), prefix=""), {"files": file()})

    assert "AccessDenied" in refused.text
    assert refused.status_code == 409
    assert away.status_code == 503


def test_key_that_is_too_long_is_refused(page, bucket) -> None:
    response = page.post(address("upload_here", bucket, prefix="x" * 1_020 + "/"), {"files": file()})

    assert "more than 1024 bytes" in response.text
