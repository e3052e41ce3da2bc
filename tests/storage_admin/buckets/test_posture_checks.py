"""The rules of the posture, over facts as a store would tell them."""

from typing import Any

import pytest

from portal.s3 import capabilities
from portal.s3.differences import Capability, Server
from portal.s3.encryption import DefaultEncryption
from portal.s3.errors import AccessRefused, StorageUnavailable, Unsupported
from portal.s3.exposure import Exposure
from portal.s3.lifecycle import Lifecycle
from portal.s3.ownership import Ownership
from portal.s3.permissions import Finding, Verdict
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.types import Algorithm, VersioningState
from portal.s3.versioning import Versioning
from storage_admin.buckets.posture_checks import Check, Facts, Outcome, judge, wanted_block

ORIGIN = "https://pets.example.org"
CORS = {"AllowedOrigins": [ORIGIN], "AllowedMethods": ["PUT", "GET"], "AllowedHeaders": ["*"]}
ENABLED = {"Status": "Enabled", "Filter": {"Prefix": ""}}
OLD = {"ID": "old", **ENABLED, "NoncurrentVersionExpiration": {"NoncurrentDays": 9}}
ABORT = {"ID": "up", **ENABLED, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
NOTHING_PUBLIC = Exposure(False, False, Ownership.ENFORCED, PublicAccessBlock.all_on())


def facts(**changes: Any) -> Facts:
    """A bucket that is fit, but for the changes."""
    others = {"findings", "lacks", "holds_photos", "origins"} & set(changes)
    extra = {name: changes.pop(name) for name in others}
    answers = {
        "versioning": Versioning(VersioningState.ENABLED),
        "clock": 0.4,
        "own_block": PublicAccessBlock.all_on(),
        "account_block": PublicAccessBlock(),
        "ownership": Ownership.ENFORCED,
        "encryption": DefaultEncryption(),
        "exposure": NOTHING_PUBLIC,
        "lifecycle": Lifecycle((OLD, ABORT)),
        "cors": (CORS,),
        **changes,
    }
    defaults = {
        "findings": [Finding("s3:ListBucket", Verdict.ALLOWED)],
        "holds_photos": True,
        "origins": [ORIGIN],
    }
    return Facts(answers, reachable_by_browsers=True, **{**defaults, **extra})


def found(slug: str, **changes: Any) -> Check:
    return next(check for check in judge(facts(**changes)) if check.slug == slug)


def test_bucket_that_is_fit_passes_everything() -> None:
    assert {check.outcome for check in judge(facts())} == {Outcome.PASS}


@pytest.mark.parametrize(
    ("slug", "changes", "outcome", "words"),
    [
        ("versioning", {"versioning": Versioning(VersioningState.NEVER_SET)}, Outcome.FAIL, "Never"),
        ("versioning", {"versioning": Versioning(VersioningState.SUSPENDED)}, Outcome.FAIL, "Suspended"),
        ("ownership", {"ownership": Ownership.OBJECT_WRITER}, Outcome.WARN, "ACLs count"),
        ("encryption", {"encryption": DefaultEncryption(Algorithm.NONE)}, Outcome.WARN, "only when"),
        ("public-access", {"own_block": PublicAccessBlock()}, Outcome.FAIL, "0 of the four"),
        ("public-access", {"own_block": PublicAccessBlock(True)}, Outcome.WARN, "1 of the four"),
        ("grants", {"exposure": Exposure(True, False, Ownership.ENFORCED, PublicAccessBlock())},
         Outcome.FAIL, "its policy"),
        ("grants", {"exposure": Exposure(False, True, Ownership.OBJECT_WRITER, PublicAccessBlock())},
         Outcome.FAIL, "its ACL"),
        ("grants", {"exposure": Exposure(True, False, Ownership.ENFORCED, PublicAccessBlock.all_on())},
         Outcome.WARN, "shut off"),
        ("grants", {"exposure": Exposure(None, False, Ownership.ENFORCED, PublicAccessBlock())},
         Outcome.UNKNOWN, "policy"),
        ("old-versions", {"lifecycle": Lifecycle((ABORT,))}, Outcome.WARN, "for ever"),
        ("old-versions", {"lifecycle": Lifecycle(({**OLD, "Status": "Disabled"},))},
         Outcome.WARN, "for ever"),
        ("old-versions", {"lifecycle": Lifecycle(({**OLD, "Filter": {"Prefix": "a/"}},))},
         Outcome.WARN, "part of the bucket"),
        ("incomplete-uploads", {"lifecycle": Lifecycle((OLD,))}, Outcome.WARN, "never completed"),
        ("incomplete-uploads", {"lifecycle": Lifecycle(({**ABORT, "Filter": {"And": {"Prefix": "a"}}},))},
         Outcome.WARN, "part of the bucket"),
        ("cors", {"cors": ()}, Outcome.FAIL, ORIGIN),
        ("cors", {"cors": ({**CORS, "AllowedMethods": ["GET"]},)}, Outcome.FAIL, ORIGIN),
        ("cors", {"cors": ({**CORS, "AllowedOrigins": ["https://*.example.org"]},)}, Outcome.PASS, ORIGIN),
        ("cors", {"origins": []}, Outcome.UNKNOWN, "PORTAL_ORIGINS"),
        ("cors", {"cors": (), "holds_photos": False}, Outcome.PASS, "Not needed"),
        ("clock", {"clock": 61.0}, Outcome.WARN, "61 seconds behind"),
        ("clock", {"clock": -301.0}, Outcome.FAIL, "301 seconds ahead"),
        ("clock", {"clock": -60.0}, Outcome.PASS, "60"),
    ],
)  # fmt: skip
def test_what_is_not_fit_is_told(slug: str, changes: Any, outcome: Outcome, words: str) -> None:
    check = found(slug, **changes)

    assert (check.outcome, words in check.sentence) == (outcome, True), check


def test_bucket_without_versions_needs_no_rule_for_old_ones() -> None:
    never = Versioning(VersioningState.NEVER_SET)

    assert found("old-versions", versioning=never, lifecycle=Lifecycle()).outcome is Outcome.PASS


def test_account_alone_can_block_public_access() -> None:
    check = found("public-access", own_block=AccessRefused("no"), account_block=PublicAccessBlock.all_on())

    assert check.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("block_public_acls", "ignore_public_acls", "outcome"),
    [
        (False, True, Outcome.PASS),
        (False, False, Outcome.WARN),
        (True, True, Outcome.FAIL),  # no upload comes through
    ],
)
def test_switch_under_which_a_store_takes_no_uploads_ought_to_be_off(
    block_public_acls: bool, ignore_public_acls: bool, outcome: Outcome
) -> None:
    block = PublicAccessBlock(block_public_acls, ignore_public_acls, True, True)
    lacks = capabilities.known(Server.CEPH)

    check = found("public-access", own_block=block, account_block=Unsupported("none here"), lacks=lacks)

    assert check.outcome is outcome
    assert wanted_block(lacks) == PublicAccessBlock(False, True, True, True)


def test_open_bucket_under_an_account_that_cannot_be_read_is_unknown() -> None:
    check = found("public-access", own_block=PublicAccessBlock(), account_block=AccessRefused("no"))

    assert check.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("slug", ["versioning", "ownership", "encryption", "grants", "old-versions", "clock"])
@pytest.mark.parametrize("error", [AccessRefused("no", code="AccessDenied"), StorageUnavailable("late")])
def test_what_could_not_be_read_is_unknown_and_never_a_pass(slug: str, error: Exception) -> None:
    names = ["versioning", "clock", "ownership", "encryption", "exposure", "lifecycle", "cors", "own_block"]

    check = found(slug, **dict.fromkeys(names, error))

    assert check.outcome is Outcome.UNKNOWN
    assert str(error) in check.sentence


def test_what_the_store_lacks_is_told_with_the_reason() -> None:
    lacks = {Capability.PUBLIC_ACCESS_BLOCK: "It has none (501)."}

    assert found("public-access", lacks=lacks).sentence == "It has none (501)."
    assert found("encryption", encryption=Unsupported("no", code="501")).outcome is Outcome.LACKING


def test_denied_actions_are_named() -> None:
    denied = [
        Finding("s3:ListBucket", Verdict.ALLOWED),
        Finding("s3:DeleteObjectVersion", Verdict.REFUSED),
        Finding("s3:PutBucketAcl", Verdict.UNKNOWN),
    ]

    check = found("permissions", findings=denied)

    assert (check.outcome, "s3:DeleteObjectVersion" in check.sentence) == (Outcome.WARN, True)
    vital = found("permissions", findings=[Finding("s3:PutObject", Verdict.REFUSED)])
    assert vital.outcome is Outcome.FAIL
    nothing = found("permissions", findings=[Finding("s3:PutObject", Verdict.UNKNOWN)])
    assert nothing.outcome is Outcome.UNKNOWN
