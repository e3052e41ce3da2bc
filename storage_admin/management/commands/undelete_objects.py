"""`manage.py undelete_objects`: takes delete markers away, all of a prefix or those of a time."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Brings hidden objects back as they were last; nothing is copied, no version is destroyed."
    kind = "undelete"
