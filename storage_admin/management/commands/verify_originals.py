"""`manage.py verify_originals`: compares originals with their rows."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Compares photos' originals with what their rows say; changes nothing."
    kind = "verify"
