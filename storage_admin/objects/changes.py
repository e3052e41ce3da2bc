"""Changes that S3 makes by a copy onto the same key: metadata and headers, class, encryption.

Everything that was not asked to change is carried over (portal.s3.copying); what came of it is read
again before it is called done. The row of a photo goes with its bytes to the new version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from photos import services as photos
from portal.access import Actor
from portal.display import size
from portal.s3 import attributes, copying, encryption
from portal.s3.attributes import Attributes, Headers
from portal.s3.copying import Copied
from portal.s3.errors import PartlyDone
from portal.s3.types import Algorithm
from storage_admin.errors import NotKept, NotPossible, TakesJob
from storage_admin.models import Bucket
from storage_admin.objects.seen import Seen, unchanged_newest, unchanged_version
from storage_admin.objects.services import MAX_RESTORE_BYTES, as_in_rows, photo_of
from storage_admin.traces import Trace, traced


@dataclass(frozen=True)
class Rewritten:
    """What there is now. `followed`: the row of a photo names the new version."""

    version_id: str
    followed: bool = False


def edit(
    *, actor: Actor, bucket: Bucket, key: str, seen: Seen, headers: Headers, metadata: Mapping[str, str]
) -> Rewritten:
    """Replace the headers and the user metadata of the newest version."""
    with traced(
        "object.metadata_edited", actor, bucket, "storage_admin.edit_object",
        key=key, version_id=seen.version_id,
    ) as trace:  # fmt: skip
        before = _copyable(bucket, key, seen)
        return _rewritten(
            trace, actor, bucket, before,
            copy=lambda: copying.edit(
                bucket.name, key, headers=headers, metadata=metadata, if_etag=before.etag,
                alias=bucket.connection,
            ),
            is_done=lambda now: now.headers == headers and _plain(now.metadata) == _plain(metadata),
        )  # fmt: skip


def change_class(*, actor: Actor, bucket: Bucket, key: str, seen: Seen, storage_class: str) -> Rewritten:
    """Move the newest version into another class."""
    with traced(
        "object.class_changed", actor, bucket, "storage_admin.change_object_class",
        key=key, version_id=seen.version_id,
    ) as trace:  # fmt: skip
        before = _copyable(bucket, key, seen)
        if before.storage_class == storage_class:
            raise NotPossible(_("The object has the class %(name)s already.") % {"name": storage_class})
        return _rewritten(
            trace, actor, bucket, before,
            copy=lambda: copying.change_class(
                bucket.name, key, storage_class, if_etag=before.etag, alias=bucket.connection
            ),
            is_done=lambda now: now.storage_class == storage_class,
        )  # fmt: skip


def encrypt_by_copy(
    *,
    actor: Actor,
    bucket: Bucket,
    key: str,
    seen: Seen,
    algorithm: Algorithm,
    kms_key: str,
    bucket_key: bool,
) -> Rewritten:
    """Encrypt the newest version otherwise. The former version stays as it was, under its former key."""
    with traced(
        "object.encrypted", actor, bucket, "storage_admin.encrypt_object", key=key, version_id=seen.version_id
    ) as trace:
        before = _copyable(bucket, key, seen)
        return _rewritten(
            trace, actor, bucket, before,
            copy=lambda: copying.encrypt(
                bucket.name, key, algorithm, kms_key=kms_key, bucket_key=bucket_key, if_etag=before.etag,
                alias=bucket.connection,
            ),
            is_done=lambda now: (now.encryption, now.kms_key) == (algorithm, kms_key or now.kms_key),
        )  # fmt: skip


def encrypt_in_place(
    *, actor: Actor, bucket: Bucket, key: str, seen: Seen, kms_key: str, bucket_key: bool
) -> None:
    """Encrypt the version seen with a KMS key, without a copy: version, time and class stay."""
    with traced(
        "object.encrypted", actor, bucket, "storage_admin.encrypt_object", key=key, version_id=seen.version_id
    ) as trace:
        before = unchanged_version(bucket, key, seen)
        if words := why_not_in_place(before):
            raise NotPossible(words)
        trace.before = _told(before)
        encryption.move_to_kms(
            bucket.name, key, kms_key, bucket_key=bucket_key, version_id=seen.version_id,
            alias=bucket.connection,
        )  # fmt: skip
        now = attributes.read(bucket.name, key, version_id=seen.version_id, alias=bucket.connection)
        _narrow(trace, before, now)
        if (now.encryption, now.kms_key) != (Algorithm.SSE_KMS, kms_key):
            raise _not_kept()


def why_not_in_place(facts: Attributes) -> str:
    """Return why S3 would not encrypt the version without a copy (API:UpdateObjectEncryption)."""
    if facts.encryption not in {Algorithm.SSE_S3, Algorithm.SSE_KMS}:
        return _("Without a copy, S3 encrypts anew only what is encrypted with SSE-S3 or SSE-KMS.")
    if facts.retention or facts.legal_hold:
        return _("A locked version is not encrypted anew without a copy.")
    return ""


def _copyable(bucket: Bucket, key: str, seen: Seen) -> Attributes:
    found = unchanged_newest(bucket, key, seen)
    if found.bytes > MAX_RESTORE_BYTES:
        raise TakesJob(too_large(found.bytes, MAX_RESTORE_BYTES))
    return found


def too_large(found: int, most: int) -> str:
    """Return the sentence for what is too much for a page: gunicorn ends a request after 30 s."""
    return _("The object has %(size)s; from a page, at most %(most)s are copied. More takes a job.") % {
        "size": size(found),
        "most": size(most),
    }


def _rewritten(
    trace: Trace,
    actor: Actor,
    bucket: Bucket,
    before: Attributes,
    *,
    copy: Callable[[], Copied],
    is_done: Callable[[Attributes], bool],
) -> Rewritten:
    trace.before = _told(before)
    try:
        copied = copy()
    except PartlyDone:
        # The copy is there, and on top: a photo's row must not stay behind it.
        now = attributes.read(bucket.name, before.key, alias=bucket.connection)
        if now.bytes == before.bytes and not Seen.of(before).is_still(now):
            _follow(actor, bucket, before, now)
        raise
    now = attributes.read(bucket.name, before.key, version_id=copied.version_id, alias=bucket.connection)
    followed = _follow(actor, bucket, before, now)
    _narrow(trace, before, now)
    if not is_done(now):
        raise _not_kept()
    return Rewritten(copied.version_id, followed)


def _follow(actor: Actor, bucket: Bucket, before: Attributes, now: Attributes) -> bool:
    photo = photo_of(bucket, before.key)
    if photo is None:
        return False
    return photos.follow_copy(
        actor=actor,
        photo=photo,
        copied_from=as_in_rows(before.version_id),
        version_id=as_in_rows(now.version_id),
        etag=now.etag,
    )


def _told(facts: Attributes) -> dict[str, Any]:
    """Return what the audit keeps of a version."""
    return {
        "version_id": facts.version_id,
        "etag": facts.etag,
        "metadata": facts.metadata,
        **asdict(facts.headers),
        "storage_class": str(facts.storage_class),
        "encryption": str(facts.encryption),
        "kms_key": facts.kms_key,
        "bucket_key": facts.bucket_key,
    }


def _narrow(trace: Trace, before: Attributes, now: Attributes) -> None:
    """Leave in the trace what differs: that is what was done."""
    was, is_now = _told(before), _told(now)
    changed = [name for name in was if was[name] != is_now[name]]
    trace.before = {name: was[name] for name in changed}
    trace.after = {name: is_now[name] for name in changed}


def _plain(metadata: Mapping[str, str]) -> dict[str, str]:
    # HTTP knows no case in names, and no blanks around values: stores give both back as they like.
    return {name.lower(): value.strip() for name, value in metadata.items()}


def _not_kept() -> NotKept:
    return NotKept(
        _("The store took the change without an error, but the object is not as asked for. Look at it.")
    )
