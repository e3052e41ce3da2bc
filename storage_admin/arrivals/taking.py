"""The one registration of files from outside, whichever way told of them.

What is left where it stops, and what heals it: after the row of the arrival, nothing but that row;
after the copy, an object under the key that the next try will use, too, and find there; after the
photo's row, which is committed together with the arrival's state, only the message, whose next
reception finds the file taken.
"""

from __future__ import annotations

import hashlib
import io
import time
from datetime import UTC, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from pets.models import Pet
from photos import formats, incoming, keys
from photos.errors import PhotoError
from photos.formats import ImageFormat
from photos.models import Photo
from portal.display import size
from portal.s3 import objects
from portal.s3.errors import BadContent, Conflict, ObjectArchived, ObjectNotFound, S3Error, VersionNotFound
from portal.s3.types import ObjectInfo
from storage_admin.arrivals import naming, sources
from storage_admin.arrivals.sources import Source
from storage_admin.models import Arrival

logger = structlog.get_logger(__name__)

# A worker that died has left these; whoever is at it has not been for so long.
RETRY_AFTER = timedelta(minutes=2)
RETRY_BATCH = 100
_MD5_LENGTH = 32


class Refused(Exception):
    """The file is no photo that can be taken in; the sentence says why."""


def take(source: Source, key: str, *, found_by: str, again: bool = False) -> Arrival | None:
    """Make a photo of what lies under the key now, once; None when there is no file that concerns us.

    `again`: also if it was refused before. S3Error leaves the arrival pending: the next event, look
    or retry goes on with the same photo.
    """
    if not naming.is_file(key) or is_known(source, [key]):
        return None
    try:
        found = objects.head(source.bucket, key, alias=source.connection)
    except ObjectNotFound:
        return None  # taken away again, or hidden, before anybody came
    arrival = _claimed(source, found, found_by)
    if again and arrival.state == Arrival.State.REFUSED:
        Arrival.objects.filter(pk=arrival.pk, state=Arrival.State.REFUSED).update(
            state=Arrival.State.PENDING, reason=""
        )
        arrival.refresh_from_db()
    if arrival.state == Arrival.State.PENDING:
        _try(source, arrival, found)
    return arrival


def is_known(source: Source, named: list[str]) -> set[str]:
    """Return which of the keys photos' rows name: what becomes of those is `notices`' matter."""
    if not source.holds_photos:
        return set()
    rows = Photo.objects.filter(bucket=source.bucket, key__in=named)
    return set(rows.values_list("key", flat=True))


def retry(until: float) -> int:
    """Go on with what was left half done a while ago, until that time; return how many were tried."""
    due = Arrival.objects.filter(state=Arrival.State.PENDING, tried_at__lt=timezone.now() - RETRY_AFTER)
    wanted = {(one.connection, one.bucket) for one in sources.of_arrivals()}
    tried = 0
    for arrival in due.order_by("tried_at")[:RETRY_BATCH]:
        source = Source(arrival.connection, arrival.bucket)
        if (source.connection, source.bucket) not in wanted:
            continue
        if time.monotonic() >= until:
            break
        tried += 1
        try:
            found = objects.head(source.bucket, arrival.key, alias=source.connection)
        except (ObjectNotFound, VersionNotFound):
            _end(arrival, Arrival.State.REFUSED, _("It was gone before it could be taken in."))
            continue
        if found.etag != arrival.etag:
            _end(arrival, Arrival.State.REFUSED, _("It was overwritten before it could be taken in."))
            continue
        try:
            _try(source, arrival, found)
        except S3Error as error:
            logger.warning("arrival_waits", arrival=arrival.pk, code=error.code)
    return tried


def _claimed(source: Source, found: ObjectInfo, found_by: str) -> Arrival:
    """Return the row of this very file; made now, if nobody has seen it. It comes before anything else."""
    named = naming.pet_of(found.key, found.metadata, settings.ARRIVALS_PREFIX)
    pet = _living(Pet.objects.filter(pk=named).first()) if named else None
    identity = Arrival.source_of(source.connection, source.bucket, found.key, found.etag)
    arrival, _created = Arrival.objects.get_or_create(
        source=identity,
        defaults={
            "connection": source.connection, "bucket": source.bucket, "key": found.key,
            "version_id": found.version_id, "etag": found.etag, "bytes": found.bytes,
            "pet": pet.pk if pet else None, "found_by": found_by,
        },
    )  # fmt: skip
    return arrival


def _try(source: Source, arrival: Arrival, found: ObjectInfo) -> None:
    Arrival.objects.filter(pk=arrival.pk).update(tried_at=timezone.now(), tries=F("tries") + 1)
    try:
        _register(source, arrival, found)
    except Refused as error:
        _end(arrival, Arrival.State.REFUSED, str(error))
    except ObjectArchived:
        _end(arrival, Arrival.State.REFUSED, _("It is in an archive class: restore it first."))
    except S3Error as error:
        Arrival.objects.filter(pk=arrival.pk, state=Arrival.State.PENDING).update(
            reason=f"{error} ({error.code})"
        )
        raise


def _register(source: Source, arrival: Arrival, found: ObjectInfo) -> None:
    kind = _checked(source, found)
    pet = _living(Pet.objects.filter(pk=arrival.pet).first()) if arrival.pet else None
    try:
        stored = found if source.holds_photos else _carried(source, arrival, found, kind, pet)
        with transaction.atomic():
            photo = incoming.take_in(
                number=arrival.photo, pet=pet, bucket=settings.AWS_STORAGE_BUCKET_NAME, stored=stored,
                kind=kind, file_name=naming.file_name(found.key), came_from=f"{source}/{found.key}",
            )  # fmt: skip
            _end(arrival, Arrival.State.TAKEN)
    except PhotoError as error:
        raise Refused(str(error)) from error
    logger.info("arrived", photo=str(photo.pk), source=str(source), by=arrival.found_by)


def _checked(source: Source, found: ObjectInfo) -> ImageFormat:
    """Return what kind of picture it is, by its size and its first bytes; its name says nothing."""
    if found.bytes == 0:
        raise Refused(_("It is empty (0 bytes)."))
    if found.bytes > settings.MAX_UPLOAD_BYTES:
        sentence = _("It has %(found)s; at most %(most)s are taken.")
        raise Refused(sentence % {"found": size(found.bytes), "most": size(settings.MAX_UPLOAD_BYTES)})
    head = objects.first_bytes(
        source.bucket, found.key, formats.SNIFF_BYTES, version_id=found.version_id, alias=source.connection
    )
    kind = formats.sniff(head)
    if kind is None:
        raise Refused(_("It is %(found)s, which is not taken.") % {"found": _(formats.describe(head))})
    return kind


def _carried(
    source: Source, arrival: Arrival, found: ObjectInfo, kind: ImageFormat, pet: Pet | None
) -> ObjectInfo:
    """Copy the file into the photos' bucket, under the key of its photo; what lies there is our own copy."""
    body = objects.read(
        source.bucket, found.key, version_id=found.version_id, alias=source.connection
    )  # MAX_UPLOAD_BYTES at most
    is_md5 = len(found.etag) == _MD5_LENGTH
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    if len(body) != found.bytes or (is_md5 and not found.version_id and digest != found.etag):
        # Without versions it may be another file by now; with KMS keys an ETag is no digest.
        now = objects.head(source.bucket, found.key, alias=source.connection)
        if len(body) != found.bytes or now.etag != found.etag:
            raise BadContent(_("The file changed while it was read."), operation="GetObject")
    sha256 = hashlib.sha256(body).hexdigest()
    if not Photo.objects.filter(pk=arrival.photo).exists():
        incoming.refuse_twin(sha256, pet)
    target, key = sources.photos(), keys.original_key(arrival.photo, kind.extension, arrival.pet)
    metadata = {
        "photo-id": str(arrival.photo),
        "pet-id": str(pet.pk) if pet else "",
        "uploaded-at": arrival.seen_at.astimezone(UTC).isoformat(timespec="seconds"),
    }
    try:
        stored = objects.put(
            target.bucket, key, io.BytesIO(body), content_type=kind.content_type, metadata=metadata,
            sha256=sha256, alias=target.connection,
        )  # fmt: skip
    except Conflict:
        # An earlier try came so far. Nobody else knows the number in the key, but look all the same.
        stored = objects.head(target.bucket, key, alias=target.connection)
        if stored.bytes != len(body) or stored.sha256 not in {"", sha256}:
            raise
    return ObjectInfo(
        key=key, bytes=len(body), etag=stored.etag, version_id=stored.version_id,
        content_type=kind.content_type, sha256=sha256,
    )  # fmt: skip


def _end(arrival: Arrival, state: str, reason: str = "") -> None:
    pending = Arrival.objects.filter(pk=arrival.pk, state=Arrival.State.PENDING)
    pending.update(state=state, reason=reason, tried_at=timezone.now())
    arrival.refresh_from_db()


def _living(pet: Pet | None) -> Pet | None:
    return pet if pet is not None and pet.is_live else None
