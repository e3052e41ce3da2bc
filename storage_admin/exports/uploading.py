"""The upload that a job's ZIP is made with: begun once, gone on with by any worker, completed once."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from portal.s3 import attributes, parts, waiting
from portal.s3.attributes import Attributes
from portal.s3.errors import ObjectNotFound, S3Error
from portal.s3.parts import Part, Upload
from storage_admin.errors import NotPossible
from storage_admin.exports import assembling, register
from storage_admin.exports.assembling import Assembly
from storage_admin.exports.register import Growing
from storage_admin.models import Job

CONTENT_TYPE = "application/zip"
_JOB = "pettracker-job"  # the metadata by which a ZIP is known again after its worker died


def part_size(job: Job) -> int | None:
    """Return the size of the ZIP's parts, by what was planned; None where S3 takes no such upload."""
    return assembling.part_size(job.total_bytes, job.total)


def opened(job: Job) -> Upload:
    """Return the upload that the job's row knows of, or the one that a dead worker began, or a new one."""
    bucket, key, state = register.bucket_of(job), register.key_of(job), register.growing(job)
    if state is not None:
        return Upload(bucket.name, key, state.upload_id, bucket.connection)
    return parts.find_or_begin(
        bucket.name, key, content_type=CONTENT_TYPE, metadata={_JOB: _name(job)}, alias=bucket.connection
    )


def assembly(job: Job, upload: Upload, after_part: Callable[[], None]) -> Assembly:
    """Return the ZIP from where the last batch ended."""

    def put(number: int, body: bytes) -> Part:
        try:
            sent = parts.put(upload, number, body)
        except S3Error as error:
            raise _in_words(error) from error
        after_part()
        return sent

    return _from_here(job, put)


def counted(job: Job) -> Assembly:
    """Return the same, but for counting: it sends nothing."""
    return _from_here(job, lambda _number, _body: {})


def found(job: Job) -> Attributes | None:
    """Return the job's ZIP where it is complete; NotPossible where another object has its key."""
    bucket, key = register.bucket_of(job), register.key_of(job)
    try:
        there = attributes.read(bucket.name, key, alias=bucket.connection)
    except ObjectNotFound:
        return None
    if there.metadata.get(_JOB) != _name(job):
        raise NotPossible(_("Somebody wrote another object where the ZIP was to lie."))
    return there


def completed(job: Job, upload: Upload, sent: list[Part]) -> Attributes:
    """Complete the upload and return what is there. An answer may be lost, and the ZIP there nevertheless."""
    try:
        parts.complete(upload, sent)
    except S3Error as error:
        there = found(job)
        if there is None:
            raise _in_words(error) from error
        return there
    return waiting.for_written(upload.bucket, upload.key, alias=upload.alias)


def abort(job: Job) -> int:
    """Abort what was begun for the job; return how many uploads there were. Safe to repeat."""
    bucket = register.bucket_of(job)
    return parts.abort_all(bucket.name, register.key_of(job), alias=bucket.connection)


def _from_here(job: Job, put: assembling.Put) -> Assembly:
    state = register.growing(job) or Growing("")
    part_bytes = part_size(job) or assembling.PART_SIZES[-1]
    return Assembly(put, part_bytes=part_bytes, parts=state.parts, offset=state.offset)


def _name(job: Job) -> str:
    """Return what no other job of no other portal is called."""
    return f"{job.pk} {job.made_at.isoformat()}"


def _in_words(error: S3Error) -> S3Error:
    if error.code != parts.NO_SUCH_UPLOAD:
        return error
    words = _("Somebody, or a lifecycle rule, aborted the upload that the ZIP was made with. Run it again.")
    return S3Error(words, operation=error.operation, code=error.code, request_id=error.request_id)
