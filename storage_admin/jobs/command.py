"""The base of the commands that run a job in a terminal: the same services, plan first, exit code."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.core.management.base import BaseCommand, CommandError

from portal.display import size
from portal.s3 import session
from storage_admin.errors import StorageError
from storage_admin.jobs import costs, kinds, running, services
from storage_admin.jobs.choosing import Choice
from storage_admin.models import Bucket, Job, JobState

BAR_CHARACTERS = 30
WAIT_SECONDS = 0.5
_DONE, _NOT_ALL, _NOTHING_BEGUN = 0, 1, 2


class JobCommand(BaseCommand):
    """Plans a job, shows the plan, and (without --dry-run) works it off here or beside the workers.

    Exit code 0: done, or planned as asked. 1: something failed, see the job's page. 2: not begun.
    """

    kind: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bucket", required=True, help="name of the bucket")
        parser.add_argument("--connection", default=session.DEFAULT, help="connection it belongs to")
        parser.add_argument("--prefix", default="", help="only keys that begin so")
        parser.add_argument("--reason", default="", help="kept with the job")
        parser.add_argument("--dry-run", action="store_true", help="plan, and change nothing")
        chosen = self._kind()
        if chosen.selection_of_photos():
            parser.add_argument(
                "--photos", metavar="QUERY",
                help="in place of --prefix: the photos that the admin's list shows for this query string",
            )  # fmt: skip
        if chosen.destroys:
            parser.add_argument("--confirm", default="", metavar="BUCKET", help="the bucket's name once more")
        for name, field in chosen.form_class().fields.items():
            option, words = f"--{name.replace('_', '-')}", str(field.help_text or field.label or "")
            if isinstance(field, forms.BooleanField):
                parser.add_argument(option, action="store_true", help=words)
            elif isinstance(field, forms.MultipleChoiceField):
                parser.add_argument(option, nargs="+", default=field.initial, help=words)
            else:
                parser.add_argument(option, default=field.initial, help=words.replace("%", "%%"))

    def handle(self, *_args: Any, **options: Any) -> None:
        job = self._planned(options)
        self._tell_plan(job)
        if options["dry_run"]:
            services.cancel(actor=None, job=job)
            return
        if not job.total:
            services.cancel(actor=None, job=job)
            self.stdout.write("There is nothing to do.")
            return
        kind = self._kind()
        if kind.destroys and options["confirm"] != job.bucket.name:
            services.cancel(actor=None, job=job)
            raise CommandError(
                f"This cannot be undone: repeat the name, --confirm {job.bucket.name}",
                returncode=_NOTHING_BEGUN,
            )
        try:
            services.start(actor=None, job=job)
        except StorageError as error:
            raise CommandError(str(error), returncode=_NOTHING_BEGUN) from error
        self._work_off(job)
        self.stdout.write(f"{job.get_state_display()}: {_counts(job)}")
        if job.state != JobState.DONE:
            raise CommandError(
                f"job {job.pk}: {job.stopped_because or 'not all was done'}", returncode=_NOT_ALL
            )

    def _kind(self) -> Any:
        return kinds.named(self.kind)

    def _planned(self, options: dict[str, Any]) -> Job:
        kind = self._kind()
        try:
            bucket = Bucket.objects.get(connection=options["connection"], name=options["bucket"])
        except Bucket.DoesNotExist as error:
            raise CommandError(
                f"There is no bucket {options['bucket']} of connection {options['connection']} in the list.",
                returncode=_NOTHING_BEGUN,
            ) from error
        form = kind.form_class({name: options[name] for name in kind.form_class().fields})
        if not form.is_valid():
            faults = "; ".join(_fault(name, said) for name, said in form.errors.items())
            raise CommandError(faults, returncode=_NOTHING_BEGUN)
        listed = options.get("photos")
        try:
            job = services.draft(
                actor=None, kind=self.kind, bucket=bucket, prefix=options["prefix"],
                selection=None if listed is None else Choice(filter=listed).selection(kind),
                parameters=form.cleaned_data, reason=options["reason"], trigger=Job.Trigger.COMMAND,
            )  # fmt: skip
        except StorageError as error:
            raise CommandError(str(error), returncode=_NOTHING_BEGUN) from error
        while job.state == JobState.DRAFT:
            _step(job)
        if job.state != JobState.PLANNED:
            reason = job.stopped_because
            if not job.has_ended:
                services.cancel(actor=None, job=job)  # nobody waits for it any more
            raise CommandError(f"job {job.pk}: {reason}", returncode=_NOTHING_BEGUN)
        return job

    def _tell_plan(self, job: Job) -> None:
        self.stdout.write(f"Job {job.pk} would work on {job.total:,} ({size(job.total_bytes)}).")
        for skip in job.plan["skips"].values():
            self.stdout.write(f"  passes over {skip['count']:,}: {skip['sentence']}")

        if job.total and (calls := job.plan.get("requests")):
            said = ", ".join(f"{name} {count:,}" for name, count in calls.items())
            self.stdout.write(f"  calls: {said}")
        for line in costs.lines(job):
            self.stdout.write(f"  {line}")

    def _work_off(self, job: Job) -> None:
        while not job.has_ended and job.state != JobState.PAUSED:
            _step(job)
            if sys.stdout.isatty():
                share = min(1.0, (job.done + job.failed) / job.total)
                full = round(share * BAR_CHARACTERS)
                bar = "#" * full + "." * (BAR_CHARACTERS - full)
                self.stdout.write(f"\r[{bar}] {_counts(job)}", ending="")
                self.stdout.flush()
        if sys.stdout.isatty():
            self.stdout.write("")


def _fault(name: str, said: list[str]) -> str:
    """Return what a field's option, or all of them together, lack."""
    words = " ".join(said)
    return words if name == NON_FIELD_ERRORS else f"--{name.replace('_', '-')}: {words}"


def _step(job: Job) -> None:
    """Work a little on the job, or wait for the worker that is at it; read the row again."""
    more = running.work(job.pk, seconds=1)
    job.refresh_from_db()
    if not more and (job.is_at_work or job.state == JobState.DRAFT):
        time.sleep(WAIT_SECONDS)


def _counts(job: Job) -> str:
    return f"{job.done:,} done, {job.skipped:,} passed over, {job.failed:,} failed"
