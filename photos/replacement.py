"""A better file for the same photo: a new version under the same key of the versioned bucket.

The row pins the version, so between the PUT and the row's change everybody still sees the
former file; a crash there leaves a version that nobody points at, and loses nothing. Should
the new file prove to be no picture, the worker goes back to the former one.
"""

import hashlib
from typing import Any

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from photos import formats, states, tasks, upload
from photos.choices import PhotoStatus, Rotation
from photos.duplicates import describe_duplicate, find_duplicate
from photos.errors import NotPossible, UploadRefused
from photos.models import Photo
from portal import audit
from portal.access import Actor, require
from portal.s3 import objects
from portal.s3.errors import Conflict
from portal.s3.types import ObjectInfo

_KEPT = ("version_id", "etag", "sha256", "bytes", "file_name", "rotation")


def replace(*, actor: Actor, photo: Photo, file: File, file_name: str) -> None:
    """Store the file as the photo's newest version and derive anew.

    The type must be the same: the key ends in it. Raises UploadRefused, NotPossible, S3Error.
    """
    require(actor, "photos.change_photo")
    if photo.status != PhotoStatus.READY:
        raise NotPossible(_("Only the file of a ready photo can be replaced; wait until it is."))
    if not photo.version_id:
        raise NotPossible(
            _("The photo was stored without versions: its file would be lost. Upload the new one beside it.")
        )
    name = upload.clean_file_name(file_name)
    file.seek(0)
    kind = upload.check_file(name, file.size, file.read(formats.SNIFF_BYTES))
    if kind.content_type != photo.content_type:
        raise UploadRefused(
            _("%(file)s is %(found)s, the photo is %(wanted)s. Upload it as a photo of its own.")
            % {"file": name, "found": kind.display_name, "wanted": photo.get_content_type_display().upper()},
            code="other_type",
        )
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 == photo.sha256:
        raise NotPossible(_("%(file)s is the file that the photo has already.") % {"file": name})
    twin = find_duplicate(sha256, photo.pet_id, besides=photo.pk)
    if twin is not None:
        raise UploadRefused(describe_duplicate(twin), code="duplicate", duplicate_of=twin)
    found = _put(photo, file, sha256)
    changes = {
        "version_id": found.version_id,
        "etag": found.etag,
        "sha256": sha256,
        "bytes": file.size,
        "file_name": name,
        "rotation": Rotation.NONE,
    }
    _point_at(actor, photo, changes)


def _put(photo: Photo, file: File, sha256: str) -> ObjectInfo:
    """Store the file on top of the one that the row names."""
    try:
        return _put_over(photo, file, sha256, photo.etag)
    except Conflict as error:
        # Somebody was faster; or the newest version is one that no row names, left by a crash
        # or by a replacement that was refused. What the row says tells which.
        if not Photo.objects.filter(pk=photo.pk, status=photo.status, version_id=photo.version_id).exists():
            raise _changed_meanwhile() from error
    try:
        return _put_over(photo, file, sha256, objects.head(photo.bucket, photo.key).etag)
    except Conflict as error:
        raise _changed_meanwhile() from error


def _put_over(photo: Photo, file: File, sha256: str, etag: str) -> ObjectInfo:
    file.seek(0)
    return objects.put(
        photo.bucket,
        photo.key,
        file.file or file,
        content_type=photo.content_type,
        metadata=upload.metadata(photo),
        if_etag=etag,
        sha256=sha256,
    )


def _point_at(actor: Actor, photo: Photo, changes: dict[str, Any]) -> None:
    former = {name: getattr(photo, name) for name in _KEPT}
    try:
        with transaction.atomic():
            moved = states.move(
                photo,
                PhotoStatus.STORED,
                Q(version_id=photo.version_id),
                previous=former,
                attempts=0,
                reason="",
                queued_at=timezone.now(),
                **changes,
            )
            if not moved:
                raise _changed_meanwhile()
            audit.record(
                "photo.replaced",
                actor=actor,
                target=photo,
                bucket=photo.bucket,
                key=photo.key,
                version_id=photo.version_id,
                before=former,
                after=changes,
            )
            tasks.enqueue(photo.pk)
    except IntegrityError as error:
        raise NotPossible(_("The pet has this very photo already.")) from error


def _changed_meanwhile() -> NotPossible:
    return NotPossible(_("Somebody changed this photo meanwhile. Reload the page."))
