"""The list of objects for S3 Batch Operations: the plan's own selection as CSV, written in parts.

Bucket, key and, of all rows or of none, version; keys are URL-encoded. One upload in parts, which
any worker goes on with: what was sent is in the row, and what is too short for a part is, too.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal.s3 import attributes, batch_operations, parts, waiting
from portal.s3.attributes import Attributes
from portal.s3.errors import ObjectNotFound, S3Error
from portal.s3.parts import Upload
from storage_admin.errors import NotPossible
from storage_admin.handover import operations
from storage_admin.jobs import kinds, targets
from storage_admin.jobs.claims import Claim
from storage_admin.jobs.kind import verdicts
from storage_admin.jobs.targets import Target
from storage_admin.models import JobHandover

PAGE = 1_000
PART_BYTES = 8 * 1024**2  # 10,000 of them hold more than a thousand million rows
_TOKEN = "pettracker-handover"  # noqa: S105 - the name of metadata, by which a list is known again
_UNNAMED = "null"  # how S3 calls a version of unversioned days


def encoded(key: str) -> str:
    """Return the key as the list has it; a longer one than the key unless nothing had to be encoded."""
    return quote(key, safe="/", errors="surrogatepass")


def write(claim: Claim, handover: JobHandover, until: float) -> bool:
    """Write on until the end or the given `time.monotonic()`; return whether the list is complete.

    `handover.manifest` then has "rows", "skips" and how to find it. Errors of the store as they are.
    """
    if "etag" in handover.manifest:
        return True
    job, kind = claim.job, kinds.of(claim.job)
    upload = _opened(handover)
    state = _begun(handover) | {"upload": upload.upload_id}
    waits = bytearray(handover.tail.encode())
    while not state["ended"]:
        page = targets.read(job.bucket, job.selection, state["cursor"], PAGE)
        for target, skip in zip(page.targets, verdicts(kind, job, page.targets), strict=True):
            if skip is not None:
                state["skips"][skip.code] = state["skips"].get(skip.code, 0) + 1
                continue
            waits += _line(job.bucket.name, target, with_version=state["with_versions"])
            state["rows"] += 1
            _note_witness(state, target.key)
        state["cursor"], state["ended"] = page.cursor, page.cursor is None
        is_last = state["ended"] and waits
        if len(waits) >= PART_BYTES or is_last:
            state["parts"].append(parts.put(upload, len(state["parts"]) + 1, bytes(waits)))
            waits.clear()
            _save(claim, handover, state, "")
        elif time.monotonic() >= until:
            _save(claim, handover, state, waits.decode())
            return False
        else:
            claim.beat()
    _save(claim, handover, state, "")
    if state["rows"]:
        there = _completed(handover, upload)
        version = "" if there.version_id == _UNNAMED else there.version_id
        _save(claim, handover, state | {"etag": there.etag, "version_id": version}, "")
    else:
        abandon(handover)
    return True


def of(handover: JobHandover) -> batch_operations.Manifest:
    """Return the complete list, as CreateJob takes it."""
    state = handover.manifest
    fields = ("Bucket", "Key", "VersionId") if state["with_versions"] else ("Bucket", "Key")
    return batch_operations.Manifest(
        settings.BATCH_BUCKET, key_of(handover), state["etag"], state["version_id"], fields
    )


def key_of(handover: JobHandover) -> str:
    """Return where the list lies."""
    return f"{settings.BATCH_PREFIX}/manifests/job-{handover.job_id}-{handover.token.hex}.csv"


def abandon(handover: JobHandover) -> None:
    """Abort the upload, if one is open. Safe to repeat."""
    parts.abort_all(settings.BATCH_BUCKET, key_of(handover), alias=handover.job.bucket.connection)


def _begun(handover: JobHandover) -> dict[str, Any]:
    fresh: dict[str, Any] = {
        "parts": [], "cursor": None, "ended": False, "rows": 0, "skips": {}, "witness": "",
        "with_versions": operations.names_versions(handover.job),
    }  # fmt: skip
    return fresh | handover.manifest


def _line(bucket: str, target: Target, *, with_version: bool) -> bytes:
    version = f",{target.version_id or _UNNAMED}" if with_version else ""
    return f"{bucket},{encoded(target.key)}{version}\n".encode()


def _note_witness(state: dict[str, Any], key: str) -> None:
    """Keep the key that is longest when encoded, of those that encoding changes.

    No key of the list is spelled as this one is encoded, for that key would be longer still: so a
    report that names it so names keys as the list does, and one that does not names them as they are.
    """
    spelled = encoded(key)
    if spelled != key and len(spelled) > len(state["witness"]):
        state["witness"] = spelled


def _save(claim: Claim, handover: JobHandover, state: dict[str, Any], tail: str) -> None:
    with transaction.atomic():
        claim.beat()
        handover.manifest, handover.tail = state, tail
        handover.save(update_fields=["manifest", "tail"])


def _opened(handover: JobHandover) -> Upload:
    alias = handover.job.bucket.connection
    if upload_id := handover.manifest.get("upload"):
        return Upload(settings.BATCH_BUCKET, key_of(handover), upload_id, alias)
    return parts.find_or_begin(
        settings.BATCH_BUCKET, key_of(handover), content_type="text/csv",
        metadata={_TOKEN: handover.token.hex}, without_kms=True, alias=alias,
    )  # fmt: skip


def _completed(handover: JobHandover, upload: Upload) -> Attributes:
    """Complete the upload and return what is there. Its answer may be lost, and the list there."""
    try:
        parts.complete(upload, handover.manifest["parts"])
    except S3Error as error:
        there = _found(handover, upload)
        if there is None:
            raise _in_words(error) from error
        return there
    return waiting.for_written(upload.bucket, upload.key, alias=upload.alias)


def _found(handover: JobHandover, upload: Upload) -> Attributes | None:
    try:
        there = attributes.read(upload.bucket, upload.key, alias=upload.alias)
    except ObjectNotFound:
        return None
    if there.metadata.get(_TOKEN) != handover.token.hex:
        raise NotPossible(_("Somebody wrote another object where the list was to lie."))
    return there


def _in_words(error: S3Error) -> S3Error:
    if error.code != parts.NO_SUCH_UPLOAD:
        return error
    words = _(
        "Somebody, or a lifecycle rule, aborted the upload of the list. Cancel the job, and run it again."
    )
    return S3Error(words, operation=error.operation, code=error.code, request_id=error.request_id)
