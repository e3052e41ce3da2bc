"""`manage.py abort_uploads`: aborts open uploads."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Aborts uploads that were begun and never ended."
    kind = "abort-uploads"
