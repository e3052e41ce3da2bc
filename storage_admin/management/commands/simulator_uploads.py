"""`manage.py simulator_uploads`: plays another program that puts photos behind the portal's back."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.s3.errors import S3Error
from storage_admin import simulator_samples
from storage_admin.arrivals import sources
from storage_admin.errors import NotPossible


class Command(BaseCommand):
    help = (
        "Put a few drawn photos under ARRIVALS_PREFIX of each bucket of ARRIVALS_SOURCES, as another program "
        "would; only beside a simulated connection. Idempotent."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ARRIVALS:
            raise CommandError("ARRIVALS is off. Nothing was put anywhere.")
        for number, source in enumerate(sources.of_arrivals()):
            try:
                made = simulator_samples.upload(source.connection, source.bucket, seed=100 + 10 * number)
            except NotPossible as error:
                raise CommandError(str(error)) from error
            except S3Error as error:
                raise CommandError(f"{source}: {error} ({error.operation}: {error.code})") from error
            self.stdout.write(f"{source}: {', '.join(made) or 'nothing to do'}")
