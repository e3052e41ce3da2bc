"""Destroying delete markers that Undelete is not for: typed, looked at again, audited."""

import time
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from portal.audit import AuditEvent
from portal.s3 import listing, session
from portal.s3.attributes import read as facts
from storage_admin.errors import ChangedMeanwhile, NotPossible
from storage_admin.models import Bucket
from storage_admin.objects import destroying
from storage_admin.objects.seen import Seen
from tests.storage_admin.conftest import address, in_role
from tests.storage_admin.objects.test_forms import filled
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def hide(bucket: Bucket, key: str) -> str:
    return str(session.client().delete_object(Bucket=bucket.name, Key=key)["VersionId"])


def ids(bucket: Bucket, key: str) -> set[str]:
    return {one.version_id for one in listing.key_versions(bucket.name, key, size=100).versions}


def seen(bucket: Bucket, key: str, marker: str) -> Seen:
    entries = listing.key_versions(bucket.name, key, size=100).versions
    [found] = [one for one in entries if one.version_id == marker]
    return Seen(marker, "", found.last_modified.isoformat())


def typed(response: Any, **changes: str) -> dict[str, str]:
    return filled(response, typed=response.context["form"].fields["typed"].word, **changes)


def test_marker_below_a_version_goes_and_no_reader_notices(page, bucket, prefix, put, ada) -> None:
    key = f"{prefix}<b>a</b> +%.jpg"
    first = put(key, b"first")
    marker = hide(bucket, key)
    time.sleep(1.1)  # lists tell whole seconds, and no order within one
    newest = put(key, b"second")
    where = address("destroy", bucket, key=key, version=marker)
    assert "Destroy this version" in page.get(address("object", bucket, key=key, version=marker)).text
    form = page.get(where)
    assert "<b>a" not in form.text
    assert "What is on top stays on top" in form.text

    assert "That is not" in page.post(where, filled(form, typed="no")).text
    assert marker in ids(bucket, key)
    response = page.post(where, typed(form, reason="an accident"), follow=True)

    assert "The delete marker is destroyed." in response.text
    assert ids(bucket, key) == {first, newest}
    assert facts(bucket.name, key).bytes == 6
    event = AuditEvent.objects.get(action="object.marker_destroyed")
    assert (event.actor, event.version_id, event.message) == (ada, marker, "an accident")
    assert event.outcome == AuditEvent.Outcome.DONE
    assert event.before is not None
    assert event.before["marker"] == marker


def test_last_marker_of_a_key_leaves_nothing(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key)
    marker = hide(bucket, key)
    session.client().delete_object(Bucket=bucket.name, Key=key, VersionId=version)
    where = address("destroy", bucket, key=key, version=marker)
    form = page.get(where)
    assert "nothing is left of the key" in form.text

    response = page.post(where, typed(form))

    assert response["Location"] == address("browse", bucket, prefix=prefix)
    assert ids(bucket, key) == set()


def test_marker_that_hides_an_object_is_left_to_undelete(page, bucket, prefix, put, ada) -> None:
    key = f"{prefix}a"
    put(key)
    marker = hide(bucket, key)

    text = page.get(address("destroy", bucket, key=key, version=marker)).text

    assert "Undelete takes it away" in text
    with pytest.raises(NotPossible, match="undelete the object"):
        destroying.destroy_marker(actor=ada, bucket=bucket, key=key, seen=seen(bucket, key, marker))
    assert marker in ids(bucket, key)


def test_marker_is_not_destroyed_without_the_right(client, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key)
    marker = hide(bucket, key)
    put(key)
    operator = in_role("Storage operator")
    client.force_login(operator)

    where = address("object", bucket, key=key, version=marker)
    assert client.get(where).context["acts"] == []
    assert client.get(address("destroy", bucket, key=key, version=marker)).status_code == 403
    with pytest.raises(PermissionDenied):
        destroying.destroy_marker(actor=operator, bucket=bucket, key=key, seen=seen(bucket, key, marker))

    assert marker in ids(bucket, key)
    refused = AuditEvent.objects.filter(action="object.marker_destroyed").latest("id")
    assert refused.outcome == AuditEvent.Outcome.REFUSED


def test_form_about_a_marker_that_hides_by_now_is_refused(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key)
    marker = hide(bucket, key)
    time.sleep(1.1)
    above = put(key)
    where = address("destroy", bucket, key=key, version=marker)
    form = page.get(where)
    session.client().delete_object(Bucket=bucket.name, Key=key, VersionId=above)

    response = page.post(where, typed(form))

    assert response.status_code == 409
    assert marker in ids(bucket, key)


def test_marker_that_is_gone_is_told_as_a_change(bucket, prefix, put, ada) -> None:
    key = f"{prefix}a"
    put(key)
    gone = Seen("ffffffff-not-there", "", "2026-01-01T00:00:00+00:00")

    with pytest.raises(ChangedMeanwhile):
        destroying.destroy_marker(actor=ada, bucket=bucket, key=key, seen=gone)


def test_refusal_of_the_store_is_told_with_its_code(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key)
    marker = hide(bucket, key)
    time.sleep(1.1)
    put(key)
    where = address("destroy", bucket, key=key, version=marker)
    form = page.get(where)

    with answering("DeleteObjects", refusal(403, "AccessDenied")):
        response = page.post(where, typed(form))

    assert response.status_code == 502
    assert "AccessDenied" in response.text
    assert marker in ids(bucket, key)
