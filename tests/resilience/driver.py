"""The web side of the portal as a process of its own: takes one JSON command a line, answers with one.

    {"do": "upload", "file": "/path", "name": "cat.jpg", "pet": "uuid or empty"}  →  as the upload page
    {"do": "look", "ids": [...]}                                                  →  rows as they are now

The services are the ones that the pages use, against the database, queue and store of the stack.
"""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.files.base import ContentFile  # noqa: E402 - models can be imported only after setup()
from django.db import connection  # noqa: E402

from pets.choices import Species  # noqa: E402
from pets.models import Pet  # noqa: E402
from photos import upload  # noqa: E402
from photos.errors import UploadRefused  # noqa: E402
from photos.models import Photo  # noqa: E402
from portal.models import User  # noqa: E402
from portal.s3 import objects  # noqa: E402
from portal.s3.errors import S3Error  # noqa: E402
from storage_admin.jobs import services as jobs  # noqa: E402
from storage_admin.models import Bucket, Job, JobItem  # noqa: E402


def add_pet(name: str) -> str:
    """Make a pet; return its id."""
    return str(Pet.objects.create(name=name, species=Species.CAT).pk)


def send(file: str, name: str, pet: str = "", *, actor: User | None = None) -> dict[str, str]:
    """Upload one file through the portal."""
    data = Path(file).read_bytes()
    try:
        photo = upload.receive(
            actor=actor,
            pet=Pet.objects.get(pk=pet) if pet else None,
            upload=ContentFile(data, name=name),
            file_name=name,
        )
    except UploadRefused as error:
        return {"refused": error.code, "reason": str(error)}
    except S3Error as error:
        return {"trouble": error.code, "reason": str(error)}
    return {"photo": str(photo.pk), "status": photo.status, "reason": photo.reason}


def send_side_by_side(file: str, pet: str, *, people: int) -> list[dict[str, str]]:
    """Let several people upload one file at once."""
    actors = [User.objects.create(username=f"{pet}-{number}", is_superuser=True) for number in range(people)]

    def one(actor: User) -> dict[str, str]:
        try:
            return send(file, f"{actor.username}.jpg", pet, actor=actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(one, actors))


def look(ids: list[str]) -> dict[str, dict[str, Any]]:
    """Return status, reason, attempts and number of renditions of photos."""
    found = Photo.objects.filter(pk__in=ids).prefetch_related("renditions")
    return {
        str(photo.pk): {
            "status": photo.status,
            "reason": photo.reason,
            "attempts": photo.attempts,
            "renditions": photo.renditions.count(),
        }
        for photo in found
    }


def stored_renditions(photo: str) -> int:
    """Return how many renditions of the photo the store really holds."""
    row = Photo.objects.get(pk=photo)
    return sum(objects.head(row.bucket, made.key).bytes == made.bytes for made in row.renditions.all())


def draft_job(kind: str, bucket: str, parameters: dict[str, Any]) -> int:
    """Draft a job over a whole bucket; return its id. The workers of the stack plan it."""
    row, _made = Bucket.objects.get_or_create(connection="default", name=bucket)
    return jobs.draft(
        actor=None, kind=kind, bucket=row, parameters=parameters, trigger=Job.Trigger.SCHEDULE
    ).pk


def start_job(job: int) -> str:
    """Start a job that is planned; return its state."""
    row = Job.objects.get(pk=job)
    jobs.start(actor=None, job=row)
    return row.state


def look_at_job(job: int) -> dict[str, Any]:
    """Return the state of a job, its counts, and what its first failures say."""
    row = Job.objects.get(pk=job)
    counts = ("state", "total", "done", "skipped", "failed", "passes", "stopped_because")
    failures = row.items.filter(outcome=JobItem.Outcome.FAILED)
    return {name: getattr(row, name) for name in counts} | {
        "items": row.items.count(),
        "failures": list(failures.values("key", "version_id", "code", "message", "attempts")[:5]),
    }


COMMANDS: dict[str, Callable[..., Any]] = {
    "add_pet": add_pet,
    "send": send,
    "send_side_by_side": send_side_by_side,
    "look": look,
    "stored_renditions": stored_renditions,
    "draft_job": draft_job,
    "start_job": start_job,
    "look_at_job": look_at_job,
}


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        answer = COMMANDS[asked.pop("do")](**asked)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
