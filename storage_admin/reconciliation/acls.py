"""The part of a scan that reads ACLs: originals and renditions must be nobody else's to read.

A list tells no ACL, so each object is one call. A scan reads those of MOST_READ objects, and the next
one goes on behind them; of all only when somebody asks for it. Those that an earlier scan found wrong
are read each time, or they could not be closed. Where ownership is enforced ACLs count for nothing,
and no call is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from photos import keys
from portal.s3 import acl, capabilities, ownership
from portal.s3.acl import Acl
from portal.s3.differences import Capability
from portal.s3.errors import (
    AccessRefused,
    DeleteMarkerFound,
    ObjectNotFound,
    Unsupported,
    VersionNotFound,
)
from storage_admin.models import Bucket, Finding, Scan, StagedEntry
from storage_admin.reconciliation.comparing import OWN
from storage_admin.reconciliation.findings import MOST_KEPT
from storage_admin.reconciliation.found import Found

MOST_READ = 10_000  # by a scan that was not asked for all: minutes, and less than a cent
BATCH = 200  # that are committed together
THREADS = 8  # as the jobs, and for their reason

Place = dict[str, Any]  # where the reading is; part of the scan's cursor


@dataclass(frozen=True)
class _Named:
    """A version whose ACL is read."""

    key: str
    version_id: str


@dataclass(frozen=True)
class _Read:
    """What some calls came to: what is wrong, how many were asked for, how many of them refused."""

    wrong: list[Found]
    asked: int
    refused: int
    onward: Place


def advance(scan: Scan) -> tuple[dict[str, Any], list[Found]]:
    """Read some ACLs; return what changes in the scan's row, and what is wrong.

    `cursor["acls"]` then says where to go on: `done` when nothing is left, `after` the last key that was
    read, also for the scan after this one; empty for the beginning.
    """
    place: Place | None = scan.cursor.get("acls")
    if place is None:
        scope = _scope(scan)
        begun = _beginning(scan) if scope == scan.acls else {"done": True}
        return {"acls": scope, "cursor": scan.cursor | {"acls": begun}}, []
    try:
        read = _read(scan, place)
    except Unsupported:
        return {"acls": Scan.Acls.LACKING, "cursor": scan.cursor | {"acls": {"done": True}}}, []
    counts = dict(scan.counts)
    wrong = Finding.Kind.WRONG_ACL.value
    kept = read.wrong[: max(0, MOST_KEPT - counts.get(wrong, 0))]
    for name, count in ((wrong, len(read.wrong)), ("acls_read", read.asked), ("acls_refused", read.refused)):
        counts[name] = counts.get(name, 0) + count
    went_over_all = "done" in read.onward and not read.onward["after"] and not place["from"]
    changes: dict[str, Any] = {"counts": counts, "cursor": scan.cursor | {"acls": read.onward}}
    if "done" in read.onward and counts["acls_refused"] and counts["acls_refused"] == counts["acls_read"]:
        changes["acls"] = Scan.Acls.REFUSED
    elif went_over_all:
        changes["acls"] = Scan.Acls.ALL
    return changes, kept


def _scope(scan: Scan) -> str:
    """Return whose ACLs are read of this bucket: what was wished, or why there are none to read."""
    name, alias = scan.bucket.name, scan.bucket.connection
    if Capability.ACLS in capabilities.known(capabilities.server(alias)):
        return Scan.Acls.LACKING
    try:
        owned = ownership.read(name, alias=alias)
    except Unsupported:
        return scan.acls  # it has no such setting: then ACLs count
    except AccessRefused:
        return Scan.Acls.REFUSED
    return scan.acls if owned.has_acls else Scan.Acls.OFF


def _beginning(scan: Scan) -> Place:
    """Return where to begin: behind what the scan before this one read, unless all are wished."""
    after = ""
    if scan.acls != Scan.Acls.ALL:
        ended = Scan.objects.filter(bucket=scan.bucket_id, state=Scan.State.COMPLETE, keeps_findings=True)
        former = ended.exclude(pk=scan.pk).first()
        after = former.cursor.get("acls", {}).get("after", "") if former else ""
    return {"again": 0, "from": after, "after": after}


def _read(scan: Scan, place: Place) -> _Read:
    if "again" in place and scan.keeps_findings:
        known = Finding.objects.filter(bucket=scan.bucket_id, kind=Finding.Kind.WRONG_ACL)
        known = known.exclude(state__in=[Finding.State.REPAIRED, Finding.State.GONE])
        again = list(known.filter(pk__gt=place["again"]).order_by("pk")[:BATCH])
        if again:
            named = [_Named(one.key, one.version_id) for one in again]
            wrong, _refused = _compared(scan.bucket, named)
            return _Read(wrong, 0, 0, place | {"again": again[-1].pk})
    place = {name: said for name, said in place.items() if name != "again"}
    left = BATCH if scan.acls == Scan.Acls.ALL else min(BATCH, MOST_READ - scan.counts.get("acls_read", 0))
    entries = StagedEntry.objects.filter(OWN, is_latest=True, is_hidden=False)
    following = list(entries.filter(key__gt=unquote(place["after"])).order_by("key")[: max(0, left)])
    wrong, refused = _compared(scan.bucket, [_Named(one.key, one.version_id) for one in following])
    if len(following) < left:
        onward = place | {"after": "", "done": True}  # the end of the bucket
    else:
        after = quote(following[-1].key) if following else place["after"]
        onward = place | {"after": after} | ({"done": True} if left < BATCH else {})
    new = {one.target for one in wrong} - _standing(scan, wrong)
    return _Read([one for one in wrong if one.target in new], len(following), refused, onward)


def _standing(scan: Scan, wrong: Sequence[Found]) -> set[str]:
    """Return which of them this scan has found already, among those that stood from before."""
    known = Finding.objects.filter(scan=scan, kind=Finding.Kind.WRONG_ACL)
    return set(known.filter(target__in=[one.target for one in wrong]).values_list("target", flat=True))


def _compared(bucket: Bucket, named: Sequence[_Named]) -> tuple[list[Found], int]:
    """Return those that others than the owners of object and bucket are granted something of.

    And how many ACLs the store refused to tell: those of objects that another account owns, perhaps.
    """
    if not named:
        return [], 0
    owner = _owner(bucket)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="acls") as pool:
        try:
            asked = [pool.submit(copy_context().run, _acl, bucket, one) for one in named]
            answers = [ask.result() for ask in asked]
        finally:
            pool.shutdown(cancel_futures=True)
    wrong = []
    for one, found in zip(named, answers, strict=True):
        if isinstance(found, Acl) and (grants := _of_others(found, owner)):
            photo = keys.photo_of_rendition(one.key) or keys.photo_of_original(one.key)
            wrong.append(Found(Finding.Kind.WRONG_ACL, one.key, one.version_id, photo, {"acl": ["", grants]}))
    return wrong, sum(isinstance(found, AccessRefused) for found in answers)


def _acl(bucket: Bucket, one: _Named) -> Acl | AccessRefused | None:
    """Return the version's ACL, the refusal to tell it, or None for what is gone since it was listed."""
    try:
        return acl.of_object(bucket.name, one.key, version_id=one.version_id, alias=bucket.connection)
    except (ObjectNotFound, VersionNotFound, DeleteMarkerFound):
        return None
    except AccessRefused as error:
        return error


def _owner(bucket: Bucket) -> str:
    try:
        return acl.of_bucket(bucket.name, alias=bucket.connection).owner
    except (AccessRefused, Unsupported):
        return ""


def _of_others(found: Acl, owner: str) -> str:
    """Return the grants to others, in S3's words; groups by the end of their address."""
    return ", ".join(
        f"{one.name or one.grantee.rpartition('/')[2]} {one.permission.value}"
        for one in found.grants
        if one.grantee not in {found.owner, owner}
    )
