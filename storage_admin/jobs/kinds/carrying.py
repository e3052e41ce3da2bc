"""Copying or moving many objects: to another prefix, another bucket, another store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from photos import keys
from portal.s3 import attributes, copying, delete_markers, transfer, versioning
from portal.s3.attributes import Attributes
from portal.s3.copying import Place
from portal.s3.errors import ObjectNotFound
from storage_admin.jobs import costs
from storage_admin.jobs.kind import Done, Failed, Outcome, Skip, Skipped, first_of
from storage_admin.jobs.kinds.deleting import no_versions
from storage_admin.jobs.kinds.describing import GONE, against_archived
from storage_admin.jobs.one_by_one import OneByOne
from storage_admin.jobs.protection import against_moving
from storage_admin.jobs.targets import Target
from storage_admin.models import Bucket, Job

MAX_KEY_BYTES = 1024  # UG:object-keys
_EXISTS = Skip("exists", gettext_lazy("Another object has that name there already."))
_TOO_LONG = Skip("too-long", gettext_lazy("Its new key would have more than 1,024 bytes."))
_INSIDE = Skip("inside", gettext_lazy("It would land in what the job reads, or where it lies already."))
_PHOTOS = Skip("photos", gettext_lazy("Photos and their renditions lie there: nothing is copied in."))


def places() -> list[tuple[str, str]]:
    """Return the buckets that things can go to, for a choice."""
    there = Bucket.objects.filter(gone_since=None, connection__in=settings.S3_CONNECTIONS)
    named = [f"{bucket.connection}/{bucket.name}" for bucket in there]
    return [(one, one) for one in named]


class TargetForm(forms.Form):
    """Where it goes."""

    to = forms.ChoiceField(label=gettext_lazy("To the bucket"), choices=places)
    to_prefix = forms.CharField(
        label=gettext_lazy("New beginning of the keys"), required=False, max_length=1024, strip=False,
        help_text=gettext_lazy("In place of the prefix that the job works on; the rest of each key stays."),
    )  # fmt: skip
    overwrite = forms.BooleanField(
        label=gettext_lazy("Write over objects that are there"), required=False,
        help_text=gettext_lazy("Only where the bucket keeps their versions."),
    )  # fmt: skip


class Copy(OneByOne):
    """Copies current versions, looks at each copy, and leaves what is there unless told otherwise."""

    slug = "copy"
    title = gettext_lazy("Copy")
    explanation = gettext_lazy(
        "Copies objects to another prefix, bucket or store, with all that belongs to them."
    )
    right = "storage_admin.upload_object"
    keeps_successes = True
    form_class = TargetForm

    def rights(self, bucket: Bucket, parameters: dict[str, Any]) -> tuple[str, ...]:
        """Into another bucket, the bytes go out of the house."""
        if _place(parameters) == (bucket.connection, bucket.name):
            return (self.right,)
        originals = ("photos.download_original",) if bucket.holds_photos else ()
        return (self.right, "storage_admin.download_object", *originals)

    def obstacle(self, job: Job) -> str:
        alias, name = _place(job.parameters)
        if job.parameters.get("overwrite") and versioning.read(name, alias=alias).plain_delete_destroys:
            return _("%(bucket)s keeps no versions now: what is written over there is lost.") % {
                "bucket": name
            }
        return ""

    def judge_all(self, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
        alias, name = _place(job.parameters)
        # A row that is gone from the list by now holds no photos.
        there = Bucket.objects.filter(connection=alias, name=name).first()
        holds_photos = there is not None and there.holds_photos
        return [_against(job, target, into_photos=holds_photos) for target in targets]

    def act_on(self, job: Job, target: Target) -> Outcome:
        name, alias = job.bucket.name, job.bucket.connection
        found = attributes.read(name, target.key, alias=alias)
        if found.etag != target.etag:
            return Failed(target, "ChangedMeanwhile", _("It was changed after the job had looked at it."))
        return self._carry(job, target, found)

    def _carry(self, job: Job, target: Target, found: Attributes) -> Outcome:
        """Copy the version that was found, unless the copy is there already; look at what arrived."""
        to_alias, to_name = _place(job.parameters)
        to_key, overwrite = _to_key(job, target), job.parameters.get("overwrite", False)
        there = _read(to_name, to_key, to_alias)
        if there is not None and _is_copy(found, there):
            return Done(target, made=there.version_id)  # by a worker before this one, or an earlier job
        if there is not None and not overwrite:
            return Skipped(target, _EXISTS)
        source = Place(job.bucket.name, target.key, found.version_id)
        landing, note = Place(to_name, to_key), ""
        if to_alias == job.bucket.connection:
            version_id = copying.copy(
                source, landing, overwrite=overwrite, if_etag=found.etag, alias=to_alias
            ).version_id
        else:
            sent = transfer.copy(
                source, landing, source_alias=job.bucket.connection, target_alias=to_alias,
                overwrite=overwrite, if_etag=found.etag,
            )  # fmt: skip
            version_id, note = sent.version_id, " ".join(sent.lost)
        arrived = attributes.read(to_name, to_key, version_id=version_id, alias=to_alias)
        if arrived.bytes != found.bytes or not copying.same_checksum(found, arrived):
            return Failed(target, "NotKept", _("The copy is not what the original is: look at both."))
        return Done(target, made=version_id, note=note)

    def requests(self, targets: int) -> dict[str, int]:
        return {"HeadObject": 4 * targets, "GetObjectAcl": targets, "CopyObject": targets}

    def price(self, job: Job, target: Target) -> costs.Price:
        is_near = _place(job.parameters)[0] == job.bucket.connection
        return costs.of_twin(costs.prices_of(job), target) if is_near else {}

    def meaning(self, job: Job) -> list[str | Promise]:
        said: list[str | Promise] = [
            gettext_lazy("What has its name there already is passed over, unless it is to be written over.")
        ]
        if _place(job.parameters)[0] != job.bucket.connection:
            said.append(
                gettext_lazy(
                    "Into another store, ACLs, locks and KMS keys do not go along; the bytes pass the portal."
                )
            )
        return said


class Move(Copy):
    """Copies, looks at each copy, and then hides the source behind a delete marker."""

    slug = "move"
    title = gettext_lazy("Move")
    explanation = gettext_lazy(
        "Copies objects elsewhere, looks at each copy, and then hides the original. Its versions stay."
    )

    def rights(self, bucket: Bucket, parameters: dict[str, Any]) -> tuple[str, ...]:
        return (*super().rights(bucket, parameters), "storage_admin.hide_object")

    def obstacle(self, job: Job) -> str:
        return super().obstacle(job) or no_versions(job)

    def judge_all(self, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
        return first_of(super().judge_all(job, targets), against_moving(job.bucket, targets))

    def act_on(self, job: Job, target: Target) -> Outcome:
        try:
            outcome = super().act_on(job, target)
        except ObjectNotFound:
            return self._moved_already(job, target)
        if isinstance(outcome, Done):
            name, alias = job.bucket.name, job.bucket.connection
            delete_markers.hide(name, target.key, if_etag=target.etag, alias=alias)
        return outcome

    def _moved_already(self, job: Job, target: Target) -> Outcome:
        """Tell a source that a worker before this one hid from one that somebody took away."""
        alias, name = _place(job.parameters)
        there = _read(name, _to_key(job, target), alias)
        if there is None or (there.bytes, there.etag) != (target.bytes, target.etag):
            return Skipped(target, GONE)
        return Done(target, made=there.version_id)

    def requests(self, targets: int) -> dict[str, int]:
        return super().requests(targets) | {"DeleteObject": targets}


def _place(parameters: dict[str, Any]) -> tuple[str, str]:
    """Return the connection and the name of the bucket that things go to."""
    alias, _slash, name = str(parameters["to"]).partition("/")
    return alias, name


def _to_key(job: Job, target: Target) -> str:
    return str(job.parameters.get("to_prefix", "")) + target.key.removeprefix(job.prefix)


def _against(job: Job, target: Target, *, into_photos: bool) -> Skip | None:
    to_key = _to_key(job, target)
    is_home = _place(job.parameters) == (job.bucket.connection, job.bucket.name)
    # A list that is read while it grows would give the copies back, to be copied again.
    reads_on = job.selection["what"] == "objects" and to_key.startswith(job.prefix)
    if target.is_gone:
        return GONE
    if is_home and (reads_on or to_key == target.key):
        return _INSIDE
    if not 1 <= len(to_key.encode("utf-8", "surrogatepass")) <= MAX_KEY_BYTES:
        return _TOO_LONG
    if into_photos and to_key.startswith((keys.ORIGINALS, keys.RENDITIONS)):
        return _PHOTOS
    return against_archived(target)


def _read(bucket: str, key: str, alias: str) -> Attributes | None:
    try:
        return attributes.read(bucket, key, alias=alias)
    except ObjectNotFound:
        return None


def _is_copy(found: Attributes, there: Attributes) -> bool:
    """Whether what is there is the same to the letter: bytes, headers and metadata."""
    same_bytes = (found.bytes, found.etag) == (there.bytes, there.etag)
    same_words = (found.headers, found.metadata) == (there.headers, there.metadata)
    return same_bytes and same_words and copying.same_checksum(found, there)
