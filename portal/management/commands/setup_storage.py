from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.s3 import photo_bucket
from portal.s3.errors import S3Error


class Command(BaseCommand):
    help = "Prepare the photo bucket (create if missing, versioning, public access block, CORS). Idempotent."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            prepared = photo_bucket.prepare(settings.PORTAL_ORIGINS)
        except S3Error as error:
            raise CommandError(f"{error} ({error.operation}: {error.code})") from error
        bucket = settings.AWS_STORAGE_BUCKET_NAME
        for line in prepared.done or ["nothing to do"]:
            self.stdout.write(f"{bucket}: {line}")
        for line in prepared.lacking:
            self.stdout.write(self.style.WARNING(f"{bucket}: not available: {line}"))
