"""`manage.py setup_events`: lets buckets tell a queue what happens in them, or takes that back."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.aws.errors import ServiceError
from portal.s3.errors import S3Error
from storage_admin.arrivals import setup
from storage_admin.errors import StorageError

_DIFFERS = 2


class Command(BaseCommand):
    """Exit code 0: it is as it is to be. 1: it could not be done, and why. 2: --dry-run found work."""

    help = (
        "Makes the queue of the store's events and that of its dead letters, lets S3 send from exactly the "
        "settings' buckets, and adds the portal's notifications to theirs. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="tell what is to do, and change nothing")
        parser.add_argument(
            "--remove", action="store_true", help="take the portal's notifications away; the queues stay"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["remove"] and options["dry_run"]:
            raise CommandError("--remove has no dry run: it takes away the two notifications of the portal.")
        act = setup.remove if options["remove"] else setup.plan if options["dry_run"] else setup.make
        try:
            steps = act()
        except StorageError as error:
            raise CommandError(str(error)) from error
        except (ServiceError, S3Error) as error:
            raise CommandError(f"{error} ({error.operation}: {error.code})") from error
        if options["remove"]:
            for step in steps:
                self.stdout.write(f"{step.what}: taken away")
            self.stdout.write("The queues stay, with what is in them.")
            return
        left = [step for step in steps if not step.is_done]
        for step in steps:
            said = "as it is to be" if step.is_done else "to do" if options["dry_run"] else "done"
            self.stdout.write(f"{step.what}: {said}")
        if not settings.S3_EVENTS:
            self.stdout.write(self.style.WARNING("S3_EVENTS is off: no worker reads the queue yet."))
        if options["dry_run"] and left:
            raise CommandError("Something is to do.", returncode=_DIFFERS)
