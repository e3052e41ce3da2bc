"""IAM policies that grant what features ask for, and nothing else: pure, from names to a document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from photos import keys
from portal.aws.actions import ACTIONS as OF_SERVICES
from portal.s3.actions import ACTIONS as OF_S3
from portal.s3.actions import GIVES_ROLE, OF_ACCOUNT, OF_BATCH_JOBS, OF_OBJECTS
from storage_admin.exports.register import PREFIX as EXPORTS
from storage_admin.rights.features import Feature, Side, Where

VERSION = "2012-10-17"
# Of a managed policy, white space not counted (IAM User Guide, "IAM and STS quotas").
MOST_LETTERS = 6_144
ACTIONS = OF_S3 | OF_SERVICES
# With which an object is written and read under a KMS key.
KMS_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
ACCOUNT_PLACEHOLDER, REGION_PLACEHOLDER, BUCKET_PLACEHOLDER = "ACCOUNT", "REGION", "BUCKET"
ROLE_PLACEHOLDER = "arn:aws:iam::ACCOUNT:role/ROLE"
# What the statements are called: of the bucket itself, and of what lies in it.
SIDS = {
    Where.BUCKETS: ("Buckets", "ObjectsInBuckets"),
    Where.PHOTOS: ("PhotoBucket", "PhotosAndRenditions"),
    Where.EXPORTS: ("Buckets", "Exports"),
    Where.ANALYTICS: ("AnalyticsBucket", "AnalyticsExports"),
    Where.ARRIVALS: ("ArrivalBuckets", "Arrivals"),
    Where.LISTS: ("BatchBucket", "BatchLists"),
    Where.REPORTS: ("ReportBucket", "InventoryReports"),
}
# About the buckets whose objects the lists and reports name, not about those that these lie in.
_OF_OTHERS = {
    Where.LISTS: ("s3:GetBucketOwnershipControls", "s3:GetBucketObjectLockConfiguration"),
    Where.REPORTS: ("s3:GetBucketVersioning", "s3:ListBucketVersions"),
}


@dataclass(frozen=True)
class Places:
    """Where the rights are to hold. What is empty becomes a placeholder, which `lacking` tells."""

    buckets: tuple[str, ...]  # a name may end in `*`
    photo_bucket: str = ""  # empty: photos are on another connection
    tables: tuple[str, ...] = ()
    account: str = ""
    region: str = ""
    kms_keys: tuple[str, ...] = ()
    below: Mapping[Where, tuple[str, ...]] = field(default_factory=dict)  # "bucket/prefix", by settings
    queues: tuple[str, ...] = ()
    glue_jobs: tuple[str, ...] = ()
    batch_role: str = ""

    def arn(self, service: str, name: str) -> str:
        """Return the ARN of something of the account in its region."""
        region, account = self.region or REGION_PLACEHOLDER, self.account or ACCOUNT_PLACEHOLDER
        return f"arn:{self.partition}:{service}:{region}:{account}:{name}"

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
        f":{REGION_PLACEHOLDER}:": f"{REGION_PLACEHOLDER} is the region of the services: AWS_REGION",
        ":role/ROLE": "ROLE is the role that S3 Batch Operations work with: BATCH_ROLE_ARN",
        f":::{BUCKET_PLACEHOLDER}": f"{BUCKET_PLACEHOLDER} is a bucket's name: the portal knows none of this "
        "connection yet; --bucket",
    }
    return [told for sign, told in words.items() if sign in arns]


def _place(feature: Feature, action: str, places: Places) -> tuple[str, tuple[str, ...]]:
    """Return the statement of an action: what it is called, and the ARNs."""
    if action in OF_ACCOUNT:
        return "WholeAccount", ("*",)
    if action in OF_BATCH_JOBS:
        return "BatchJobs", (places.arn("s3", "job/*"),)
    if action == GIVES_ROLE:
        return "BatchRole", (places.batch_role or ROLE_PLACEHOLDER,)
    service = action.partition(":")[0]
    if service in _SERVICES:
        return _SERVICES[service](places)
    where = feature.where
    if action in _OF_OTHERS.get(where, ()):
        where = Where.BUCKETS
    elif where is Where.ARRIVALS and action == "s3:PutObject":
        where = Where.PHOTOS  # where files become photos; where they came from stays as it is
    of_bucket, of_objects = SIDS[where]
    below = _below(where, places)
    s3 = f"arn:{places.partition}:s3:::"
    if action in OF_OBJECTS:
        return of_objects, tuple(f"{s3}{place}*" for place in below)
    return of_bucket, tuple(dict.fromkeys(f"{s3}{place.partition('/')[0]}" for place in below))


def _below(where: Where, places: Places) -> tuple[str, ...]:
    """Return the places as "bucket/prefix"."""
    named = places.buckets or (BUCKET_PLACEHOLDER,)
    if where is Where.PHOTOS and places.photo_bucket:
        return tuple(f"{places.photo_bucket}/{prefix}" for prefix in (keys.ORIGINALS, keys.RENDITIONS))
    if where is Where.EXPORTS:
        return tuple(f"{name}/{EXPORTS}" for name in named)
    if where in places.below:
        return places.below[where]
    return tuple(f"{name}/" for name in named)


def _tables(places: Places) -> tuple[str, tuple[str, ...]]:
    arns = [places.arn("dynamodb", f"table/{table}") for table in places.tables]
    return "MirrorTables", tuple(one for arn in arns for one in (arn, f"{arn}/index/*"))


def _queues(places: Places) -> tuple[str, tuple[str, ...]]:
    return "EventQueues", tuple(places.arn("sqs", name) for name in places.queues)


def _glue_jobs(places: Places) -> tuple[str, tuple[str, ...]]:
    return "GlueJobs", tuple(places.arn("glue", f"job/{name}") for name in places.glue_jobs)


_SERVICES = {"dynamodb": _tables, "sqs": _queues, "glue": _glue_jobs}


def _drop_repeated(grants: _Grants, places: Places) -> None:
    """Take out of narrower statements what a wider one grants already: a policy has few letters."""
    wider = {sid: actions for (sid, _resources), actions in grants.found.items()}
    known = {*places.buckets, BUCKET_PLACEHOLDER}
    wide = SIDS[Where.BUCKETS]
    for (sid, resources), actions in grants.found.items():
        place = next((at for sids in SIDS.values() for at, one in enumerate(sids) if one == sid), None)
        if place is None or sid in wide:
            continue
        if all(arn.rpartition(":::")[2].partition("/")[0] in known for arn in resources):
            actions.difference_update(wider.get(wide[place], set()))


def _one_or_all(resources: Sequence[str]) -> str | list[str]:
    return resources[0] if len(resources) == 1 else list(resources)
