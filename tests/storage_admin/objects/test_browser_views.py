"""What the browser shows besides its list: a filter, encryption, the time, and what lists lack."""

import html
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from portal.s3 import listing, session
from portal.s3.attributes import read as facts
from portal.s3.errors import ObjectNotFound
from portal.s3.types import VersioningState
from storage_admin.objects import browsing
from tests.storage_admin.conftest import address
from tests.storage_admin.objects.test_browser import links, named
from tests.storage_admin.objects.test_forms import filled
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


# --- The filter ---------------------------------------------------------------------------------------


def test_typed_beginning_filters_within_the_folder(page, bucket, prefix, put) -> None:
    put(f"{prefix}cat.jpg")
    put(f"{prefix}dog.jpg")
    shown = page.get(address("browse", bucket, prefix=prefix, mode="versions"))
    [folder] = re.findall(r'name="folder" value="([^"]*)"', shown.text)

    response = page.get(
        address("browse", bucket, begins="ca", folder=html.unescape(folder), mode="versions"), follow=True
    )

    assert named(response.text) == {f"{prefix}cat.jpg"}
    assert response.redirect_chain[-1][0] == address("browse", bucket, prefix=f"{prefix}ca", mode="versions")
    assert 'name="begins" value="ca"' in response.text


@pytest.mark.parametrize("folder", ["a\nb/", "<script>/", "100%/", "a+b/", "é/"])
def test_filter_survives_any_folder(page, bucket, prefix, put, folder) -> None:
    put(f"{prefix}{folder}cat.jpg")
    put(f"{prefix}{folder}dog.jpg")
    shown = page.get(address("browse", bucket, prefix=prefix + folder))
    assert f'name="folder" value="{quote(prefix + folder, safe="")}"' in shown.text

    response = page.get(
        address("browse", bucket, begins="d", folder=quote(prefix + folder, safe="")), follow=True
    )

    assert named(response.text) == {f"{prefix}{folder}dog.jpg"}
    assert "<script>/" not in response.text


def test_path_below_the_folder_can_be_typed(page, bucket, prefix, put) -> None:
    put(f"{prefix}deep/er/cat.jpg")

    response = page.get(
        address("browse", bucket, begins="deep/er/", folder=quote(prefix, safe="")), follow=True
    )

    assert named(response.text) == {f"{prefix}deep/er/cat.jpg"}


# --- The time, and the order ----------------------------------------------------------------------------


def test_page_says_how_many_as_of_when_and_reloads(page, bucket, prefix, put, monkeypatch) -> None:
    monkeypatch.setattr(browsing, "PAGE_SIZE", 2)
    for name in "abc":
        put(prefix + name)
    where = address("browse", bucket, prefix=prefix)

    first = page.get(where)

    assert "2 entries on this page, and there are more." in " ".join(first.text.split())
    assert "As the store says" in first.text
    assert where in links(first.text)
    assert "1 entry on this page." in " ".join(page.get(first.context["listed"].next_url).text.split())


@pytest.mark.parametrize("mode", ["", "versions", "deleted"])
def test_one_page_is_never_sorted_under_the_heading_of_all(page, bucket, prefix, put, mode) -> None:
    """93: S3 lists by key alone; by date or size, one page would not be the largest or newest of all."""
    for name, body in (("a", b"longest"), ("b", b""), ("c", b"mid")):
        put(prefix + name, body)
        if mode == "deleted":
            session.client().delete_object(Bucket=bucket.name, Key=prefix + name)

    plain = page.get(address("browse", bucket, prefix=prefix, mode=mode))
    asked = page.get(
        address("browse", bucket, prefix=prefix, mode=mode, o="-size", sort="size", order="date")
    )

    head = plain.text[plain.text.index("<thead>") : plain.text.index("</thead>")]
    assert "<a" not in head
    assert "Sorted by key" in plain.text
    keys = [[row.entry.key for row in one.context["listed"].rows] for one in (plain, asked)]
    assert keys[0] == keys[1] == sorted(keys[0])


# --- Encryption -----------------------------------------------------------------------------------------


def test_encryption_is_asked_for_once_for_each_object_of_the_page(
    page, bucket, prefix, put, store_calls
) -> None:
    put(f"{prefix}plain")
    put(f"{prefix}own", ServerSideEncryption="AES256")
    put(f"{prefix}sub/x")
    store_calls.clear()

    without = page.get(address("browse", bucket, prefix=prefix))
    assert "HeadObject" not in store_calls
    store_calls.clear()
    response = page.get(html.unescape(without.context["encryption_url"]))

    assert sorted(store_calls) == ["GetBucketVersioning", "HeadObject", "HeadObject", "ListObjectsV2"]
    told = {row.entry.key: row.encryption for row in response.context["listed"].rows if row.entry}
    assert told == {f"{prefix}plain": "the store does not say", f"{prefix}own": "AES256"}
    assert "Hide encryption" in response.text


def test_encryption_costs_no_more_calls_than_a_page_has_objects(
    page, bucket, prefix, put, store_calls, monkeypatch
) -> None:
    monkeypatch.setattr(browsing, "PAGE_SIZE", 3)
    for number in range(7):
        put(f"{prefix}{number}")
    store_calls.clear()

    response = page.get(address("browse", bucket, prefix=prefix, show="encryption"))

    assert store_calls.count("HeadObject") == 3
    query = parse_qs(urlsplit(response.context["listed"].next_url).query)
    assert query["show"] == ["encryption"]
    following = page.get(response.context["listed"].next_url)
    assert following.context["shows_encryption"]


def test_encryption_that_could_not_be_read_is_unknown(page, bucket, prefix, put) -> None:
    put(f"{prefix}a")

    with answering("HeadObject", refusal(403, "AccessDenied")):
        refused = page.get(address("browse", bucket, prefix=prefix, show="encryption"))
    with answering("HeadObject", refusal(404, "NoSuchKey")):
        gone = page.get(address("browse", bucket, prefix=prefix, show="encryption"))
    with answering("HeadObject", refusal(503, "SlowDown")):
        busy = page.get(address("browse", bucket, prefix=prefix, show="encryption"))

    assert refused.context["listed"].rows[0].encryption.startswith("unknown (")
    assert gone.context["listed"].rows[0].encryption == "gone meanwhile"
    assert busy.context["listed"].rows[0].encryption.startswith("unknown (")


@pytest.mark.parametrize("mode", ["versions", "deleted"])
def test_encryption_is_shown_of_what_is_there_alone(page, bucket, prefix, put, store_calls, mode) -> None:
    put(f"{prefix}a")
    store_calls.clear()

    response = page.get(address("browse", bucket, prefix=prefix, mode=mode, show="encryption"))

    assert "HeadObject" not in store_calls
    assert not response.context["shows_encryption"]
    assert "Show encryption" not in response.text


# --- What the store's lists lack ------------------------------------------------------------------------


def test_key_that_version_lists_misspell_is_opened_hidden_brought_back_and_destroyed(
    page, bucket, prefix, put
) -> None:
    """SeaweedFS writes U+FFFD for a control character in version lists, and in no other."""
    key = f"{prefix}a\x01b.txt"
    old, new = put(key, b"first"), put(key, b"second")
    [where] = [
        link for link in links(page.get(address("browse", bucket, prefix=prefix)).text) if "key=" in link
    ]

    opened = page.get(where)
    assert [entry["version"].version_id for entry in opened.context["timeline"]] == [new, old]

    page.post(address("hide", bucket, key=key, version=new))
    marker = listing.key_versions(bucket.name, key, size=1).versions[0]
    assert (marker.is_delete_marker, marker.key) == (True, key)
    page.post(address("undelete", bucket, key=key, version=marker.version_id))
    assert facts(bucket.name, key).version_id == new

    for version in (old, new):
        form = address("destroy", bucket, key=key, version=version)
        page.post(form, filled(page.get(form), typed="destroy"))
    with pytest.raises(ObjectNotFound):
        facts(bucket.name, key)
    assert listing.key_versions(bucket.name, key, size=9).versions == []


def test_list_says_which_keys_it_cannot_spell(page, bucket, prefix, put) -> None:
    version = put(f"{prefix}a\x01b")
    put(f"{prefix}fine")

    text = page.get(address("browse", bucket, prefix=prefix, mode="versions")).text
    opened = page.get(address("object", bucket, key=f"{prefix}a\ufffdb", version=version))

    assert "1 key stands here with" in text
    assert "stands here with" not in page.get(address("browse", bucket, prefix=prefix)).text
    assert opened.status_code == 404  # the misspelled name is nobody's
    assert facts(bucket.name, f"{prefix}a\x01b").version_id == version


def test_deleted_key_that_the_list_misspells_has_no_button(page, bucket, prefix, put) -> None:
    for name in ("a\x01b", "fine"):
        put(prefix + name)
        session.client().delete_object(Bucket=bucket.name, Key=prefix + name)

    response = page.get(address("browse", bucket, prefix=prefix, mode="deleted"))

    offered = {row.entry.key: bool(row.undelete_url) for row in response.context["listed"].rows}
    assert offered == {f"{prefix}a\ufffdb": False, f"{prefix}fine": True}


def test_pages_of_a_store_that_loses_keys_say_so(page, another_bucket, put, settings, monkeypatch) -> None:
    monkeypatch.setattr(browsing, "PAGE_SIZE", 1)
    bucket = another_bucket(VersioningState.NEVER_SET)
    for key in ("a.jpg", "a.jpg/below"):
        put(key, into=bucket.name)

    assert "may lack keys" not in page.get(address("browse", bucket)).text
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"
    assert "may lack keys" in page.get(address("browse", bucket)).text
    monkeypatch.setattr(browsing, "PAGE_SIZE", 100)
    whole = page.get(address("browse", bucket))

    assert "may lack keys" not in whole.text  # all of it is on one page
    assert whole.context["listed"].count == 2
