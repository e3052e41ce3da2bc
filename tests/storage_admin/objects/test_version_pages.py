"""Pictures of versions, and two versions side by side: safe to show, kept in the audit, calm in trouble."""

import pytest

from photos import keys
from portal.audit import AuditEvent
from portal.s3 import session
from storage_admin.objects import previews
from tests import pictures
from tests.factories import BucketFactory, UserFactory
from tests.storage_admin.conftest import address, in_role
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def events() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="object.previewed").order_by("id"))


# --- The picture -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored_type", ["image/png", "text/html", "image/svg+xml"])
def test_picture_is_told_by_its_bytes_and_sandboxed(page, bucket, prefix, put, ada, stored_type) -> None:
    data = pictures.jpeg(40, 30)
    version = put(f'{prefix}a"\n;.jpg', data, ContentType=stored_type)

    response = page.get(address("picture", bucket, key=f'{prefix}a"\n;.jpg', version=version))

    assert b"".join(response.streaming_content) == data
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Content-Disposition"].startswith("inline; filename=")
    assert int(response["Content-Length"]) == len(data)
    [event] = events()
    assert (event.actor, event.version_id, event.outcome) == (ada, version, "done")


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"",
        b"II*\x00 a tiff",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heic",
    ],
)
def test_what_is_no_picture_is_not_shown(page, bucket, prefix, put, data) -> None:
    put(f"{prefix}a.jpg", data, ContentType="image/jpeg")

    response = page.get(address("picture", bucket, key=f"{prefix}a.jpg"))

    assert response.status_code == 415
    assert response["Content-Type"].startswith("text/plain")
    assert "sandbox" in response["Content-Security-Policy"]
    assert b"<script" not in response.content
    assert events()[0].outcome == "refused"


def test_large_and_archived_pictures_are_not_shown(page, bucket, prefix, put, monkeypatch) -> None:
    put(f"{prefix}large.jpg", pictures.jpeg(40, 30))
    put(f"{prefix}cold.jpg", pictures.jpeg(40, 30), StorageClass="GLACIER")
    monkeypatch.setattr(previews, "MAX_BYTES", 10)
    assert "at most 10 B are shown" in page.get(address("picture", bucket, key=f"{prefix}large.jpg")).text
    monkeypatch.setattr(previews, "MAX_BYTES", 10_000)

    assert "archived" in page.get(address("picture", bucket, key=f"{prefix}cold.jpg")).text


def test_picture_is_offered_and_shown_when_asked_for(page, bucket, prefix, put) -> None:
    key = f"{prefix}a b+.jpg"
    version = put(key, pictures.jpeg(40, 30), ContentType="image/jpeg")
    put(f"{prefix}a.txt", b"text", ContentType="text/plain")

    offered = page.get(address("object", bucket, key=key))
    shown = page.get(offered.context["picture_page_url"])

    assert "Show the picture" in offered.text
    assert "<img class" not in offered.text
    assert f'class="preview" src="{address("picture", bucket, key=key, version=version)}"' in (
        shown.text.replace("&amp;", "&")
    )
    assert "Show the picture" not in page.get(address("object", bucket, key=f"{prefix}a.txt")).text
    assert events() == []  # the image itself is what is asked for, and kept


def test_page_says_that_the_bytes_are_no_picture(page, bucket, prefix, put) -> None:
    put(f"{prefix}a.jpg", b"<script>alert(1)</script>", ContentType="image/jpeg")

    text = page.get(address("object", bucket, key=f"{prefix}a.jpg", show="picture")).text

    assert "its bytes are none that browsers show" in text
    assert "<img class" not in text


def test_picture_needs_the_right_to_the_bytes(client, bucket, prefix, put) -> None:
    put(f"{prefix}a.jpg", pictures.jpeg(40, 30))
    key = f"{keys.ORIGINALS}x/orphan.jpg"
    put(key, pictures.jpeg(40, 30))
    status = {}
    for role in ("Viewer", "Storage operator", "Auditor", "Storage admin"):
        client.force_login(in_role(role))
        answer = client.get(address("picture", bucket, key=f"{prefix}a.jpg"))
        answer.getvalue()  # to its end: then the connection is free again
        status[role] = answer.status_code
    client.force_login(UserFactory(rights=["storage_admin.view_bucket", "storage_admin.download_object"]))

    assert client.get(address("picture", bucket, key=key)).status_code == 403
    assert status == {"Viewer": 403, "Storage operator": 403, "Auditor": 403, "Storage admin": 200}


def test_role_without_the_right_is_offered_no_picture(client, bucket, prefix, put) -> None:
    put(f"{prefix}a.jpg", pictures.jpeg(40, 30))
    client.force_login(in_role("Storage operator"))

    assert "Show the picture" not in client.get(address("object", bucket, key=f"{prefix}a.jpg")).text


# --- Two versions ------------------------------------------------------------------------------------


def test_two_versions_stand_side_by_side_with_what_differs(page, bucket, prefix, put) -> None:
    key = f"{prefix}a.jpg"
    one = put(
        key, pictures.jpeg(40, 30), ContentType="image/jpeg", Metadata={"who": "<b>ann"}, Tagging="a=1&b=2"
    )
    other = put(
        key, pictures.jpeg(50, 30), ContentType="image/jpeg", Metadata={"who": "ben"}, Tagging="a=1&b=3"
    )
    where = page.get(address("object", bucket, key=key)).context["timeline"][1]["compare_url"]
    assert where == address("compare", bucket, key=key, version=one, other=other)

    response = page.get(where)

    lines = {line.label: (line.one, line.other) for line in response.context["found"].differing}
    assert lines["Metadata: who"] == ("<b>ann", "ben")
    assert lines["Tag: b"] == ("2", "3")
    assert "ETag" in lines
    assert "Tag: a" not in lines
    assert "Type" not in lines
    assert response.context["found"].same >= 3
    assert "&lt;b&gt;ann" in response.text
    for version in (one, other):
        assert address("picture", bucket, key=key, version=version).replace("&", "&amp;") in response.text


def test_comparison_costs_four_calls(page, bucket, prefix, put, store_calls) -> None:
    one, other = put(f"{prefix}a", b"1"), put(f"{prefix}a", b"2")
    store_calls.clear()

    page.get(address("compare", bucket, key=f"{prefix}a", version=one, other=other))

    assert sorted(store_calls) == ["GetObjectTagging"] * 2 + ["HeadObject"] * 2


def test_comparison_without_the_right_to_bytes_shows_no_picture(client, bucket, prefix, put) -> None:
    one, other = put(f"{prefix}a.jpg", pictures.jpeg(40, 30)), put(f"{prefix}a.jpg", pictures.jpeg(50, 30))
    client.force_login(in_role("Auditor"))

    response = client.get(address("compare", bucket, key=f"{prefix}a.jpg", version=one, other=other))

    assert response.status_code == 200
    assert "<img class" not in response.text


def test_comparison_with_a_marker_or_with_nothing_says_so(page, bucket, prefix, put) -> None:
    one = put(f"{prefix}a")
    marker = session.client().delete_object(Bucket=bucket.name, Key=f"{prefix}a")["VersionId"]

    for other in (marker, "0" * 32):
        response = page.get(address("compare", bucket, key=f"{prefix}a", version=one, other=other))
        assert response.status_code == 404
    assert page.get(address("compare", bucket, key=f"{prefix}a", version=one)).status_code == 404
    assert page.get(address("picture", bucket)).status_code == 404


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a\nb", "é/日", "a+b%20"])
def test_hostile_key_is_shown_literally(page, bucket, prefix, put, name) -> None:
    one, other = put(prefix + name, b"1"), put(prefix + name, b"2")

    response = page.get(address("compare", bucket, key=prefix + name, version=one, other=other))

    assert response.status_code == 200
    assert "<script>alert" not in response.text


@pytest.mark.parametrize("name", ["picture", "compare"])
def test_store_that_is_away_is_told_calmly(page, no_store, name) -> None:
    where = address(name, BucketFactory(), key="a", version="v", other="w")

    assert page.get(where).status_code == 503


@pytest.mark.parametrize("name", ["picture", "compare"])
def test_refusal_of_the_store_is_told_with_its_code(page, bucket, prefix, put, name) -> None:
    one, other = put(f"{prefix}a", b"1"), put(f"{prefix}a", b"2")
    with answering("HeadObject", refusal(403, "AccessDenied")):
        response = page.get(address(name, bucket, key=f"{prefix}a", version=one, other=other))

    assert response.status_code == 502
    assert "refused access" in response.text
