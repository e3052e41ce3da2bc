"""What the next batch is about: a page of the selection, or less where its targets hold many bytes."""

from __future__ import annotations

from itertools import accumulate

from storage_admin.jobs import targets
from storage_admin.jobs.kind import Kind
from storage_admin.jobs.targets import Page, Target
from storage_admin.models import Job


def read(job: Job, kind: Kind) -> Page:
    """Return the next targets, at least one where there are any; those behind wait in the page's cursor.

    Errors of the store are raised as they are.
    """
    cursor = job.cursor or {}
    if "waiting" in cursor:
        page = Page([Target.from_data(data) for data in cursor["waiting"]], cursor["then"])
    else:
        page = targets.read(job.bucket, job.selection, job.cursor, kind.batch_size)
    return _cut(page, kind.batch_bytes) if kind.batch_bytes else page


def _cut(page: Page, most_bytes: int) -> Page:
    sums = accumulate(target.bytes for target in page.targets)
    count = next((place for place, held in enumerate(sums, start=1) if held >= most_bytes), None)
    if count is None or count == len(page.targets):
        return page
    waiting = [target.as_data() for target in page.targets[count:]]
    return Page(page.targets[:count], {"waiting": waiting, "then": page.cursor})
