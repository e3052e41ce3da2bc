"""The worker's side: read the original, check it in full, derive what is missing.

S3 calls stay outside transactions. A crash at any line leaves the claim, which goes
stale, and the sweep queues the photo again; renditions that were put already are found
under their digests. Bad input is rejected with a reason; the unexpected is failed with
a reason and raised.
"""

import hashlib
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from photos import deriving, imaging, renditions, states
from photos.choices import PhotoStatus
from photos.duplicates import describe_duplicate, find_duplicate
from photos.models import Photo, Rendition
from portal.s3 import objects
from portal.s3.errors import (
    AccessRefused,
    BucketNotFound,
    ObjectNotFound,
    StorageUnavailable,
    VersionNotFound,
)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Derived:
    """What one run found and made."""

    sha256: str
    facts: imaging.ImageFacts
    made: list[Rendition]


def process(photo_id: str) -> None:
    """Make one photo ready. Harmless when it is done, gone, or in another worker's hands."""
    token = uuid.uuid4()
    if not Photo.objects.claim(photo_id, token=token, now=timezone.now()):
        logger.info("photo_not_claimed", photo=photo_id)
        return
    photo = Photo.objects.filter(pk=photo_id, claim=token).first()
    if photo is None:  # somebody moved it to the trash since the line above
        return
    started = time.perf_counter()
    try:
        derived = _derive(photo)
    except (StorageUnavailable, AccessRefused, BucketNotFound) as error:
        # Expired keys or a policy refuse every photo alike: none of them is to blame for it.
        states.release(photo, str(error))
        logger.warning("photo_released", photo=photo_id, code=error.code)
    except imaging.RefusedImage as error:
        refuse(photo, deriving.explain(error))
    except (ObjectNotFound, VersionNotFound) as error:
        states.fail(photo, _("The original is not in the bucket: %(error)s") % {"error": error}, _held(photo))
        logger.exception("photo_original_missing", photo=photo_id, key=photo.key)
    except SoftTimeLimitExceeded:
        give_up = states.go_back if photo.previous else states.fail
        seconds = settings.PROCESSING_SECONDS
        give_up(photo, _("Reading the file took longer than %(n)s seconds.") % {"n": seconds}, _held(photo))
        raise
    except Exception as error:
        states.fail(photo, _("Unexpected: %(error)s") % {"error": _short(error)}, _held(photo))
        raise
    else:
        if derived is not None and _finish(photo, derived):
            milliseconds = round((time.perf_counter() - started) * 1000)
            logger.info("photo_ready", photo=photo_id, made=len(derived.made), milliseconds=milliseconds)


def refuse(photo: Photo, reason: str, *, duplicate_of: Photo | None = None) -> None:
    """Reject the photo; or, where a replacement turned out bad, go back to the file it replaced."""
    if photo.previous:
        states.go_back(photo, reason, _held(photo))
    else:
        states.reject(photo, reason, _held(photo), duplicate_of=duplicate_of)


def _held(photo: Photo) -> Q:
    return states.claimed_by(photo.claim)


def _short(error: Exception) -> str:
    code = getattr(error, "code", "")
    return f"{type(error).__name__}: {error} {code}".strip()[:300]


def _derive(photo: Photo) -> _Derived | None:
    """Read, check, and put what is missing. None when the photo was refused as a duplicate."""
    with _waiting_for_the_store():
        data = objects.read(photo.bucket, photo.key, version_id=photo.version_id)
    sha256 = hashlib.sha256(data).hexdigest()
    if photo.sha256 and photo.sha256 != sha256:
        refuse(
            photo, _("The bytes that arrived are not the ones that were announced. Upload the file again.")
        )
        return None
    twin = find_duplicate(sha256, photo.pet_id, besides=photo.pk)
    if twin is not None:
        refuse(photo, describe_duplicate(twin), duplicate_of=twin)
        return None
    facts = deriving.inspect(data)
    wanted = renditions.missing(photo, sha256)
    rendered = imaging.render(data, facts, wanted, rotation=photo.rotation)
    return _Derived(sha256, facts, [deriving.put(photo, sha256, picture) for picture in rendered])


@contextmanager
def _waiting_for_the_store() -> Iterator[None]:
    """Take time that runs out here for a store that is away: it says nothing about the photo."""
    try:
        yield
    except SoftTimeLimitExceeded as error:
        raise StorageUnavailable(
            _("The store does not answer. Try again in a minute."), operation="GetObject", code="TimeLimit"
        ) from error


def _finish(photo: Photo, derived: _Derived) -> bool:
    """processing → ready, with the renditions' rows, in one transaction."""
    facts = derived.facts
    try:
        with transaction.atomic():
            had_others = bool(derived.made) and photo.renditions.exists()
            ready = states.move(
                photo,
                PhotoStatus.READY,
                _held(photo),
                Q(rotation=photo.rotation),  # turned meanwhile: what was derived is not what is wanted
                sha256=derived.sha256,
                width=facts.width,
                height=facts.height,
                taken_at=facts.taken_at.isoformat(" ", "seconds") if facts.taken_at else "",
                camera=facts.camera[:120],
                latitude=facts.latitude,
                longitude=facts.longitude,
                attempts=0,
                reason="",
                previous=None,
                **({"leftovers_since": timezone.now()} if had_others else {}),
                **states.CLAIM_GONE,
            )
            if ready:
                deriving.store(derived.made)
                _make_main_if_first(photo)
    except IntegrityError:
        # Two uploads of one picture side by side: the other became ready first.
        twin = find_duplicate(derived.sha256, photo.pet_id, besides=photo.pk)
        if twin is None:
            raise
        refuse(photo, describe_duplicate(twin), duplicate_of=twin)
        return False
    if not ready:
        states.release(photo, "")
    return ready


def _make_main_if_first(photo: Photo) -> None:
    """A pet's first photo becomes its main one; the constraint decides between two at once."""
    if photo.pet_id is None or Photo.objects.live().filter(pet=photo.pet_id, is_primary=True).exists():
        return
    try:
        with transaction.atomic():
            Photo.objects.filter(pk=photo.pk).update(is_primary=True)
    except IntegrityError:
        logger.info("photo_not_main", photo=str(photo.pk))
    else:
        photo.is_primary = True
