"""Packing many objects into one ZIP in a bucket, from where it is fetched by its job's page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from photos import keys
from portal.display import count_text, size
from portal.s3.errors import BadContent, Conflict, S3Error
from storage_admin import prices
from storage_admin.errors import NotPossible
from storage_admin.exports import assembling, contents, directory, names, register, uploading
from storage_admin.exports.assembling import Assembly, TooManyParts
from storage_admin.exports.contents import BEAT_SECONDS, Content, Names, Source
from storage_admin.exports.directory import Stored
from storage_admin.exports.register import Growing, Made
from storage_admin.exports.zip_format import Entry
from storage_admin.jobs import costs
from storage_admin.jobs.kind import Beat, Done, Failed, Kind, Outcome, Skip
from storage_admin.jobs.kinds.carrying import places
from storage_admin.jobs.kinds.describing import GONE, against_archived
from storage_admin.jobs.one_by_one import answer, raise_outage
from storage_admin.jobs.targets import Target
from storage_admin.models import Bucket, Job

MOST_DAYS = 30
# One object is read twice and written within one task, which ends after ten minutes.
MAX_OBJECT_BYTES = 5 * 1024**3
_EXPORT = Skip("export", gettext_lazy("It is a ZIP that this portal made."))
_TOO_LARGE = Skip("too-large", gettext_lazy("It is larger than 5 GiB: download it by itself."))
_NO_BYTES = Skip("marker", gettext_lazy("It is a delete marker, which has no bytes."))


def _targets() -> list[tuple[str, str | Promise]]:
    return [("", gettext_lazy("the bucket of the job")), *places()]


class ZipForm(forms.Form):
    """Where the ZIP goes, and for how long."""

    to = forms.ChoiceField(label=gettext_lazy("Into the bucket"), choices=_targets, required=False)
    to_prefix = forms.CharField(
        label=gettext_lazy("Below the path"), max_length=200, initial=register.PREFIX,
        help_text=gettext_lazy("Not below photos/ or renditions/: photos live there."),
    )  # fmt: skip
    days = forms.IntegerField(
        label=gettext_lazy("Remove it after days"), min_value=1, max_value=MOST_DAYS, initial=7,
        help_text=gettext_lazy("The portal removes the ZIP then; the objects stay."),
    )  # fmt: skip

    def clean_to_prefix(self) -> str:
        """Refuse what would mix with photos, or make a key that browsers change."""
        prefix = f"{self.cleaned_data['to_prefix'].rstrip('/')}/"
        if prefix.startswith((keys.ORIGINALS, keys.RENDITIONS)):
            raise forms.ValidationError(_("Photos live there."))
        if f"{names.clean(prefix)}/" != prefix:
            raise forms.ValidationError(
                _("Use a path such as exports/ without “..”, empty parts or characters that systems refuse.")
            )
        return prefix


@dataclass
class _Read:
    """A target that is being read: what came of it, and its content where all went well."""

    target: Target
    outcome: Outcome = field(init=False)
    content: Content | None = None


class Zip(Kind):
    """Packs current versions into a ZIP in a bucket, and lists in it what became of each object."""

    slug = register.KIND
    title = gettext_lazy("Download as ZIP")
    explanation = gettext_lazy(
        "Packs objects into a ZIP in a bucket, to be fetched here. It is removed after some days."
    )
    right = "storage_admin.download_object"
    keeps_successes = True  # their rows are what the ZIP's directory is made of
    leaves_open = True
    batch_size = assembling.BATCH_ENTRIES
    batch_bytes = assembling.BATCH_BYTES
    form_class = ZipForm

    def rights(self, bucket: Bucket, parameters: dict[str, Any]) -> tuple[str, ...]:
        """It is an object that is written, and its contents go out of the house."""
        return (*register.reading_rights(bucket), "storage_admin.upload_object")

    def judge_all(self, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
        own = register.jobs_of(job.bucket, [target.key for target in targets])
        return [_EXPORT if target.key in own else _against(target) for target in targets]

    def unfit(self, job: Job) -> str:
        if uploading.part_size(job) is not None:
            return ""
        largest = assembling.PART_SIZES[-1]
        needed = assembling.most_parts(job.total_bytes, job.total, largest)
        return _(
            "These objects make a ZIP of %(parts)s parts, and S3 takes %(most)s of %(size)s each: "
            "choose fewer, and make several ZIPs."
        ) % {
            "parts": count_text(needed), "most": count_text(assembling.MAX_PARTS), "size": size(largest),
        }  # fmt: skip

    def act(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        """Write the batch's entries as whole parts. Done again, it sends the same numbers again."""
        upload, pulse = uploading.opened(job), _Pulse(beat)
        assembly = uploading.assembly(job, upload, pulse)
        taken = Names(job, [(one.key, one.key.endswith("/") and not one.bytes) for one in targets])
        reads = contents.in_order(
            [_Read(target) for target in targets],
            partial(_ask, job),
            size=lambda one: min(one.target.bytes, contents.SMALL_BYTES),
            beat=pulse,
        )
        outcomes: list[Outcome] = []
        try:
            for read, _answered in reads:
                outcomes.append(_written(job, read, assembly, taken))
                read.content = None  # its bytes are in the part by now
                pulse()
            raise_outage(outcomes)
            assembly.end_batch()
        except TooManyParts as error:
            raise NotPossible(_("The objects grew: the ZIP has more parts than S3 takes.")) from error
        job.result = register.kept(job, Growing(upload.upload_id, assembly.offset, assembly.parts))
        return outcomes

    def finished(self, job: Job, beat: Beat) -> None:
        """Write list and directory, complete the upload, and look at what became of it."""
        there = uploading.found(job)
        if there is None:
            upload = uploading.opened(job)
            assembly = uploading.assembly(job, upload, _Pulse(beat))
            entries = directory.finish(job, assembly)
            there = uploading.completed(job, upload, assembly.parts)
        else:  # a worker completed it, and died before it could say so
            assembly = uploading.counted(job)
            entries = directory.finish(job, assembly)
        if there.bytes != assembly.offset:
            raise BadContent(
                _("The store has %(there)s bytes of the ZIP, and was sent %(sent)s.")
                % {"there": there.bytes, "sent": assembly.offset}
            )
        ends = timezone.now() + timedelta(days=int(job.parameters["days"]))
        made = Made(there.version_id, there.etag, there.bytes, entries, ends.isoformat(timespec="seconds"))
        job.result = register.kept(job, made)

    def abandoned(self, job: Job) -> None:
        uploading.abort(job)
        job.result = register.kept(job, None)

    def requests(self, targets: int) -> dict[str, int]:
        return {"GetObject": targets, "CreateMultipartUpload": 1, "CompleteMultipartUpload": 1}

    def price(self, job: Job, target: Target) -> costs.Price:
        there = costs.prices_of(job).classes.get(target.storage_class or "STANDARD")
        if there is None:
            return {"unknown": Decimal(1)}
        return {"requests": there.get / 1000 + there.read * target.bytes / prices.GB_BYTES}

    def meaning(self, job: Job) -> list[str | Promise]:
        if said := self.unfit(job):
            return [said]
        return [
            _("The ZIP is not smaller than its contents: photos are compressed already."),
            _("What changes while the job runs, or goes, stands among the failures and in manifest.csv."),
            _("Everybody who may download these objects can fetch it here, for %(days)s days.")
            % {"days": job.parameters["days"]},
        ]


class _Pulse:
    """Beats, but not more often than needed: each beat writes a row."""

    def __init__(self, beat: Beat) -> None:
        self._beat, self._next = beat, time.monotonic() + BEAT_SECONDS

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._beat()
            self._next = time.monotonic() + BEAT_SECONDS


def _against(target: Target) -> Skip | None:
    if target.is_gone:
        return GONE
    if target.is_marker:
        return _NO_BYTES
    return _TOO_LARGE if target.bytes > MAX_OBJECT_BYTES else against_archived(target)


def _ask(job: Job, read: _Read) -> None:
    """Read the target, in a thread: again where the store was busy, and with what came of it at the end."""

    def act_on(_job: Job, target: Target) -> Outcome:
        try:
            read.content = contents.read(_source(job, target))
        except (Conflict, BadContent) as error:
            return Failed(target, error.code or "ChangedMeanwhile", _changed())
        return Done(target)

    read.outcome = answer(act_on, job, read.target)


def _written(job: Job, read: _Read, assembly: Assembly, taken: Names) -> Outcome:
    """Write the entry of what was read, and tell what its row must know."""
    target, content = read.target, read.content
    if content is None:
        return read.outcome
    try:
        pieces = [content.held] if content.held is not None else contents.again(_source(job, target), content)
    except S3Error as error:
        return Failed(target, error.code or type(error).__name__, str(error))
    name, mark = taken.take(target.key)
    entry = Entry(name, 0, target.bytes, content.crc, content.modified)
    try:
        placed = assembly.add(entry, pieces)
    except BadContent as error:  # what was written of it stays, and nothing names it
        return Failed(target, error.code or "ChangedMeanwhile", str(error))
    stored = Stored(
        target.key, name, placed.offset, target.bytes, content.crc, content.sha256,
        content.version_id or target.version_id, content.modified.isoformat(),
    )  # fmt: skip
    return Done(target, note=stored.as_text(), code=mark)


def _source(job: Job, target: Target) -> Source:
    bucket = job.bucket
    return Source(bucket.name, bucket.connection, target.key, target.version_id, target.etag, target.bytes)


def _changed() -> str:
    return _("It was changed after the job had looked at it.")
