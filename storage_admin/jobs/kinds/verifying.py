"""Comparing photos' originals with what their rows say. Changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from photos.choices import PhotoStatus
from photos.models import Photo
from portal.s3 import objects
from storage_admin.jobs import photo_rows, photo_slices
from storage_admin.jobs.kind import Beat, Done, Failed, Kind, Outcome, Skip, Skipped
from storage_admin.jobs.one_by_one import in_threads
from storage_admin.jobs.targets import Selection, Target
from storage_admin.models import Bucket, Job

CHUNK_BYTES = 1024**2
_NO_ROW = Skip("no-row", gettext_lazy("No photo's row names it any more."))


class VerifyForm(forms.Form):
    """How many, and how thoroughly."""

    sample = forms.IntegerField(
        label=gettext_lazy("Only so many, picked at random"), required=False, min_value=1,
        help_text=gettext_lazy("Of the bucket, or of the prefix. Empty: all."),
    )  # fmt: skip
    percent = forms.IntegerField(
        label=gettext_lazy("Only so many percent, picked at random"), required=False,
        min_value=1, max_value=100, help_text=gettext_lazy("Instead of a number."),
    )  # fmt: skip

    read = forms.BooleanField(
        label=gettext_lazy("Read every byte"), required=False,
        help_text=gettext_lazy("Where the store keeps no SHA-256: slow, and billed as reading."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Take one of number and share, and keep what was given alone."""
        given = {name: value for name, value in self.cleaned_data.items() if value is not None}
        if "sample" in given and "percent" in given:
            raise forms.ValidationError(_("Give a number or a share, not both."))
        return given


class Verify(Kind):
    """Looks at the very version that each row names: is it there, with this size, ETag and SHA-256?"""

    slug = "verify"
    title = gettext_lazy("Verify originals")
    explanation = gettext_lazy("Compares photos' originals with their rows. Changes nothing.")
    # Not that to look: it calls the store once for each photo, and may read every byte.
    right = "photos.change_photo"
    selections = ("photos",)
    form_class = VerifyForm

    def refusal(self, bucket: Bucket) -> str:
        return "" if bucket.holds_photos else _("No photos live in this bucket.")

    def obstacle(self, job: Job) -> str:
        wants_some = "sample" in job.parameters or "percent" in job.parameters
        if wants_some and photo_rows.are_named_by(job.selection):
            return _("A sample is taken of the bucket or a prefix, not of photos that were chosen.")
        return ""

    def selection(self, job_prefix: str, parameters: dict[str, Any]) -> Selection:
        """Return the rule for all of the prefix, or for a sample: a stretch that begins at random."""
        count = parameters.get("sample", 0)
        bucket = settings.AWS_STORAGE_BUCKET_NAME  # `refusal` has seen that it is this one
        if share := parameters.get("percent"):
            count = -(-photo_slices.stored(bucket, job_prefix).count() * share // 100)
        chosen = photo_slices.after(bucket, uuid4(), count, job_prefix) if count else None
        return chosen or super().selection(job_prefix, parameters)

    def act(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        """Compare with what the rows say now, read here: threads ask the database nothing."""
        found = Photo.objects.filter(bucket=job.bucket.name, key__in={target.key for target in targets})
        rows = found.exclude(status__in=[PhotoStatus.PENDING, PhotoStatus.REJECTED])
        return in_threads(partial(_compare, {photo.key: photo for photo in rows}), job, targets, beat)

    def requests(self, targets: int) -> dict[str, int]:
        return {"HeadObject": targets}

    def meaning(self, job: Job) -> list[str | Promise]:
        return [gettext_lazy("What is not as its row says stands among the failures, with what differs.")]


def _compare(rows: dict[str, Photo], job: Job, target: Target) -> Outcome:
    photo = rows.get(target.key)
    if photo is None:
        return Skipped(target, _NO_ROW)
    name, alias = job.bucket.name, job.bucket.connection
    found = objects.head(name, photo.key, version_id=photo.version_id, alias=alias)
    if found.bytes != photo.bytes:
        words = _("The row says %(row)d bytes, the store has %(store)d.")
        return Failed(target, "Size", words % {"row": photo.bytes, "store": found.bytes})
    if photo.etag and found.etag != photo.etag:
        return Failed(target, "ETag", _("The ETag is another than the row's."))
    digest = found.sha256
    if not digest and photo.sha256 and job.parameters.get("read"):
        sums = hashlib.sha256()
        for chunk in objects.stream(
            name, photo.key, version_id=photo.version_id, chunk_bytes=CHUNK_BYTES, alias=alias
        ):
            sums.update(chunk)
        digest = sums.hexdigest()
    if digest and photo.sha256 and digest != photo.sha256:
        return Failed(target, "SHA-256", _("The bytes are others than the row's digest says."))
    return Done(target)
