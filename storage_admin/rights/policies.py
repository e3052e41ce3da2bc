"""IAM policies that grant what features ask for, and nothing else: pure, from names to a document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from photos import keys
from portal.aws.actions import ACTIONS as OF_SERVICES
from portal.s3.actions import ACTIONS as OF_S3
from portal.s3.actions import OF_ACCOUNT, OF_OBJECTS
from storage_admin.exports.register import PREFIX as EXPORTS
from storage_admin.rights.features import Feature, Side, Where

VERSION = "2012-10-17"
# Of a managed policy, white space not counted (IAM User Guide, "IAM and STS quotas").
MOST_LETTERS = 6_144
ACTIONS = OF_S3 | OF_SERVICES
# With which an object is written and read under a KMS key.
KMS_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
ACCOUNT_PLACEHOLDER, REGION_PLACEHOLDER, BUCKET_PLACEHOLDER = "ACCOUNT", "REGION", "BUCKET"


@dataclass(frozen=True)
class Places:
    """Where the rights are to hold. What is empty becomes a placeholder, which `lacking` tells."""

    buckets: tuple[str, ...]  # a name may end in `*`
    photo_bucket: str = ""  # empty: photos are on another connection
    tables: tuple[str, ...] = ()
    account: str = ""
    region: str = ""
    kms_keys: tuple[str, ...] = ()

    @property
    def partition(self) -> str:
        """Return what ARNs begin with: China and GovCloud are worlds of their own."""
        for beginning, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(beginning):
                return name
        return "aws"


@dataclass
class _Grants:
    """Actions by the statement that they go into: its name and its resources."""

    found: dict[tuple[str, tuple[str, ...]], set[str]] = field(default_factory=dict)

    def add(self, sid: str, resources: Sequence[str], action: str) -> None:
        self.found.setdefault((sid, tuple(resources)), set()).add(action)


def document(features: Sequence[Feature], side: Side, places: Places) -> dict[str, Any]:
    """Return the policy of one side; without a statement where the features ask for nothing there."""
    grants = _Grants()
    for feature in features:
        for operation in feature.operations(side):
            for action in ACTIONS[operation]:
                sid, resources = _place(feature, action, places)
                grants.add(sid, resources, action)
    if places.kms_keys and any(action in OF_OBJECTS for found in grants.found.values() for action in found):
        for action in KMS_ACTIONS:
            grants.add("EncryptionKeys", places.kms_keys, action)
    _drop_repeated(grants, places)
    statements = [
        {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": _one_or_all(resources)}
        for (sid, resources), actions in sorted(grants.found.items())
        if actions
    ]
    return {"Version": VERSION, "Statement": statements}


def role_document(role_arn: str) -> dict[str, Any]:
    """Return the policy of the keys that take on a role."""
    actions = sorted(ACTIONS["AssumeRole"])
    statement = {"Sid": "TakeOnTheRole", "Effect": "Allow", "Action": actions, "Resource": role_arn}
    return {"Version": VERSION, "Statement": [statement]}


def letters(policy: dict[str, Any]) -> int:
    """Return how many of the letters of a managed policy the document takes."""
    return len(json.dumps(policy, separators=(",", ":")))


def lacking(policies: Sequence[dict[str, Any]]) -> list[str]:
    """Return the placeholders that stand in the documents' ARNs, and what to do about each."""
    arns = json.dumps([one["Resource"] for policy in policies for one in policy["Statement"]])
    words = {
        f":{ACCOUNT_PLACEHOLDER}:": f"{ACCOUNT_PLACEHOLDER} is the account's number: --account, or "
        "S3_EXPECTED_OWNER",
        f":{REGION_PLACEHOLDER}:": f"{REGION_PLACEHOLDER} is the region of the tables: AWS_REGION",
        f":::{BUCKET_PLACEHOLDER}": f"{BUCKET_PLACEHOLDER} is a bucket's name: the portal knows none of this "
        "connection yet; --bucket",
    }
    return [told for sign, told in words.items() if sign in arns]


def _place(feature: Feature, action: str, places: Places) -> tuple[str, tuple[str, ...]]:
    """Return the statement of an action: what it is called, and the ARNs."""
    if action in OF_ACCOUNT:
        return "WholeAccount", ("*",)
    if action.startswith("dynamodb:"):
        return "MirrorTables", _tables(places)
    s3 = f"arn:{places.partition}:s3:::"
    photos = (places.photo_bucket,) if feature.where is Where.PHOTOS else ()
    named = photos or places.buckets or (BUCKET_PLACEHOLDER,)
    if action not in OF_OBJECTS:
        return "PhotoBucket" if photos else "Buckets", tuple(f"{s3}{name}" for name in named)
    if photos:
        below = (keys.ORIGINALS, keys.RENDITIONS)
        return "PhotosAndRenditions", tuple(f"{s3}{name}/{prefix}*" for name in named for prefix in below)
    if feature.where is Where.EXPORTS:
        return "Exports", tuple(f"{s3}{name}/{EXPORTS}*" for name in named)
    return "ObjectsInBuckets", tuple(f"{s3}{name}/*" for name in named)


def _tables(places: Places) -> tuple[str, ...]:
    region, account = places.region or REGION_PLACEHOLDER, places.account or ACCOUNT_PLACEHOLDER
    found = []
    for table in places.tables:
        arn = f"arn:{places.partition}:dynamodb:{region}:{account}:table/{table}"
        found += [arn, f"{arn}/index/*"]
    return tuple(found)


def _drop_repeated(grants: _Grants, places: Places) -> None:
    """Take out of narrower statements what a wider one grants already: a policy has few letters."""
    wider = {sid: actions for (sid, _resources), actions in grants.found.items()}
    holds_photos = places.photo_bucket in places.buckets
    by_wider = {
        "Exports": "ObjectsInBuckets",
        "PhotosAndRenditions": "ObjectsInBuckets" if holds_photos else "",
        "PhotoBucket": "Buckets" if holds_photos else "",
    }
    for (sid, _resources), actions in grants.found.items():
        actions.difference_update(wider.get(by_wider.get(sid, ""), set()))


def _one_or_all(resources: Sequence[str]) -> str | list[str]:
    return resources[0] if len(resources) == 1 else list(resources)
