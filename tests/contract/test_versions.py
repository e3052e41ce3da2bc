"""Facts 26 to 44: three states, `null` versions, markers, and the way back from a delete."""

import io
from datetime import UTC, datetime, timedelta

import pytest

from portal.s3 import attributes, copying, delete_markers, listing, objects, session, tags, versioning
from portal.s3.copying import Place
from portal.s3.differences import Capability
from portal.s3.errors import BadRequest, Conflict, DeleteMarkerFound, ObjectNotFound, VersionNotFound
from portal.s3.listing import Mark
from portal.s3.types import VersioningState
from portal.s3.versioning import Versioning
from tests.contract.arrange import BODY, entries, put, read

pytestmark = pytest.mark.servers


def hide(bucket: str, key: str) -> str:
    """Put one more marker on the key, as a plain delete by anybody does."""
    return str(session.client().delete_object(Bucket=bucket, Key=key)["VersionId"])


def test_versioning_has_three_states(bucket: str) -> None:
    """26, 27"""
    assert versioning.read(bucket).state is VersioningState.NEVER_SET

    versioning.enable(bucket)
    assert versioning.read(bucket) == Versioning(VersioningState.ENABLED)

    versioning.suspend(bucket)
    assert versioning.read(bucket).state is VersioningState.SUSPENDED
    assert versioning.read(bucket).keeps_versions


def test_plain_delete_is_told_to_destroy_unless_versioning_is_enabled() -> None:
    """30, 31"""
    assert Versioning(VersioningState.SUSPENDED).plain_delete_destroys
    assert Versioning(VersioningState.NEVER_SET).plain_delete_destroys
    assert not Versioning(VersioningState.ENABLED).plain_delete_destroys


def test_object_from_before_versioning_is_version_null(bucket: str, key: str) -> None:
    """28"""
    put(bucket, key)
    versioning.enable(bucket)
    put(bucket, key, b"newer")

    assert ("null", False) in [(entry[1], entry[2]) for entry in entries(bucket)]
    copying.restore_version(bucket, key, "null")

    assert read(bucket, key) == BODY
    outcomes = objects.delete_versions(bucket, [(key, "null")])
    assert [(one.version_id, one.code) for one in outcomes] == [("null", "")]
    assert "null" not in {entry[1] for entry in entries(bucket)}


@pytest.mark.needs(Capability.SUSPENDED_VERSIONS)
def test_suspending_keeps_versions_and_writes_replace_null_alone(versioned: str, key: str) -> None:
    """29"""
    first = put(versioned, key, b"first")
    versioning.suspend(versioned)

    put(versioned, key, b"second")
    put(versioned, key, b"third")

    assert {entry[1] for entry in entries(versioned)} == {first, "null"}
    assert read(versioned, key) == b"third"
    assert read(versioned, key, first) == b"first"


@pytest.mark.needs(Capability.SUSPENDED_VERSIONS)
def test_delete_in_a_suspended_bucket_destroys_null_and_leaves_a_marker(versioned: str, key: str) -> None:
    """30"""
    first = put(versioned, key, b"first")
    versioning.suspend(versioned)
    put(versioned, key, b"second")

    delete_markers.hide(versioned, key)

    assert {(entry[1], entry[3]) for entry in entries(versioned)} == {(first, "version"), ("null", "marker")}


@pytest.mark.needs(Capability.NULL_MARKERS)
def test_marker_of_a_suspended_bucket_can_be_removed(versioned: str, key: str) -> None:
    """30, 33"""
    first = put(versioned, key, b"first")
    versioning.suspend(versioned)
    delete_markers.hide(versioned, key)

    delete_markers.undelete(versioned, key)

    assert [(entry[1], entry[3]) for entry in entries(versioned)] == [(first, "version")]


@pytest.mark.needs(Capability.SUSPENDED_VERSIONS)
def test_newest_entry_comes_first_also_where_it_is_null(versioned: str, key: str) -> None:
    """28, 30"""
    put(versioned, key, b"first")
    versioning.suspend(versioned)
    delete_markers.hide(versioned, key)

    [newest, *_others] = listing.key_versions(versioned, key, size=1).versions

    assert (newest.version_id, newest.is_delete_marker, newest.is_latest) == ("null", True, True)


def test_hiding_adds_a_marker_and_destroys_nothing(versioned: str, key: str) -> None:
    """32"""
    first = put(versioned, key)

    marker = delete_markers.hide(versioned, key)

    assert {(entry[1], entry[3]) for entry in entries(versioned)} == {(first, "version"), (marker, "marker")}
    with pytest.raises(ObjectNotFound):
        objects.read(versioned, key)


def test_hiding_what_is_hidden_adds_no_second_marker(versioned: str, key: str) -> None:
    """33"""
    put(versioned, key)
    delete_markers.hide(versioned, key)

    with pytest.raises(ObjectNotFound):
        delete_markers.hide(versioned, key)

    assert len(entries(versioned)) == 2


def test_put_over_what_was_seen_is_stored_and_over_another_refused(versioned: str, key: str) -> None:
    """17"""
    first = objects.put(versioned, key, BODY, content_type="image/jpeg")

    with pytest.raises(Conflict):
        objects.put(versioned, key, b"other", content_type="image/jpeg", if_etag="0" * 32)
    objects.put(versioned, key, io.BytesIO(b"newer"), content_type="image/jpeg", if_etag=first.etag)

    assert len(entries(versioned)) == 2
    assert read(versioned, key) == b"newer"


def test_put_over_what_somebody_hid_meanwhile_is_refused(versioned: str, key: str) -> None:
    """17: stores say 404 (Amazon) or 412."""
    first = objects.put(versioned, key, BODY, content_type="image/jpeg")
    hide(versioned, key)

    with pytest.raises((Conflict, ObjectNotFound)):
        objects.put(versioned, key, b"newer", content_type="image/jpeg", if_etag=first.etag)

    assert len(entries(versioned)) == 2


@pytest.mark.needs(Capability.CONDITIONAL_PUT)
def test_put_of_a_key_that_exists_is_refused_by_the_store(versioned: str, key: str) -> None:
    """25"""
    put(versioned, key)

    with pytest.raises(Conflict):
        objects.put(versioned, key, b"other", content_type="image/jpeg")

    assert read(versioned, key) == BODY


def test_mark_without_a_version_goes_on_behind_the_key(versioned: str) -> None:
    """39: some stores begin with the key's own versions."""
    for name in ("a", "a", "b"):
        put(versioned, name)

    page = listing.versions_page(versioned, mark=Mark("a", ""), size=10)

    assert [entry.key for entry in page.versions] == ["b"]


def test_hiding_what_was_changed_is_refused(versioned: str, key: str) -> None:
    """24"""
    put(versioned, key)

    with pytest.raises(Conflict):
        delete_markers.hide(versioned, key, if_etag="0" * 32)

    assert read(versioned, key) == BODY


@pytest.mark.needs(Capability.CONDITIONAL_DELETE)
def test_delete_between_look_and_deed_is_refused_by_the_store(versioned: str, key: str) -> None:
    """24: what the store itself says."""
    put(versioned, key)
    client = session.client()

    with pytest.raises(client.exceptions.ClientError, match="PreconditionFailed"):
        client.delete_object(Bucket=versioned, Key=key, IfMatch='"00000000000000000000000000000000"')


@pytest.mark.needs(Capability.STACKED_MARKERS)
def test_undelete_removes_the_marker_and_all_below_it(versioned: str, key: str) -> None:
    """33: stacked markers."""
    first = put(versioned, key)
    hide(versioned, key)
    hide(versioned, key)

    count = delete_markers.undelete(versioned, key)

    assert count == 2
    assert [(entry[1], entry[2]) for entry in entries(versioned)] == [(first, True)]
    assert read(versioned, key) == BODY


def test_undelete_leaves_older_markers_where_they_are(versioned: str, key: str) -> None:
    """33"""
    put(versioned, key)
    old_marker = hide(versioned, key)
    put(versioned, key, b"newer")
    hide(versioned, key)

    delete_markers.undelete(versioned, key)

    assert read(versioned, key) == b"newer"
    assert old_marker in {entry[1] for entry in entries(versioned)}


def test_undelete_touches_no_other_key_of_that_prefix(versioned: str) -> None:
    """35"""
    for name in ("a.jpg", "a.jpg.bak"):
        put(versioned, name)
        hide(versioned, name)

    delete_markers.undelete(versioned, "a.jpg")

    assert read(versioned, "a.jpg") == BODY
    with pytest.raises(ObjectNotFound):
        attributes.read(versioned, "a.jpg.bak")


def test_undelete_of_what_is_not_hidden_changes_nothing(versioned: str, key: str) -> None:
    """33, 37"""
    put(versioned, key)
    before = entries(versioned)

    with pytest.raises(ObjectNotFound):
        delete_markers.undelete(versioned, key)

    assert entries(versioned) == before


def test_undelete_of_a_marker_with_nothing_beneath_is_refused(versioned: str, key: str) -> None:
    """33"""
    gone = put(versioned, key)
    hide(versioned, key)
    objects.delete_versions(versioned, [(key, gone)])

    with pytest.raises(ObjectNotFound):
        delete_markers.undelete(versioned, key)


def test_hidden_keys_of_a_folder_are_those_whose_latest_is_a_marker(versioned: str) -> None:
    """36, 37, 56"""
    put(versioned, "a/gone.jpg")
    hide(versioned, "a/gone.jpg")
    put(versioned, "a/back.jpg")
    hide(versioned, "a/back.jpg")
    put(versioned, "a/back.jpg")
    put(versioned, "a/live.jpg")
    put(versioned, "ab/other.jpg")
    hide(versioned, "ab/other.jpg")

    assert [entry.key for entry in delete_markers.hidden(versioned, "a/")] == ["a/gone.jpg"]


def test_hidden_keys_are_chosen_by_when_they_were_deleted(versioned: str, key: str) -> None:
    """36"""
    put(versioned, key)
    hide(versioned, key)
    now = datetime.now(UTC)
    hour = timedelta(hours=1)

    inside = list(delete_markers.hidden(versioned, "", since=now - hour, until=now + hour))
    before = list(delete_markers.hidden(versioned, "", until=now - hour))
    after = list(delete_markers.hidden(versioned, "", since=now + hour))

    assert [entry.key for entry in inside] == [key]
    assert before == after == []


def test_marker_has_nothing_to_open(versioned: str, key: str) -> None:
    """38"""
    put(versioned, key)
    marker = hide(versioned, key)

    with pytest.raises(ObjectNotFound):
        attributes.read(versioned, key)
    with pytest.raises((DeleteMarkerFound, VersionNotFound)):
        attributes.read(versioned, key, version_id=marker)
    with pytest.raises(ObjectNotFound):
        tags.of_object(versioned, key)


@pytest.mark.needs(Capability.MARKER_BY_HEAD)
def test_marker_is_told_from_what_never_was(versioned: str, key: str) -> None:
    """38"""
    put(versioned, key)
    marker = hide(versioned, key)

    with pytest.raises(DeleteMarkerFound):
        attributes.read(versioned, key)
    with pytest.raises(DeleteMarkerFound):
        attributes.read(versioned, key, version_id=marker)
    with pytest.raises(ObjectNotFound) as never:
        attributes.read(versioned, f"{key}.never")
    assert type(never.value) is ObjectNotFound


def test_versions_of_one_key_span_pages(versioned: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """39"""
    made = [put(versioned, key, bytes([number])) for number in range(5)]
    paginator = session.client().get_paginator("list_object_versions")
    paginate = paginator.paginate
    monkeypatch.setattr(
        paginator, "paginate", lambda **given: paginate(**given, PaginationConfig={"PageSize": 2})
    )
    monkeypatch.setattr(session.client(), "get_paginator", lambda _name: paginator)

    assert sorted(entry.version_id for entry in objects.versions(versioned, key)) == sorted(made)


def test_version_that_is_gone_says_so(versioned: str, key: str) -> None:
    """21"""
    gone = put(versioned, key)
    put(versioned, key, b"newer")
    objects.delete_versions(versioned, [(key, gone)])

    with pytest.raises((VersionNotFound, ObjectNotFound)):
        attributes.read(versioned, key, version_id=gone)


def test_only_current_versions_move(versioned: str, key: str) -> None:
    """24"""
    first = put(versioned, key)

    with pytest.raises(BadRequest):
        copying.move(Place(versioned, key, first), Place(versioned, "new"))
