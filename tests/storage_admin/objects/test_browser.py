"""The object browser: pages of folders and objects, versions, what is deleted; nothing read twice."""

import html
import re
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from photos import keys
from portal.s3 import session
from portal.s3.types import VersioningState
from storage_admin.objects import browsing
from tests.factories import BucketFactory, PetFactory, PhotoFactory, UserFactory
from tests.storage_admin.conftest import address
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

# What any store shall list and open. SeaweedFS keeps keys as paths; see the test of its differences.
NASTY = [
    "a b+c%20",
    "é/日",
    "x&<>\"'",
    "<script>alert(1)</script>.jpg",
    "a\rb",
    "a\nb",
    "a\x01b",
    "tab\tkey",
    " blank ends ",
    "per%2Fcent",
    "a?b#c&d=e",
    "\u202egpj.exe",
    "k" * 200,
]
# Kept under another key (or, None, refused) by SeaweedFS; `test_odd_keys` has them on moto.
STORED_DIFFERENTLY = [("x//y", "x/y"), ("../x", None), ("q/../z", None), ("./z", None)]


def links(text: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'href="([^"]*)"', text)]


def named(text: str) -> set[str]:
    """Return the keys that a page links to."""
    return {
        key
        for link in links(text)
        if "/object/?" in link
        for key in parse_qs(urlsplit(link).query, keep_blank_values=True).get("key", [])
    }


def test_browser_shows_folders_and_objects_below_a_prefix(page, bucket, prefix, put) -> None:
    put(f"{prefix}a.txt", b"12345")
    put(f"{prefix}sub/b.txt")

    response = page.get(address("browse", bucket, prefix=prefix))

    assert named(response.text) == {f"{prefix}a.txt"}
    assert address("browse", bucket, prefix=f"{prefix}sub/") in links(response.text)
    assert "5 B" in response.text
    assert "STANDARD" in response.text


def test_list_is_in_the_order_of_its_keys_and_offers_no_other(page, bucket, prefix, put) -> None:
    """93: the store sorts by key alone; one page of it, sorted by size, would look like the whole."""
    for name in ("b", "a", "c"):
        put(f"{prefix}{name}", b"x" * ord(name))

    listed = page.get(address("browse", bucket, prefix=prefix, o="2", sort="size")).text

    places = [listed.index(f">{name}<") for name in "abc"]
    assert places == sorted(places)
    assert "Sorted by key" in listed
    assert not re.search(r'href="[^"]*[?&](?:o|sort|order)=', listed)


def test_browser_asks_the_store_once_for_the_list_and_once_for_the_versioning(
    page, bucket, prefix, put, store_calls
) -> None:
    put(f"{prefix}a.txt")
    store_calls.clear()

    page.get(address("browse", bucket, prefix=prefix))

    assert store_calls == ["GetBucketVersioning", "ListObjectsV2"]
    bucket.refresh_from_db()
    assert bucket.versioning == VersioningState.ENABLED


def test_pages_of_many_keys_cost_one_call_each_and_show_every_key_once(
    page, bucket, prefix, put, store_calls, monkeypatch
) -> None:
    wanted = {f"{prefix}{number:04}" for number in range(1_005)}
    for key in wanted:
        put(key, b"")
    monkeypatch.setattr(browsing, "PAGE_SIZE", 400)
    store_calls.clear()

    response = page.get(address("browse", bucket, prefix=prefix))
    seen = sorted(named(response.text))
    while following := response.context["listed"].next_url:
        response = page.get(following)
        seen += sorted(named(response.text))

    assert seen == sorted(wanted)
    assert store_calls == ["GetBucketVersioning", *["ListObjectsV2"] * 3]


def test_queries_do_not_grow_with_the_keys(page, bucket, put) -> None:
    pet = PetFactory()
    folder = f"photos/{pet.pk}/"

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert page.get(address("browse", bucket, prefix=folder)).status_code == 200
        return len(captured)

    def photos(count: int) -> None:
        for _ in range(count):
            photo = PhotoFactory(pet=pet, bucket=bucket.name, key=f"{folder}{uuid4()}.jpg", renditions=True)
            put(photo.key)

    photos(1)
    before = queries()
    photos(6)

    assert queries() == before


def test_originals_show_tile_and_pet(page, bucket, put) -> None:
    photo = PhotoFactory(pet=PetFactory(name="Rex <b>"), bucket=bucket.name, renditions=True)
    put(photo.key)

    text = page.get(address("browse", bucket, prefix=photo.key)).text

    assert "Rex &lt;b&gt;" in text
    assert f"/admin/photos/photo/{photo.pk}/change/" in text
    assert photo.renditions.get(name="tile").key in html.unescape(text)


def test_renditions_show_the_pet_of_their_photo(page, bucket, put) -> None:
    photo = PhotoFactory(pet=PetFactory(name="Bella"), bucket=bucket.name, renditions=True)
    rendition = photo.renditions.get(name="card")
    put(rendition.key)

    text = page.get(address("browse", bucket, prefix=keys.renditions_prefix(photo.pk))).text

    assert "Bella" in text


def test_folders_of_pets_are_named(page, bucket, put) -> None:
    pet = PetFactory(name="Minka")
    put(f"photos/{pet.pk}/x.jpg")

    assert "Minka" in page.get(address("browse", bucket, prefix=f"photos/{pet.pk}")).text


def test_rows_of_pets_and_photos_are_for_those_who_may_see_them(client, bucket, put) -> None:
    photo = PhotoFactory(pet=PetFactory(name="Minka"), bucket=bucket.name, renditions=True)
    put(photo.key)
    client.force_login(UserFactory(rights=["storage_admin.view_bucket"]))

    text = client.get(address("browse", bucket, prefix=f"photos/{photo.pet_id}/")).text

    assert photo.key in named(text)
    assert "Minka" not in text


@pytest.mark.parametrize("mode", ["", "versions", "deleted"])
@pytest.mark.parametrize("key", NASTY, ids=ascii)
def test_any_key_lists_and_opens(page, bucket, prefix, put, key, mode) -> None:
    if mode and "\x01" in key:
        pytest.skip("SeaweedFS lists versions without URL encoding; tested below with S3's own answer")
    put(prefix + key)
    if mode == "deleted":
        session.client().delete_object(Bucket=bucket.name, Key=prefix + key)
    folder = prefix + key[: key.rfind("/") + 1]

    listed = page.get(address("browse", bucket, prefix=folder, mode=mode))

    assert named(listed.text) == {prefix + key}
    link = next(one for one in links(listed.text) if "/object/?" in one)
    opened = page.get(link)
    assert opened.status_code == 200
    assert bool(opened.context["facts"]) is (mode != "deleted")


@pytest.mark.parametrize(("key", "kept"), STORED_DIFFERENTLY)
def test_keys_that_seaweedfs_is_known_to_keep_differently(bucket, prefix, put, key, kept) -> None:
    """A declared difference: should it go away, these keys belong into the list above."""
    try:
        put(prefix + key)
    except session.client().exceptions.ClientError:
        assert kept is None
        return

    found = session.client().list_objects_v2(Bucket=bucket.name, Prefix=prefix)

    assert [one["Key"] for one in found["Contents"]] == [prefix + str(kept)]


def test_control_characters_in_version_listings_come_in_url_encoding(page, bucket) -> None:
    """What S3 answers (API:ListObjectVersions); SeaweedFS ignores EncodingType here and garbles them."""
    entry = (
        "<Key>x/a%01%0Ab+c%2B</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest>"
        "<LastModified>2026-01-02T03:04:05.000Z</LastModified>"
    )
    body = (
        "<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
        "<NextKeyMarker>x/a%01%0Ab+c%2B</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>"
        f"<DeleteMarker>{entry}</DeleteMarker></ListVersionsResult>"
    )

    with answering("ListObjectVersions", refusal(200, "", body=body)):
        response = page.get(address("browse", bucket, mode="deleted"))

    assert named(response.text) == {"x/a\x01\nb c+"}
    following = parse_qs(urlsplit(response.context["listed"].next_url).query)
    assert (following["key_mark"], following["version_mark"]) == (["x/a\x01\nb c+"], ["v1"])


def test_hostile_keys_are_shown_and_never_run(page, bucket, prefix, put) -> None:
    put(f"{prefix}<script>alert(1)</script>")
    put(f"{prefix}a\x01\u202eb")

    text = page.get(address("browse", bucket, prefix=prefix)).text

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;" in text
    assert '<span class="spelled">\\x01</span>' in text
    assert '<span class="spelled">\\u202e</span>' in text
    assert "\u202e" not in text


def test_hostile_prefix_is_shown_and_never_run(page, bucket) -> None:
    text = page.get(address("browse", bucket, prefix='"><script>alert(1)</script>/\x01/')).text

    assert "<script>alert" not in text


def test_breadcrumbs_take_empty_and_odd_segments_as_they_are(bucket) -> None:
    urls = [crumb.url for crumb in browsing.crumbs(bucket, "/a//b/rest", "")]

    found = [parse_qs(urlsplit(url).query)["prefix"][0] for url in urls]
    assert found == ["/", "/a/", "/a//", "/a//b/"]
    assert [bool(crumb.name) for crumb in browsing.crumbs(bucket, "/a//b/", "")] == [False, True, False, True]


def test_beginning_of_a_key_filters(page, bucket, prefix, put) -> None:
    put(f"{prefix}cat.jpg")
    put(f"{prefix}dog.jpg")

    assert named(page.get(address("browse", bucket, prefix=f"{prefix}ca")).text) == {f"{prefix}cat.jpg"}


def test_version_pages_show_every_version_and_marker_once(
    page, bucket, prefix, put, store_calls, monkeypatch
) -> None:
    key = f"{prefix}a.jpg"
    wanted = {put(key, b"%d" % number) for number in range(5)}
    wanted.add(session.client().delete_object(Bucket=bucket.name, Key=key)["VersionId"])
    wanted.add(put(f"{key}.bak"))
    monkeypatch.setattr(browsing, "PAGE_SIZE", 3)
    store_calls.clear()

    response = page.get(address("browse", bucket, prefix=prefix, mode="versions"))
    seen = [row.entry.version_id for row in response.context["listed"].rows]
    while following := response.context["listed"].next_url:
        response = page.get(following)
        seen += [row.entry.version_id for row in response.context["listed"].rows]

    assert sorted(seen) == sorted(wanted)
    assert store_calls[:2] == ["GetBucketVersioning", "ListObjectVersions"]
    assert set(store_calls[2:]) == {"ListObjectVersions"}


def test_deleted_only_says_what_it_looked_at(page, bucket, prefix, put, monkeypatch) -> None:
    for name in ("a", "deep/er/b", "c"):
        put(prefix + name)
    session.client().delete_object(Bucket=bucket.name, Key=f"{prefix}deep/er/b")
    monkeypatch.setattr(browsing, "SCAN_SIZE", 2)

    response = page.get(address("browse", bucket, prefix=prefix, mode="deleted"))
    texts, seen = [response.text], named(response.text)
    while following := response.context["listed"].next_url:
        response = page.get(following)
        texts.append(response.text)
        seen |= named(response.text)

    assert seen == {f"{prefix}deep/er/b"}
    assert "Looked at 2 entries" in texts[0]
    assert "There is more to look at" in texts[0]
    assert "That was all" in texts[-1]


def test_deleted_only_leaves_out_what_came_back(page, bucket, prefix, put) -> None:
    put(f"{prefix}a")
    session.client().delete_object(Bucket=bucket.name, Key=f"{prefix}a")
    put(f"{prefix}a", b"again")

    response = page.get(address("browse", bucket, prefix=prefix, mode="deleted"))

    assert not response.context["listed"].rows


def test_bucket_that_never_had_versions_says_so(page, another_bucket) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)

    assert "never had versioning" in page.get(address("browse", bucket, mode="deleted")).text


def test_empty_bucket_and_empty_path_say_so(page, bucket, another_bucket) -> None:
    empty = another_bucket(VersioningState.ENABLED)

    assert "This bucket is empty." in page.get(address("browse", empty)).text
    assert "Nothing here begins with this path." in page.get(address("browse", bucket, prefix="no-such")).text


def test_store_that_is_away_gives_the_calm_page(page, no_store) -> None:
    row = BucketFactory()
    where = address("browse", row, prefix="a/b")

    response = page.get(where)

    assert response.status_code == 503
    assert where.replace("&", "&amp;") in response.text
    row.refresh_from_db()
    assert "does not answer" in row.last_error


def test_refused_access_is_told_with_its_code(page, bucket) -> None:
    with answering("ListObjectsV2", refusal(403, "AccessDenied")):
        response = page.get(address("browse", bucket))

    assert response.status_code == 502
    assert "ListObjectsV2 AccessDenied" in response.text
    bucket.refresh_from_db()
    assert "AccessDenied" in bucket.last_error


def test_bucket_that_is_gone_says_so_and_keeps_its_row(page, photo_bucket) -> None:
    row = BucketFactory(name=f"gone-{uuid4()}")

    response = page.get(address("browse", row))

    assert response.status_code == 404
    assert "This bucket is gone" in response.text
    row.refresh_from_db()
    assert row.gone_since is not None


def test_connection_that_is_gone_from_the_settings_says_so(page, photo_bucket) -> None:
    response = page.get(address("browse", BucketFactory(connection="former")))

    assert response.status_code == 404
    assert "former" in response.text


def test_nonsense_token_is_no_crash(page, bucket) -> None:
    with answering("ListObjectsV2", refusal(400, "InvalidArgument")):
        assert page.get(address("browse", bucket, token="nonsense")).status_code == 502


def test_unknown_mode_lists_what_is_there(page, bucket) -> None:
    assert page.get(address("browse", bucket, mode="nonsense")).context["is_current"]
