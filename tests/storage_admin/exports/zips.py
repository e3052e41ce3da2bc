"""What the tests of ZIPs do to jobs: begin one, kill its worker, work it off, open what it made."""

import csv
import io
import random
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from portal.models import User
from portal.s3 import objects, uploads
from storage_admin.exports import register
from storage_admin.jobs import running, services
from storage_admin.models import Bucket, Job

Planned = Callable[..., Job]
PARAMETERS = {"to": "", "to_prefix": "exports/", "days": 7}


class Killed(BaseException):
    """What a worker that is killed raises: nobody catches it."""


def begun(planned: Planned, ada: User, prefix: str = "in/") -> Job:
    job = planned("zip", prefix, parameters=PARAMETERS)
    services.start(actor=ada, job=job)
    return job


def let_go(job: Job) -> None:
    """Do what the sweep does for a worker that died."""
    Job.objects.filter(pk=job.pk).update(claim=None)


def work_one_batch(job: Job) -> None:
    """Let a worker do one batch, and die before the second."""
    begin, batches = running._begin_batch, iter(range(2))

    def once(*given: Any) -> None:
        if next(batches):
            raise Killed
        begin(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "_begin_batch", once)
        with pytest.raises(Killed):
            running.work(job.pk)
    let_go(job)
    job.refresh_from_db()


def worked_off(job: Job) -> Job:
    let_go(job)
    while running.work(job.pk):
        pass
    job.refresh_from_db()
    return job


def zip_of(job: Job) -> bytes:
    bucket = register.bucket_of(job)
    return objects.read(bucket.name, register.key_of(job))


def unpacked(whole: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        return {one.filename: archive.read(one) for one in archive.infolist()}


def listed(files: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files["manifest.csv"].decode("utf-8-sig"))))


def open_uploads(bucket: Bucket) -> int:
    return len(list(uploads.every(bucket.name)))


def some_bytes(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count)
