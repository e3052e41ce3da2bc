"""`manage.py destroy_versions`: removes versions for good."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Removes versions and delete markers for good."
    kind = "destroy"
