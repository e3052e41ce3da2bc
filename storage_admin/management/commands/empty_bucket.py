"""`manage.py empty_bucket`: removes everything from a bucket."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Removes every version, delete marker and open upload of a bucket."
    kind = "empty"
