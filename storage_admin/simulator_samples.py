"""What lies in a simulated store, so that there is something to try the storage console on.

One bucket for each thing that the demo's own photo store lacks, or that nobody should learn on
photos. All of it is gone when the simulator ends, and made again at its next start.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings

from pets.models import Pet
from photos import drawing
from portal.aws import glue
from portal.local import simulator
from portal.s3 import (
    acl,
    buckets,
    copying,
    delete_markers,
    lifecycle,
    object_lock,
    objects,
    policy,
    session,
    tags,
    versioning,
)
from portal.s3.acl import Canned
from portal.s3.buckets import Birth
from portal.s3.errors import Conflict
from portal.s3.object_lock import Retention
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.types import RetentionMode, StorageClass
from storage_admin.errors import NotPossible

WIDTH, HEIGHT = 640, 480
# The simulator runs it with the job's arguments as its environment; at Amazon it would read them by
# getResolvedOptions, and the manifest by boto3.
REPORT = b'''"""Tells how many rows the export has that --manifest names."""
import json, os, sys, urllib.parse, urllib.request
place = os.environ.get("manifest", "").removeprefix("s3://")
if not place:
    sys.exit("Which export? Hand over --manifest=s3://bucket/key.")
address = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/{urllib.parse.quote(place)}"
with urllib.request.urlopen(address, timeout=10) as answer:
    tables = json.load(answer)["tables"]
for name, table in tables.items():
    print(name, table["rows"])
'''
REPORT_KEY = "glue-scripts/report.py"
LOCKED_DAYS = 30


def make(alias: str) -> list[str]:
    """Make the sample buckets that are not there yet; return the names of those that were made.

    NotPossible for a connection that is not said to be simulated: nobody wants these in his store.
    """
    if not session.connection(alias).is_simulated:
        raise NotPossible(f"The connection {alias} is no simulated one. Nothing was made.")
    made = []
    for name, fill in _SAMPLES.items():
        if not buckets.exists(name, alias=alias):
            fill(name, alias)
            made.append(name)
    return made


def upload(alias: str, bucket: str, *, seed: int) -> list[str]:
    """Put three photos under the upload prefix, as another program would; return the keys that are new.

    One names its pet in its metadata, one by its folder, one names none. NotPossible without a
    simulated connection: nobody wants these among his photos.
    """
    if not any(session.connection(one).is_simulated for one in settings.S3_CONNECTIONS):
        raise NotPossible("No connection is a simulated one. Nothing was made.")
    pets = [str(one) for one in Pet.objects.order_by("created_at", "pk").values_list("pk", flat=True)[:2]]
    pets += [""] * (2 - len(pets))  # the demo's own pets may not be there yet
    named = {
        "from-the-clinic.jpg": pets[0],
        f"{pets[1]}/from-the-groomer.jpg" if pets[1] else "from-the-groomer.jpg": "",
        "nobody-knows whose+this.jpg": "",
    }
    made = []
    for number, (name, pet) in enumerate(named.items()):
        key = f"{settings.ARRIVALS_PREFIX}{name}"
        body = drawing.draw_pet("cat" if number % 2 else "dog", seed + number, width=WIDTH, height=HEIGHT)
        metadata = {"pet-id": pet} if pet else {}
        try:
            objects.put(bucket, key, body, content_type="image/jpeg", metadata=metadata, alias=alias)
        except Conflict:
            continue  # of an earlier start
        made.append(key)
    return made


def _versions(bucket: str, alias: str) -> None:
    buckets.create(bucket, alias=alias)
    for pose in range(3):
        _picture(bucket, "dogs/rex.jpg", 1, alias, pose=pose)
    tags.write_object(bucket, "dogs/rex.jpg", {"kind": "portrait", "vet": "Dr. Amsel"}, alias=alias)
    _picture(bucket, "dogs/deleted.jpg", 2, alias)
    delete_markers.hide(bucket, "dogs/deleted.jpg", alias=alias)
    _picture(bucket, "cats/mia.jpg", 3, alias, species="cat")
    rule = {
        "ID": "old-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 3},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    lifecycle.merge_rule(bucket, rule, alias=alias)


def _suspended(bucket: str, alias: str) -> None:
    buckets.create(bucket, alias=alias)
    _picture(bucket, "kept-and-overwritten.jpg", 4, alias)
    versioning.suspend(bucket, alias=alias)
    _picture(bucket, "kept-and-overwritten.jpg", 4, alias, pose=1)
    _picture(bucket, "only-null.jpg", 5, alias)


def _public(bucket: str, alias: str) -> None:
    buckets.create(bucket, Birth(Ownership.OBJECT_WRITER, PublicAccessBlock()), alias=alias)
    _picture(bucket, "by-acl.jpg", 6, alias)
    acl.write_object(bucket, "by-acl.jpg", canned=Canned.PUBLIC_READ, alias=alias)
    _picture(bucket, "by-policy/open.jpg", 7, alias)
    _picture(bucket, "private.jpg", 8, alias)
    statement = {
        "Sid": "EverybodyReadsThisFolder",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/by-policy/*",
    }
    policy.write(bucket, json.dumps({"Version": "2012-10-17", "Statement": [statement]}), alias=alias)


def _archive(bucket: str, alias: str) -> None:
    # Without versions: a change of class would leave the old bytes beside the new ones.
    buckets.create(bucket, Birth(versioned=False), alias=alias)
    for seed, storage_class in enumerate(StorageClass, start=10):
        key = f"{storage_class.value.lower()}.jpg"
        _picture(bucket, key, seed, alias)
        copying.change_class(bucket, key, storage_class, alias=alias)
    rule = {
        "ID": "to-the-archive",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Transitions": [
            {"Days": 30, "StorageClass": "STANDARD_IA"},
            {"Days": 180, "StorageClass": "DEEP_ARCHIVE"},
        ],
    }
    lifecycle.merge_rule(bucket, rule, alias=alias)


def _locked(bucket: str, alias: str) -> None:
    buckets.create(bucket, Birth(object_lock=True), alias=alias)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=LOCKED_DAYS)
    for seed, mode in enumerate(RetentionMode, start=20):
        key = f"{mode.value.lower()}.jpg"
        _picture(bucket, key, seed, alias)
        object_lock.retain(bucket, key, Retention(mode, until), alias=alias)
    _picture(bucket, "on-hold.jpg", 22, alias)
    object_lock.hold(bucket, "on-hold.jpg", on=True, alias=alias)
    _picture(bucket, "free.jpg", 23, alias)


def _analytics(bucket: str, alias: str) -> None:
    """Make what the exports are written to, and a Glue job that reads them; that one never at Amazon."""
    buckets.create(bucket, Birth(versioned=False), alias=alias)
    if alias != settings.SERVICES_CONNECTION or not settings.SERVICES_ENDPOINT_URL:
        return
    objects.put(bucket, REPORT_KEY, REPORT, content_type="text/x-python", overwrite=True, alias=alias)
    glue.make_shell_job(simulator.GLUE_JOB, script=f"s3://{bucket}/{REPORT_KEY}", role="sample")


def _arrivals(bucket: str, alias: str) -> None:
    buckets.create(bucket, alias=alias)


_SAMPLES: dict[str, Callable[[str, str], None]] = {
    "sample-versions": _versions,
    "sample-suspended": _suspended,
    "sample-public": _public,
    "sample-archive": _archive,
    "sample-locked": _locked,
    simulator.ANALYTICS_BUCKET: _analytics,
    simulator.OUTSIDE_BUCKET: _arrivals,
}


def _picture(bucket: str, key: str, seed: int, alias: str, *, species: str = "dog", pose: int = 0) -> None:
    objects.put(
        bucket, key, drawing.draw_pet(species, seed, pose=pose, width=WIDTH, height=HEIGHT),
        content_type="image/jpeg", metadata={"sample": "drawn by the demo"}, overwrite=True, alias=alias,
    )  # fmt: skip
