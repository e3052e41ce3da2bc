from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.aws.errors import ServiceError
from portal.s3 import session
from portal.s3.errors import S3Error
from storage_admin import simulator_samples
from storage_admin.buckets import looking


class Command(BaseCommand):
    help = "Fill the simulated stores with sample buckets, and show these in the list. Idempotent."

    def handle(self, *args: Any, **options: Any) -> None:
        simulated = [alias for alias in settings.S3_CONNECTIONS if session.connection(alias).is_simulated]
        if not simulated:
            raise CommandError("No connection is said to be simulated (S3_<NAME>_SERVER). Nothing was made.")
        for alias in simulated:
            try:
                made = simulator_samples.make(alias)
            except (S3Error, ServiceError) as error:
                raise CommandError(f"{alias}: {error} ({error.operation}: {error.code})") from error
            self.stdout.write(f"{alias}: {', '.join(made) or 'nothing to do'}")
        looking.look()
