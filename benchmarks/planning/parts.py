"""The parts that are measured, each in a process of its own in which Django is set up."""

import sys
from collections.abc import Callable

from django.core.management import call_command

from benchmarks import apart
from benchmarks.reconcile import parts
from benchmarks.reconcile.bucket import BUCKET
from portal.models import User
from storage_admin.jobs import running, services
from storage_admin.models import Bucket, JobState


def main() -> None:
    """Do the part that the command line names, and print what it took, as JSON."""
    apart.tell({"list": _list, "plan": _plan}[sys.argv[1]]())


def _list() -> Callable[[], int]:
    return lambda: int(parts.read(0)["entries"])


def _plan() -> Callable[[], int]:
    call_command("migrate", verbosity=0)
    bucket = Bucket.objects.create(connection="default", name=BUCKET)
    actor = User.objects.create_superuser("ada")
    job = services.draft(
        actor=actor, kind="destroy", bucket=bucket, parameters={"which": "everything"}, prefix="photos/"
    )

    def plan() -> int:
        while running.work(job.pk):
            pass
        job.refresh_from_db()
        if job.state != JobState.PLANNED:
            raise SystemExit(f"The plan ended as {job.state}: {job.stopped_because}")
        return job.total

    return plan
