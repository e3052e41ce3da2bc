"""The posture of a bucket: its page, what it mends, connecting by name, and the daily check."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.audit import AuditEvent
from portal.s3 import buckets, policy, session, versioning
from portal.s3.buckets import Birth
from portal.s3.errors import AccessRefused
from portal.s3.lifecycle import Lifecycle
from portal.s3.types import VersioningState
from portal.s3.versioning import Versioning
from storage_admin import tasks
from storage_admin.buckets import looking, posture, posture_fixes
from storage_admin.buckets.posture_checks import Facts, Outcome, judge
from storage_admin.models import Bucket, BucketChange
from tests.factories import BucketFactory
from tests.storage_admin.conftest import address, in_role
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

CONNECT = "admin:storage_admin_bucket_connect"


@pytest.fixture
def unversioned(another_bucket) -> Bucket:
    return another_bucket(VersioningState.NEVER_SET)


def outcomes(bucket: Bucket) -> dict[str, Outcome]:
    return {check.slug: check.outcome for check in posture.check(bucket).checks}


def test_page_shows_each_check_and_keeps_what_it_read(page, bucket) -> None:
    response = page.get(address("posture", bucket))

    bucket.refresh_from_db()
    assert response.status_code == 200
    assert "Every version is kept." in response.text
    assert "s3:PutBucketPolicy" in response.text
    assert bucket.posture == response.context["counts"]
    assert sum(bucket.posture.values()) == len(response.context["rows"])
    assert (bucket.versioning, bucket.public) == ("Enabled", "not public")
    assert bucket.encryption == posture.NO_ENCRYPTION
    assert bucket.posture_at is not None
    assert bucket.lifecycle_rules is not None


def test_what_the_store_lacks_is_said_with_its_reason(page, bucket, settings) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"

    text = page.get(address("posture", bucket)).text

    assert "It has no Block Public Access (501)." in text
    assert outcomes(bucket)["public-access"] is Outcome.LACKING


def test_bucket_that_the_world_sees_fails(bucket, another_bucket) -> None:
    open_one = another_bucket(VersioningState.ENABLED)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{open_one.name}/*",
    }
    policy.write(open_one.name, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    assert outcomes(open_one)["grants"] is Outcome.FAIL
    open_one.refresh_from_db()
    assert open_one.public == "public"


def test_denied_action_is_named(page, bucket) -> None:
    with answering("GetBucketTagging", refusal(403, "AccessDenied")):
        text = page.get(address("posture", bucket)).text

    assert "1 action is refused: s3:GetBucketTagging." in text


def test_part_that_is_refused_is_unknown_and_stops_nothing(page, bucket) -> None:
    with answering("GetBucketVersioning", refusal(403, "AccessDenied")):
        response = page.get(address("posture", bucket))

    assert response.status_code == 200
    checks = {row["check"].slug: row["check"] for row in response.context["rows"]}
    assert checks["versioning"].outcome is Outcome.UNKNOWN
    assert "AccessDenied" in checks["versioning"].sentence
    assert checks["clock"].outcome is Outcome.PASS


def test_store_that_is_away_is_told_calmly(page, no_store, db) -> None:
    row = BucketFactory(name="any")

    assert page.get(address("posture", row)).status_code == 503


def test_bucket_that_is_gone_is_told(page, photo_bucket, db) -> None:
    row = BucketFactory(name=f"gone-{uuid4().hex[:8]}")

    response = page.get(address("posture", row))

    row.refresh_from_db()
    assert response.status_code == 404
    assert row.gone_since is not None


def test_fix_shows_the_difference_first_and_then_goes_by_the_review(page, unversioned) -> None:
    shown = page.get(address("posture", unversioned))
    fix = reverse("admin:storage_admin_bucket_fix", args=[unversioned.pk, "versioning"])
    assert fix in shown.text

    review = page.get(fix)

    assert "What would change" in review.text
    assert versioning.read(unversioned.name).state is VersioningState.NEVER_SET
    [reviewed] = re.findall(r'name="reviewed" value="([^"]+)"', review.text)
    sent = {"reviewed": html.unescape(reviewed)}
    page.post(reverse("admin:storage_admin_bucket_apply", args=[unversioned.pk, "versioning"]), sent)
    assert versioning.read(unversioned.name).state is VersioningState.ENABLED
    assert BucketChange.objects.get().setting == "versioning"
    assert outcomes(unversioned)["versioning"] is Outcome.PASS


def test_fix_of_what_is_mended_already_changes_nothing(page, bucket) -> None:
    fix = reverse("admin:storage_admin_bucket_fix", args=[bucket.pk, "versioning"])

    assert page.get(fix)["Location"] == address("posture", bucket).rstrip("?")
    assert page.get(reverse("admin:storage_admin_bucket_fix", args=[bucket.pk, "clock"])).status_code == 404


@pytest.mark.parametrize(
    ("role", "sees", "fixes", "connects"),
    [
        ("Viewer", False, False, False),
        ("Curator", False, False, False),
        ("Storage operator", True, False, False),
        ("Auditor", True, False, False),
        ("Storage admin", True, True, True),
    ],
)
def test_each_role_may_what_the_table_says(client, unversioned, role, sees, fixes, connects) -> None:
    client.force_login(in_role(role))
    fix = reverse("admin:storage_admin_bucket_fix", args=[unversioned.pk, "versioning"])

    response = client.get(address("posture", unversioned))

    assert (response.status_code == 200) is sees
    assert (fix in response.text) is fixes
    assert (client.get(fix).status_code == 200) is fixes
    assert (client.get(reverse(CONNECT)).status_code == 200) is connects
    assert (client.post(reverse(CONNECT), {}).status_code == 200) is connects


@pytest.fixture
def unlisted(photo_bucket: str) -> str:
    """A bucket without a row."""
    name = f"shared-{uuid4().hex[:10]}"
    buckets.create(name, Birth())
    return name


def test_connecting_checks_first_and_adds_when_confirmed(page, ada, unlisted) -> None:
    named = {"connection": "default", "name": unlisted}

    shown = page.get(reverse(CONNECT), named)

    assert "Every version is kept." in shown.text
    assert not Bucket.objects.filter(name=unlisted).exists()
    response = page.post(reverse(CONNECT), named)
    row = Bucket.objects.get(name=unlisted)
    assert response["Location"] == address("posture", row).rstrip("?")
    event = AuditEvent.objects.get(action="bucket.connected")
    assert (event.actor, event.bucket, event.outcome) == (ada, unlisted, AuditEvent.Outcome.DONE)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no-such-bucket-at-all", "There is no bucket"),
        ("arn:aws:s3:::x", "No bucket is called that"),
        ("<script>alert(1)</script>", "No bucket is called that"),
    ],
)
def test_name_that_cannot_be_connected_is_told_in_words(page, photo_bucket, name, words) -> None:
    for response in (
        page.get(reverse(CONNECT), {"connection": "default", "name": name}),
        page.post(reverse(CONNECT), {"connection": "default", "name": name}),
    ):
        assert response.status_code == 200
        assert words in response.text
        assert "<script>alert" not in response.text
    assert not Bucket.objects.filter(name=name).exists()
    event = AuditEvent.objects.get(action="bucket.connected")
    assert event.outcome == AuditEvent.Outcome.REFUSED


def test_bucket_of_somebody_else_is_told_in_words(page, unlisted, settings) -> None:
    named = {"connection": "default", "name": unlisted}
    with answering("HeadBucket", refusal(403, "403")):
        assert "somebody else" in page.get(reverse(CONNECT), named).text
        settings.S3_CONNECTIONS["default"]["expected_owner"] = "111122223333"
        assert "111122223333" in page.get(reverse(CONNECT), named).text


def test_bucket_that_is_listed_and_store_that_is_away(page, bucket, no_store) -> None:
    named = {"connection": "default", "name": bucket.name}
    assert "in the list already" in page.get(reverse(CONNECT), named).text

    assert page.get(reverse(CONNECT), {**named, "name": "other"}).status_code == 503


def test_bucket_that_no_list_names_is_not_called_gone(bucket, unlisted, monkeypatch) -> None:
    row = BucketFactory(name=unlisted)
    lost = BucketFactory(name=f"lost-{uuid4().hex[:8]}")
    listed = [one for one in buckets.every() if one.name != unlisted]
    monkeypatch.setattr(buckets, "every", lambda **_options: iter(listed))

    found = looking.look()

    row.refresh_from_db()
    assert row.gone_since is None
    assert found.gone == [lost.name]


def test_keys_that_may_list_nothing_keep_the_buckets_that_were_connected(bucket, unlisted) -> None:
    row = BucketFactory(name=unlisted)

    with answering("ListBuckets", refusal(403, "AccessDenied")):
        found = looking.look()

    row.refresh_from_db()
    assert (found.errors, found.total, row.last_error) == ({}, 2, "")


def test_sweep_checks_those_that_are_new_and_one_that_fails_stops_nothing(bucket) -> None:
    gone = BucketFactory(name=f"gone-{uuid4().hex[:8]}")
    BucketFactory(connection="forgotten")
    fresh = BucketFactory(posture_at=timezone.now())

    tasks.check_buckets()

    bucket.refresh_from_db()
    gone.refresh_from_db()
    fresh.refresh_from_db()
    assert bucket.posture["failed"] == 0
    assert gone.gone_since is not None
    assert fresh.posture is None


def test_daily_check_asks_a_store_that_is_away_once(no_store, db) -> None:
    old = timezone.now() - timedelta(days=2)
    rows = [BucketFactory(posture_at=old) for _number in range(3)]

    went = posture.check_due(timezone.now())

    for row in rows:
        row.refresh_from_db()
    assert went == {"not checked": 1}
    assert [bool(row.last_error) for row in rows] == [True, False, False]


def test_page_leaves_no_probe_behind(page, bucket) -> None:
    page.get(address("posture", bucket))

    answer: Any = session.client().list_object_versions(Bucket=bucket.name, Prefix="photos/.portal-probe/")
    assert not answer.get("Versions")
    assert not answer.get("DeleteMarkers")


@pytest.mark.parametrize("slug", ["old-versions", "incomplete-uploads", "encryption", "cors"])
def test_each_fix_leads_to_a_review_of_its_setting(page, bucket, settings, slug) -> None:
    settings.PORTAL_ORIGINS = ["https://pets.example.org"]

    response = page.get(reverse("admin:storage_admin_bucket_fix", args=[bucket.pk, slug]))

    assert response.status_code == 200
    assert "What would change" in response.text
    assert not BucketChange.objects.exists()


def test_fix_of_what_the_store_lacks_leads_to_the_setting_that_says_why(page, bucket, settings) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"

    response = page.get(reverse("admin:storage_admin_bucket_fix", args=[bucket.pk, "public-access"]))

    assert response["Location"] == reverse(
        "admin:storage_admin_bucket_setting", args=[bucket.pk, "public-access"]
    )


def test_proposals_keep_what_is_there_and_mend_what_was_found() -> None:
    """Each proposal, judged anew, passes; rules of others stay."""
    others = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 9}}
    now = Lifecycle((others,))

    for slug in ("old-versions", "incomplete-uploads"):
        fix = posture_fixes.find(slug)
        assert fix is not None
        assert fix.propose is not None
        now = fix.propose(now, {})
        assert fix.propose(now, {}) == now

    facts = Facts({"lifecycle": now, "versioning": Versioning(VersioningState.ENABLED)})
    judged = {check.slug: check.outcome for check in judge_some(facts)}
    assert others in now.rules
    assert (judged["old-versions"], judged["incomplete-uploads"]) == (Outcome.PASS, Outcome.PASS)


def judge_some(facts: Facts) -> list[Any]:
    """Judge what these facts tell; the others are errors."""
    missing = ["own_block", "ownership", "encryption", "exposure", "cors", "clock"]
    unread = {name: AccessRefused("not asked") for name in missing}
    return judge(Facts({**unread, **facts.answers}))


def test_clock_that_is_wrong_is_told_in_seconds_although_the_store_refuses(bucket) -> None:
    def skewed() -> Any:
        answer = refusal(403, "RequestTimeTooSkewed")()
        answer.headers["Date"] = format_datetime(datetime.now(UTC) + timedelta(seconds=1_200), usegmt=True)
        return answer

    with answering("HeadBucket", skewed), answering("GetBucketVersioning", skewed):
        checks = {check.slug: check for check in posture.check(bucket).checks}

    assert checks["clock"].outcome is Outcome.FAIL
    assert re.search(r"is 1[12]\d\d seconds behind", checks["clock"].sentence)
    assert "clock" in checks["versioning"].sentence
