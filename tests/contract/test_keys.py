"""Facts 89, 91 and 98: keys are opaque, and tags are changed as a whole."""

import pytest
from botocore.exceptions import ClientError

from portal.s3 import attributes, copying, delete_markers, listing, objects, session, tags
from portal.s3.copying import Place
from portal.s3.differences import Capability
from portal.s3.errors import BadRequest, Conflict
from tests.contract.arrange import BODY, entries, put, read

pytestmark = pytest.mark.servers

PLAIN = [
    "a b+c%20",
    "é/日",
    "x&<>\"'",
    "100%",
    "a?b#c",
    "~`!@$^*(){}[]|;:,",
    "<script>alert(1)</script>",
    "q=1&r=2",
    "a\ufffdb",
]
SEGMENTS = ["//a", "a//", "a//b", "../x", "./x", "a/../b", "/a"]


def works(bucket: str, key: str) -> None:
    """List, open, tag, copy, hide, undelete and destroy the key."""
    put(bucket, key)
    put(bucket, f"{key}.bak", b"another")

    assert [entry.key for entry in objects.versions(bucket, key) if entry.key == key] == [key]
    assert attributes.read(bucket, key).bytes == len(BODY)
    tags.edit_object(bucket, key, add={"kind": "odd"})
    copying.copy(Place(bucket, key), Place(bucket, "copy"))
    assert read(bucket, "copy") == BODY
    assert tags.of_object(bucket, "copy") == {"kind": "odd"}
    delete_markers.hide(bucket, key)
    delete_markers.undelete(bucket, key)
    outcomes = objects.delete_versions(bucket, [(key, attributes.read(bucket, key).version_id)])
    assert [(one.key, one.code) for one in outcomes] == [(key, "")]
    assert sorted(entry[0] for entry in entries(bucket)) == sorted([f"{key}.bak", "copy"])


@pytest.mark.parametrize("key", PLAIN)
def test_key_of_any_letters_works(versioned: str, key: str) -> None:
    """89"""
    works(versioned, key)


@pytest.mark.needs(Capability.EMPTY_SEGMENTS)
def test_keys_with_empty_segments_and_dots_are_distinct(versioned: str) -> None:
    """89, 91"""
    for key in SEGMENTS:
        put(versioned, key, key.encode())

    assert {entry[0] for entry in entries(versioned)} == set(SEGMENTS)
    assert [read(versioned, key).decode() for key in SEGMENTS] == SEGMENTS


@pytest.mark.parametrize(
    "key",
    [
        "a\tb",
        pytest.param("a\nb", marks=pytest.mark.needs(Capability.LINE_FEEDS)),
        "a\x7fb",
        pytest.param("a\rb", marks=pytest.mark.needs(Capability.CARRIAGE_RETURNS)),
        pytest.param("a\x01b", marks=pytest.mark.needs(Capability.ANY_CHARACTERS)),
        pytest.param("a\ufffeb", marks=pytest.mark.needs(Capability.ANY_CHARACTERS)),
    ],
    ids=ascii,
)
def test_key_with_control_characters_works(versioned: str, key: str) -> None:
    """89: CR goes as an entity, what no XML can hold goes alone."""
    try:
        works(versioned, key)
    finally:
        destroy(versioned, key, f"{key}.bak")


@pytest.mark.needs(Capability.ENCODED_VERSIONS)
def test_version_listing_spells_control_characters_right(versioned: str) -> None:
    """89"""
    try:
        put(versioned, "a\x01b")
        assert [entry[0] for entry in entries(versioned)] == ["a\x01b"]
    finally:
        destroy(versioned, "a\x01b")


def test_key_that_a_listing_spells_wrongly_is_not_deleted_in_place_of_another(versioned: str) -> None:
    """89: the store would say "Deleted" of what is not there, and nobody would look again."""
    version = put(versioned, "a\x01b")
    try:
        outcomes = objects.delete_versions(versioned, [("a\ufffdb", version)])

        assert [(one.key, one.code) for one in outcomes] == [("a\ufffdb", objects.KEY_NOT_CERTAIN)]
        assert read(versioned, "a\x01b") == BODY
    finally:
        destroy(versioned, "a\x01b")


BESIDE = ["a.jpg", "a.jpg.bak", "a.jpg/below", "b.jpg"]
MOST_PAGES = 10


@pytest.mark.needs(Capability.BESIDE_FOLDERS)
def test_pages_lose_no_key_beside_a_folder_of_its_name(versioned: str) -> None:
    """91"""
    for key in BESIDE:
        put(versioned, key)
    found: list[str] = []
    token = ""
    for _page in range(MOST_PAGES):
        page = listing.objects_page(versioned, token=token, size=1)
        found += [*page.folders, *(entry.key for entry in page.objects)]
        token = page.next_token
        if not token:
            break

    assert sorted(found) == ["a.jpg", "a.jpg.bak", "a.jpg/", "b.jpg"]


@pytest.mark.needs(Capability.BESIDE_FOLDERS_BY_VERSION)
def test_pages_of_versions_lose_no_key_beside_a_folder_of_its_name(versioned: str) -> None:
    """91"""
    for key in BESIDE:
        put(versioned, key)
    found: list[str] = []
    mark = None
    for _page in range(MOST_PAGES):
        page = listing.versions_page(versioned, mark=mark, size=1)
        found += [*page.folders, *(entry.key for entry in page.versions)]
        mark = page.next_mark
        if mark is None:
            break

    assert sorted(found) == ["a.jpg", "a.jpg.bak", "a.jpg/", "b.jpg"]


def destroy(bucket: str, *keys: str) -> None:
    """Destroy the keys one by one: a store that lists them wrongly would not let the bucket go."""
    client = session.client()
    for key in keys:
        while True:
            try:
                head = client.head_object(Bucket=bucket, Key=key)
            except ClientError:
                break
            client.delete_object(Bucket=bucket, Key=key, VersionId=head["VersionId"])


def test_tag_edit_keeps_the_other_tags(versioned: str, key: str) -> None:
    """98"""
    put(versioned, key, Tagging="kind=photo&vet=A")

    found = tags.edit_object(versioned, key, add={"vet": "B", "a b": "c+d=é"}, remove=("kind",))

    assert found == tags.of_object(versioned, key) == {"vet": "B", "a b": "c+d=é"}


def test_tags_are_of_one_version(versioned: str, key: str) -> None:
    """98"""
    first = put(versioned, key, Tagging="n=1")
    put(versioned, key, b"newer", Tagging="n=2")

    tags.edit_object(versioned, key, add={"n": "one"}, version_id=first)

    assert tags.of_object(versioned, key, version_id=first) == {"n": "one"}
    assert tags.of_object(versioned, key) == {"n": "2"}


def test_all_tags_go(versioned: str, key: str) -> None:
    """98"""
    put(versioned, key, Tagging="n=1")

    tags.edit_object(versioned, key, remove=("n",))

    assert tags.of_object(versioned, key) == {}


def test_tags_that_somebody_changed_are_not_overwritten(versioned: str, key: str) -> None:
    """98"""
    put(versioned, key, Tagging="n=1")

    with pytest.raises(Conflict):
        tags.edit_object(versioned, key, add={"n": "2"}, if_unchanged={"n": "0"})

    assert tags.of_object(versioned, key) == {"n": "1"}


@pytest.mark.parametrize(
    "wrong",
    [
        {f"{number}": "" for number in range(11)},
        {"n" * 129: ""},
        {"": "v"},
        {"n": "v" * 257},
        {"aws:mine": "v"},
    ],
)
def test_tags_that_s3_refuses_are_not_sent(
    versioned: str, key: str, wrong: dict[str, str], store_calls: list[str]
) -> None:
    """98"""
    put(versioned, key)
    store_calls.clear()

    with pytest.raises(BadRequest):
        tags.write_object(versioned, key, wrong)

    assert store_calls == []
