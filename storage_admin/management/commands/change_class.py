"""`manage.py change_class`: moves objects into another storage class."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Moves objects into another storage class; metadata, tags, ACL and locks stay."
    kind = "change-class"
