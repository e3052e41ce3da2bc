"""Verbs on objects. Each raises the errors of `portal.s3.errors`, and no others.

Reads of a photo name its version: what the row points at is what is read,
whatever happened to the key since.
"""

from __future__ import annotations

import base64
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from django.utils.translation import gettext as _

from portal.s3 import conditional, pace
from portal.s3.errors import Conflict, S3Error, StorageUnavailable, translated
from portal.s3.inexact_keys import ILLEGAL_IN_XML, UNSPELLED
from portal.s3.listing import LARGEST_PAGE, ListedVersion, Mark, versions_page
from portal.s3.patience import read_body
from portal.s3.reading import Pieces
from portal.s3.session import DEFAULT, Timeouts, client
from portal.s3.types import DeleteOutcome, ObjectInfo, lower_cased
from portal.s3.version_param import version_param

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef, PutObjectOutputTypeDef

DELETE_BATCH = 1_000  # keys that one DeleteObjects takes (API:DeleteObjects)
DELETE_ATTEMPTS = 4  # for keys that the store was too busy for
DELETE_PAUSE_SECONDS = 0.25
_BUSY = {"SlowDown", "InternalError", "ServiceUnavailable", "503"}  # as they stand beside a key, in a 200
NO_ANSWER = "NoAnswer"  # the code of what the store said nothing of
KEY_NOT_CERTAIN = "KeyNotCertain"  # an outcome of our own, beside the store's codes


def head(bucket: str, key: str, *, version_id: str = "", alias: str = DEFAULT) -> ObjectInfo:
    """Return what the store says of the object. ObjectNotFound, VersionNotFound."""
    extra = version_param(version_id)
    with translated("HeadObject"):
        found: HeadObjectOutputTypeDef = client(alias).head_object(
            Bucket=bucket, Key=key, ChecksumMode="ENABLED", **extra
        )
    return ObjectInfo(
        key=key,
        bytes=found["ContentLength"],
        etag=found["ETag"].strip('"'),
        version_id=_version_id(found),
        content_type=found.get("ContentType", ""),
        sha256=_hex(found.get("ChecksumSHA256", "")),
        last_modified=found["LastModified"],
        metadata=lower_cased(found.get("Metadata", {})),
    )


def first_bytes(bucket: str, key: str, count: int, *, version_id: str = "", alias: str = DEFAULT) -> bytes:
    """Return at most the first `count` bytes: enough to tell what kind of file it is."""
    extra = version_param(version_id)
    with translated("GetObject"):
        answer = client(alias).get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{count - 1}", **extra)
        return read_body(answer["Body"], count)


def read(bucket: str, key: str, *, version_id: str = "", alias: str = DEFAULT) -> bytes:
    """Return the whole object, for a worker; its size was checked when it arrived."""
    extra = version_param(version_id)
    with translated("GetObject"):
        answer = client(alias, Timeouts.WORKER).get_object(Bucket=bucket, Key=key, **extra)
        return answer["Body"].read()


def stream(
    bucket: str, key: str, *, version_id: str = "", chunk_bytes: int = 65_536, alias: str = DEFAULT
) -> Pieces:
    """Open the object now (errors come now) and return its bytes in pieces."""
    extra = version_param(version_id)
    with translated("GetObject"):
        return Pieces(client(alias).get_object(Bucket=bucket, Key=key, **extra)["Body"], chunk_bytes)


def put(
    bucket: str,
    key: str,
    body: bytes | IO[bytes],
    *,
    content_type: str,
    cache_control: str = "",
    metadata: dict[str, str] | None = None,
    storage_class: str = "",
    if_etag: str = "",
    overwrite: bool = False,
    sha256: str = "",
    alias: str = DEFAULT,
) -> ObjectInfo:
    """Store the object and return its new version; without a class in the store's default.

    Refuses (Conflict) a key that exists, unless `if_etag` names what is to be replaced or
    `overwrite` says that it does not matter: renditions, whose key holds their digest.
    `sha256` (hex) makes the store check the bytes (BadContent). No ACL is ever sent: buckets
    that enforce ownership refuse it.
    """
    condition: dict[str, Any] = {"StorageClass": storage_class} if storage_class else {}
    if if_etag:
        condition["IfMatch"] = f'"{if_etag}"'
    elif not overwrite:
        condition["IfNoneMatch"] = "*"
    if cache_control:
        condition["CacheControl"] = cache_control
    if sha256:
        condition["ChecksumSHA256"] = base64_of(sha256)
    with translated("PutObject"):
        stored: PutObjectOutputTypeDef = conditional.put_object(
            client(alias, Timeouts.WORKER), alias=alias, Bucket=bucket, Key=key, Body=body,
            ContentType=content_type, Metadata=metadata or {}, **condition,
        )  # fmt: skip
    return ObjectInfo(
        key=key,
        bytes=stored.get("Size", 0),
        etag=stored["ETag"].strip('"'),
        version_id=_version_id(stored),
        content_type=content_type,
        sha256=sha256,
    )


def put_once(bucket: str, key: str, body: IO[bytes], **options: Any) -> None:
    """Store the object; a Conflict whose object has our digest is our own earlier attempt, and fine.

    botocore repeats a PUT whose answer was lost, and the second then meets the first.
    """
    try:
        put(bucket, key, body, **options)
    except Conflict:
        wanted = options.get("sha256", "")
        if not wanted or head(bucket, key).sha256 != wanted:
            raise


def versions(bucket: str, prefix: str, *, alias: str = DEFAULT) -> Iterator[ListedVersion]:
    """Yield every version and delete marker of every key that starts with the prefix, page by page.

    A prefix is not a key: compare `version.key` where one key is meant.
    """
    mark: Mark | None = None
    while True:
        page = versions_page(bucket, prefix=prefix, mark=mark, size=LARGEST_PAGE, folders=False, alias=alias)
        yield from page.versions
        if page.next_mark is None:
            return
        if page.next_mark == mark:  # it would never end
            raise S3Error(_("The store's list does not go on."), operation="ListObjectVersions")
        mark = page.next_mark


def delete_versions(
    bucket: str,
    targets: Sequence[tuple[str, str]],
    *,
    bypass_governance: bool = False,
    alias: str = DEFAULT,
) -> list[DeleteOutcome]:
    """Destroy the named (key, version id) pairs for good; return one outcome for each.

    Only `storage_admin` calls this (a test holds it). Partial failure is normal: read the
    outcomes. Not quiet, so that what is gone is said, too. `bypass_governance` is a choice that a
    person made, with a permission of its own. What the store was too busy for is tried again, alone.
    A key that a listing may have spelled wrongly is refused with KEY_NOT_CERTAIN: S3 calls the
    delete of what is not there a success.
    """
    outcomes = [_not_certain(target) for target in targets if not _is_certain(bucket, target, alias)]
    refused = {(one.key, one.version_id) for one in outcomes}
    certain = [target for target in targets if target not in refused]
    alone = [target for target in certain if ILLEGAL_IN_XML.search(target[0])]
    together = [target for target in certain if not ILLEGAL_IN_XML.search(target[0])]
    for start in range(0, len(together), DELETE_BATCH):
        batch = together[start : start + DELETE_BATCH]
        found = _delete_batch(bucket, batch, bypass_governance, alias)
        for attempt in range(1, DELETE_ATTEMPTS):
            busy = [one for one in found if one.code in _BUSY]
            if not busy:
                break
            pace.slow_down(alias)
            time.sleep(DELETE_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            again = [(one.key, one.version_id) for one in busy]
            found = [one for one in found if one.code not in _BUSY]
            found += _delete_batch(bucket, again, bypass_governance, alias)
        outcomes += found
    return outcomes + [_delete_one(bucket, target, bypass_governance, alias) for target in alone]


def _is_certain(bucket: str, target: tuple[str, str], alias: str) -> bool:
    """Whether this is a key, and not how a listing spells another: that is not found below this prefix."""
    key, version_id = target
    if UNSPELLED not in key:
        return True
    return any(
        found.key == key and found.version_id == version_id for found in versions(bucket, key, alias=alias)
    )


def _not_certain(target: tuple[str, str]) -> DeleteOutcome:
    words = _("The store may spell another key like this one in its list, and finds no such version here.")
    return DeleteOutcome(*target, KEY_NOT_CERTAIN, words)


def _delete_batch(
    bucket: str, batch: Sequence[tuple[str, str]], bypass_governance: bool, alias: str
) -> list[DeleteOutcome]:
    bypass: dict[str, Any] = {"BypassGovernanceRetention": True} if bypass_governance else {}
    with translated("DeleteObjects"):
        try:
            answer = client(alias, Timeouts.WORKER).delete_objects(
                Bucket=bucket,
                Delete={"Objects": [{"Key": key, "VersionId": version} for key, version in batch]},
                **bypass,
            )
        except ClientError as error:
            if bypass and _locks_nothing(error):
                return _delete_batch(bucket, batch, False, alias)
            raise
    said = [
        # SeaweedFS names a removed marker by DeleteMarkerVersionId alone.
        DeleteOutcome(gone["Key"], gone.get("VersionId") or gone.get("DeleteMarkerVersionId", ""))
        for gone in answer.get("Deleted", [])
    ]
    said += [
        DeleteOutcome(
            failed.get("Key", ""),
            failed.get("VersionId", ""),
            failed.get("Code", "") or "Error",
            failed.get("Message", ""),
        )
        for failed in answer.get("Errors", [])
    ]
    return _one_for_each(batch, said)


def _one_for_each(targets: Sequence[tuple[str, str]], said: list[DeleteOutcome]) -> list[DeleteOutcome]:
    """Return one outcome for each target. What the store did not say is gone counts as refused.

    Not every store names the version: then a key that has one target left means that one.
    """
    waiting = dict.fromkeys(targets)
    outcomes, vague = [], []
    for one in said:
        if (one.key, one.version_id) in waiting:
            del waiting[one.key, one.version_id]
            outcomes.append(one)
        else:
            vague.append(one)
    if vague:
        left = defaultdict(list)
        for key, version_id in waiting:
            left[key].append(version_id)
        for one in vague:
            versions_left = left[one.key]
            if len(versions_left) == 1 or (versions_left and one.code):
                named = replace(one, version_id=versions_left.pop(0))
                del waiting[named.key, named.version_id]
                outcomes.append(named)
    silence = _("The store said nothing of it.") if waiting else ""
    return outcomes + [DeleteOutcome(key, version_id, NO_ANSWER, silence) for key, version_id in waiting]


def _delete_one(bucket: str, target: tuple[str, str], bypass_governance: bool, alias: str) -> DeleteOutcome:
    """Delete a key that no XML can name: an address can, so it goes by itself."""
    key, version_id = target
    bypass: dict[str, Any] = {"BypassGovernanceRetention": True} if bypass_governance else {}
    try:
        with translated("DeleteObject"):
            try:
                client(alias, Timeouts.WORKER).delete_object(
                    Bucket=bucket, Key=key, VersionId=version_id, **bypass
                )
            except ClientError as error:
                if bypass and _locks_nothing(error):
                    return _delete_one(bucket, target, False, alias)
                raise
    except StorageUnavailable:
        raise
    except S3Error as error:
        return DeleteOutcome(key, version_id, error.code or "Error", str(error))
    return DeleteOutcome(key, version_id)


def _locks_nothing(error: ClientError) -> bool:
    """Whether the bucket has no Object Lock: Amazon refuses a call that would bypass it there."""
    said = error.response["Error"]
    return said["Code"] == "InvalidArgument" and "bypass-governance" in said.get("Message", "")


def base64_of(digest_hex: str) -> str:
    """Return a hex digest as S3's checksum headers want it."""
    return base64.b64encode(bytes.fromhex(digest_hex)).decode()


def _hex(digest_base64: str) -> str:
    # A multipart upload's digest ends in "-<parts>": a digest of digests, not of the bytes.
    if not digest_base64 or "-" in digest_base64:
        return ""
    return base64.b64decode(digest_base64).hex()


def _version_id(answer: Any) -> str:
    # A suspended or unversioned bucket says "null" or nothing: there is one version, without a name.
    found = str(answer.get("VersionId", ""))
    return "" if found == "null" else found
