"""`manage.py zip_objects`: packs objects into one ZIP in a bucket."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Packs objects into a ZIP in a bucket; the portal removes it after --days."
    kind = "zip"
